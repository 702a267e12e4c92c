"""Run the feature graph over a table, once, into one `Encoded` a split."""

from __future__ import annotations

import shutil
import tempfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.data.split import Splits
from hagane.data.table import Table
from hagane.features.encoded import Encoded, EncodedWriter
from hagane.features.encoder import EncodedColumns, Encoder
from hagane.features.label import EncodedLabel, LabelEncoding
from hagane.features.transform import Transform
from hagane.progress import SILENT, Phase, Progress

Array = npt.NDArray[np.generic]
PART_NAMES = ("train", "eval", "test")
NUM_WORKERS = 2
WAITING_BATCHES = 4
"""Batches in work or waiting for their turn to be written; bounds the memory."""


class EncodedSplits(NamedTuple):
    """What `encode` wrote and met. A split without rows is None (train excepted)."""

    train: Encoded
    eval: Encoded | None
    test: Encoded | None
    num_row_errors: int
    """Rows on which an expression erred (they are kept; the erring value is NULL)."""
    num_null_labels: int
    """Rows left out because their label is NULL."""
    num_unknown_labels: int
    """Rows of eval and test left out because their class is not among the encoding's."""


class _Work(NamedTuple):
    """One batch, and the part of each of its rows (None: all train)."""

    batch: pa.RecordBatch
    parts: npt.NDArray[np.uint8] | None


class EncodedBatch(NamedTuple):
    """One batch of rows as features and label, before the rows without a label are left out."""

    features: EncodedColumns
    label: EncodedLabel
    parts: npt.NDArray[np.uint8] | None
    num_rows: int


def encode(table_or_splits: Table | Splits, transform: Transform, label_encoding: LabelEncoding, folder: Path, *,
           progress: Progress = SILENT) -> EncodedSplits:  # fmt: skip
    """Write `folder`/train, /eval and /test in one pass over the data (a bare Table is all train).

    Rows keep the table's order. `folder` appears, in the place of one that was there, when all of it is written: an
    interrupted run leaves nothing under that name.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        with progress.phase("encode", total=_num_rows(table_or_splits)) as phase:
            counts = _write(table_or_splits, transform, label_encoding, aside, phase)
        if folder.exists():
            shutil.rmtree(folder)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    train, *held_out = (Encoded.open(folder / name) for name in PART_NAMES)
    evaluation, test = (part if part.num_rows else None for part in held_out)
    return EncodedSplits(train, evaluation, test, *counts)


def _write(
    source: Table | Splits, transform: Transform, label: LabelEncoding, folder: Path, phase: Phase
) -> tuple[int, int, int]:
    """Write every part; how many rows erred, had no label, had an unknown one."""
    writers = [
        EncodedWriter(folder / name, transform.features, dense_dtype=transform.dense_dtype, label_dtype=label.dtype)
        for name in PART_NAMES
    ]
    num_errors = num_null = num_unknown = 0
    try:
        with ThreadPoolExecutor(1, thread_name_prefix="write") as pool:
            writing: deque[Future[int]] = deque()
            for done in encode_batches(source, transform, label):
                writing.append(pool.submit(_append, done, writers))
                num_errors += writing.popleft().result() if len(writing) > 2 else 0
                num_null += done.label.num_null
                num_unknown += done.label.num_unknown
                phase.advance(done.num_rows)
            num_errors += sum(future.result() for future in writing)
        for writer in writers:
            writer.close()
    finally:
        for writer in writers:
            writer.abandon()
    return num_errors, num_null, num_unknown


def _batches(source: Table | Splits, transform: Transform, label: LabelEncoding) -> Iterator[_Work]:
    names = list(dict.fromkeys([*(column.name for column in transform.columns), label.column]))
    if isinstance(source, Splits):
        return (_Work(batch, parts) for batch, parts in source.batches(names, dictionary=True))
    return (_Work(batch, None) for batch in source.batches(names, dictionary=True))


def encode_batches(source: Table | Splits, transform: Transform, label: LabelEncoding) -> Iterator[EncodedBatch]:
    """Every batch encoded, in order, by two threads (ONNX Runtime and numpy leave the interpreter free)."""
    encoder = Encoder(transform)

    def encode_one(work: _Work) -> EncodedBatch:
        encoded_label = label.encode(work.batch.column(label.column))
        return EncodedBatch(encoder.encode_columns(work.batch), encoded_label, work.parts, work.batch.num_rows)

    waiting: deque[Future[EncodedBatch]] = deque()
    with ThreadPoolExecutor(NUM_WORKERS, thread_name_prefix="encode") as pool:
        try:
            for work in _batches(source, transform, label):
                waiting.append(pool.submit(encode_one, work))
                if len(waiting) >= WAITING_BATCHES:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _append(done: EncodedBatch, writers: list[EncodedWriter]) -> int:
    """Hand the rows to the writers of their parts; how many of the kept rows erred."""
    (columns, row_error), label, parts = done.features, done.label, done.parts
    if label.kept is not None:
        columns = [column[label.kept] for column in columns]
        parts = None if parts is None else parts[label.kept]
        row_error = None if row_error is None else row_error[label.kept]
    all_columns = [*columns, label.values]
    for part, writer in enumerate(writers):
        _append_part(writer, all_columns, parts, part)
    return 0 if row_error is None else int(np.count_nonzero(row_error))


def _append_part(writer: EncodedWriter, columns: list[Array], parts: npt.NDArray[np.uint8] | None, part: int) -> None:
    if parts is None:
        if part == 0:
            writer.append(columns)
        return
    chosen = np.flatnonzero(parts == part)
    if len(chosen) == len(parts):
        writer.append(columns)
    elif len(chosen):
        writer.append([column[chosen] for column in columns])


def _num_rows(source: Table | Splits) -> int:
    return len(source.parts) if isinstance(source, Splits) else source.num_rows
