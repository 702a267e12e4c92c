"""`predict_file` and `predict_batches`: a model over a table, streamed, larger than memory, on every core."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hagane.anomalies.anomaly_report import AnomalyReport
from hagane.bundle.bundle import Bundle
from hagane.bundle.prediction_columns import prediction_columns
from hagane.counted import counted
from hagane.data.exact_batches import exact_batches
from hagane.data.open_table import open_table
from hagane.data.retype import retype
from hagane.data.table import Table
from hagane.errors import DataError
from hagane.features.ordered_map import ordered_map
from hagane.progress import SILENT, Progress
from hagane.types import SqlType
from hagane.usable_cores import usable_cores
from hagane.workflow.batch_scorer import BatchScorer
from hagane.workflow.check_columns import check_columns
from hagane.workflow.check_prediction import check_prediction, wanted_in_prediction
from hagane.workflow.evaluate import input_types
from hagane.workflow.prediction_batch_rows import prediction_batch_rows
from hagane.workflow.prediction_files import FolderOfFiles, OneFile, PredictionFiles
from hagane.workflow.prediction_place import PredictionPlace
from hagane.workflow.unfinished_predictions import PredictionTask, UnfinishedPredictions
from hagane.workspace.workspace import Workspace

COMPRESSIONS = ("snappy", "zstd", "lz4", "gzip", "none")
PART_ROWS = 524_288
"""What is lost at most by a kill, and how long the files of a folder are; fewer rows where they are wide."""
PART_BYTES = 256 * 2**20
MOST_THREADS = 32
WORDS_A_ROW = 0.5
"""A dictionary of more words than this is written as values: few of its words occur twice."""
LOOKED_AT_ROWS = 2_048
"""Of a batch, to see whether its values occur twice."""


@dataclass(frozen=True, slots=True)
class PredictSummary:
    """What a batch prediction did."""

    num_rows: int
    num_row_errors: int
    """Rows on which an expression erred; where the model says `on_error: refuse` their prediction is NULL."""
    num_bad_rows: int
    anomalies: AnomalyReport | None
    """Where the rows depart from the model's schema; None where it was trained without."""
    path: Path
    seconds: float
    num_rows_before: int = 0
    """Rows that an interrupted run had predicted."""


class _RowGroup(NamedTuple):
    """A batch with its predictions, as a Parquet file in memory."""

    file: bytes
    num_rows: int
    num_row_errors: int


def predict_file(
    model: str | Path,
    data: object,
    out: str | Path,
    *,
    workspace: Workspace,
    columns: Sequence[str] | None = None,
    compression: str = "snappy",
    progress: Progress = SILENT,
) -> PredictSummary:
    """Predict every row of `data` into the Parquet file `out`, which appears whole or not at all.

    An `out` that ends in `/` becomes a folder of Parquet files. Predicted columns come first, as ML.PREDICT gives them,
    then those of `data` (`columns` of them, where they are given; none for `()`), rows in their order. Where a run was
    interrupted, however it was, the same call goes on after its last finished part, and the bytes are those of a run
    that was not. Raises DataError for missing columns, NotFoundError for the model, StorageError where `out` cannot be
    written or another process is writing it, SpecError for a compression that is none of `COMPRESSIONS`.
    """
    began = time.monotonic()
    place = PredictionPlace.of(out, data, compression, COMPRESSIONS)
    bundle = Bundle.load(workspace.bundle_path(str(model)))
    table = open_table(data, wanted=wanted_in_prediction(bundle), progress=progress)
    kept = _kept(bundle, table, columns)
    anomalies = check_prediction(bundle, table, progress=progress)
    table = _retyped(bundle, table, anomalies)
    task = _task(bundle, table, kept, place)
    with UnfinishedPredictions(place.path, task) as work:
        if work.was_other:
            progress.note("what an interrupted run with another model, other data or other options left is gone")
        before = _write(bundle, table, work, place, progress)
        summary = PredictSummary(work.num_rows, work.num_row_errors, table.bad_rows.count, anomalies, place.path,
                                 time.monotonic() - began, before)  # fmt: skip
        work.discard()
    return summary


def predict_batches(bundle: Bundle, table: Table) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Each batch of `table` with its predictions before it, and how many of its rows erred; at least one batch."""
    check_columns(table, bundle.signature.names)
    table = retype(table, input_types(bundle.signature))
    names = _read(bundle, table.schema.names)
    scorer = BatchScorer(bundle)
    batches = _batches(bundle, table, names, scorer)
    with closing(_map(lambda batch: _answered(scorer, batch, table.schema.names), batches)) as answered:
        for batch, errors in answered:
            yield _plain(batch), errors


def _write(
    bundle: Bundle, table: Table, work: UnfinishedPredictions, place: PredictionPlace, progress: Progress
) -> int:
    """Predict what is missing; the number of rows that were there."""
    task = work.task
    files: PredictionFiles = FolderOfFiles(work) if place.is_folder else OneFile(work)
    before = work.num_rows
    if before:
        progress.note(f"going on after {counted(before, 'row')} of an interrupted run")
    scorer = BatchScorer(bundle)
    with closing(files), _told_what_is_kept(work, progress):
        batches = _skipped(_batches(bundle, table, _read(bundle, task.columns), scorer, task.batch_rows), before)

        def group_of(batch: pa.RecordBatch) -> _RowGroup:
            return _row_group(*_answered(scorer, batch, task.columns, by_dictionary=True), task.compression)

        groups = _map(group_of, batches)
        with closing(groups), progress.phase("predict", total=table.num_rows, completed=before) as phase:
            rows = errors = 0
            for group in groups:
                files.append(group.file)
                rows, errors = rows + group.num_rows, errors + group.num_row_errors
                if rows >= PART_ROWS or files.part_bytes >= PART_BYTES:
                    files.keep_part(rows, errors)
                    rows = errors = 0
                phase.advance(group.num_rows)
            if rows or not work.parts:
                files.keep_part(rows, errors)
        files.publish(place.path)
    return before


def _kept(bundle: Bundle, table: Table, columns: Sequence[str] | None) -> tuple[str, ...]:
    """The columns of the data that stand beside the predictions. Raises DataError for those that are not there."""
    check_columns(table, bundle.signature.names)
    if columns is None:
        return table.schema.names
    table.check_columns(columns)
    return tuple(columns)


def _read(bundle: Bundle, kept: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*kept, *bundle.signature.names)))


def _retyped(bundle: Bundle, table: Table, anomalies: AnomalyReport | None) -> Table:
    """The table with the model's types. Raises DataError with what the check found besides, all of it at once."""
    try:
        return retype(table, input_types(bundle.signature))
    except DataError as error:
        found = [finding for finding in anomalies.errors if finding.rule != "type"] if anomalies else []
        raise DataError(*error.faults, *(finding.fault() for finding in found)) from None


def _task(bundle: Bundle, table: Table, kept: tuple[str, ...], place: PredictionPlace) -> PredictionTask:
    return PredictionTask(
        hagane=version("hagane"),
        pyarrow=pa.__version__,
        bundle_id=bundle.bundle_id,
        data=table.fingerprint(),
        columns=kept,
        compression=place.compression,
        is_folder=place.is_folder,
        batch_rows=_batch_rows(bundle, table, _read(bundle, kept)),
        read_ahead_bytes=table.engine.memory.read_ahead_bytes,
    )


def _batch_rows(bundle: Bundle, table: Table, names: Sequence[str]) -> int:
    has_arrays = any(table.schema[name].type.is_array for name in names)
    return prediction_batch_rows(bundle.signature, num_columns=len(names), has_arrays=has_arrays)


def _batches(
    bundle: Bundle, table: Table, names: Sequence[str], scorer: BatchScorer, num_rows: int | None = None
) -> Generator[pa.RecordBatch]:
    """The columns of these names, texts that the model reads by dictionary; at least one batch. Proves the scorer."""
    num_rows = num_rows or _batch_rows(bundle, table, names)
    texts = {each.name for each in bundle.signature.inputs if each.type is SqlType.STRING}
    batches = exact_batches(table.batches(names, batch_rows=num_rows, dictionary=texts), num_rows)
    first = next(batches, None)
    first = _no_rows(table, names) if first is None else first
    scorer.prove(first)
    yield from chain([first], batches)


def _skipped(batches: Iterable[pa.RecordBatch], num_rows: int) -> Iterator[pa.RecordBatch]:
    """Those behind the first `num_rows` rows, with which one of them ends."""
    for batch in batches:
        if num_rows <= 0:
            yield batch
        num_rows -= batch.num_rows


def _map(function: Any, batches: Iterable[pa.RecordBatch]) -> Generator[Any]:
    """`function` of every batch, in order, on every core: reading, encoding and scoring leave the interpreter."""
    threads = min(usable_cores(), MOST_THREADS)
    return ordered_map(function, batches, num_threads=threads, waiting=threads + 2)


def _answered(
    scorer: BatchScorer, batch: pa.RecordBatch, kept: Sequence[str], *, by_dictionary: bool = False
) -> tuple[pa.RecordBatch, int]:
    predictions = scorer.predict(batch)
    answers = prediction_columns(predictions, by_dictionary=by_dictionary)
    rest = {name: batch.column(name) for name in kept if name not in answers}
    return pa.record_batch(answers | rest), int(predictions.row_errors.sum())


def _row_group(batch: pa.RecordBatch, num_row_errors: int, compression: str) -> _RowGroup:
    stream = pa.BufferOutputStream()
    table = pa.Table.from_batches([_with_texts(batch)])
    # The types are Parquet's own: pyarrow's schema beside them would say that texts are dictionaries. Probabilities are
    # hardly ever the same twice, and the extremes of texts help no reader as much as they cost.
    pq.write_table(
        table,
        stream,
        compression=compression,
        store_schema=False,
        use_dictionary=[
            path
            for field in table.schema
            if _repeats(table[field.name].chunk(0))
            for path in _countable(field.name, field.type)
        ],
        write_statistics=[field.name for field in table.schema if pa.types.is_primitive(field.type)],
    )
    return _RowGroup(stream.getvalue().to_pybytes(), batch.num_rows, num_row_errors)


def _repeats(array: pa.Array[Any]) -> bool:
    """Whether a dictionary is worth its while: by the first values, since all of them take too long to be looked at."""
    if not pa.types.is_primitive(array.type) and not pa.types.is_string(array.type):
        return True
    head = array.slice(0, LOOKED_AT_ROWS)
    return len(pc.unique(head)) <= WORDS_A_ROW * len(head)


def _countable(path: str, type: pa.DataType) -> Iterator[str]:
    """The paths of a column's leaves, but for floating-point numbers.

    >>> list(_countable("probs", pa.list_(pa.struct({"label": pa.string(), "prob": pa.float64()}))))
    ['probs.list.element.label']
    """
    if pa.types.is_list(type):
        yield from _countable(f"{path}.list.element", type.value_type)
    elif pa.types.is_struct(type):
        for field in type.fields:
            yield from _countable(f"{path}.{field.name}", field.type)
    elif not pa.types.is_floating(type):
        yield path


def _with_texts(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch without dictionaries that hold as many words as there are rows."""
    return _cast(batch, lambda array: len(array.dictionary) > WORDS_A_ROW * len(array))


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    return _cast(batch, lambda array: True)


def _cast(batch: pa.RecordBatch, is_meant: Any) -> pa.RecordBatch:
    """The batch with those of its dictionary-encoded columns as texts that are meant."""
    arrays = [
        array.cast(pa.string()) if pa.types.is_dictionary(array.type) and is_meant(array) else array
        for array in batch.columns
    ]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _no_rows(table: Table, names: Sequence[str]) -> pa.RecordBatch:
    schema = table.query("SELECT * FROM data LIMIT 0").schema
    return pa.RecordBatch.from_arrays([pa.array([], schema.field(name).type) for name in names], names=list(names))


@contextmanager
def _told_what_is_kept(work: UnfinishedPredictions, progress: Progress) -> Iterator[None]:
    """Note after which row the same command would go on, where it is interrupted."""
    try:
        yield
    except (KeyboardInterrupt, OSError):
        if work.num_rows:
            progress.note(f"{counted(work.num_rows, 'row')} are done and kept: the same command goes on after them")
        raise
