"""Run the feature graph over a table, once, into one `Encoded` a split; what a cache has is not computed again."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from hagane.counted import counted
from hagane.data.part_names import PART_NAMES
from hagane.data.split import Splits
from hagane.data.table import Table
from hagane.errors import DataError, Fault, StorageError
from hagane.features.column_cache import ColumnCache
from hagane.features.column_file import ColumnFile
from hagane.features.column_key import ColumnKeys, ColumnPlan, column_plans
from hagane.features.column_writer import ColumnWriter
from hagane.features.encoded import BLOCK_ROWS, SPARSE_BLOCK_ROWS, Encoded, column_path, flush_bytes
from hagane.features.encoded_batches import encode_batches, map_encoded
from hagane.features.ordered_map import ordered_map
from hagane.features.rows_that_erred import count_rows_that_erred
from hagane.features.selection import ColumnOfPart, ColumnRows, Selection
from hagane.features.several_labels import Labels
from hagane.features.transform import Transform
from hagane.features.weight_column import WeightColumn
from hagane.progress import SILENT, Phase, Progress
from hagane.usable_cores import usable_cores

__all__ = ["EncodedSplits", "encode", "encode_batches"]

NULL_LABELS, UNKNOWN_LABELS = "null_labels", "unknown_labels"


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
    num_columns: int
    """Columns of all splits together, labels and weights counted."""
    num_cached: int
    """How many of them the cache had."""
    feature_errors: tuple[tuple[str, int], ...] = ()
    """The features that erred, and on how many rows each, most first."""


Files = dict[ColumnOfPart, ColumnFile]


@dataclasses.dataclass(frozen=True)
class _Job:
    """What is to be encoded."""

    source: Table | Splits
    transform: Transform
    label: Labels
    weight: WeightColumn | None
    plans: Sequence[ColumnPlan]

    @property
    def num_rows(self) -> int:
        """Rows of all parts, those without a label counted."""
        return self.source.num_batched_rows if isinstance(self.source, Splits) else self.source.num_rows

    @property
    def table(self) -> Table:
        """The rows of all parts."""
        return self.source.table if isinstance(self.source, Splits) else self.source

    @property
    def columns(self) -> list[ColumnOfPart]:
        """Every column of every part."""
        return [ColumnOfPart(part, number) for part in range(len(PART_NAMES)) for number in range(len(self.plans))]


def encode(table_or_splits: Table | Splits, transform: Transform, label_encoding: Labels, folder: Path, *,
           weight: WeightColumn | None = None, cache: ColumnCache | None = None,
           progress: Progress = SILENT) -> EncodedSplits:  # fmt: skip
    """Write train, eval and test in one pass over the data (a bare Table is all train). Rows keep the table's order.

    Without a `cache` the columns are written to `folder`/train, /eval and /test. `folder` appears, in the place of one
    that was there, when all of it is written: an interrupted run leaves nothing under that name. With one, columns
    that it has are used, without a look at the data if it has all; the others are written beside `folder`, which must
    lie on the cache's disk, and then moved into the cache.

    Raises DataError when the data change meanwhile or a weight is none, StorageError when the disk is full.
    """
    job = _Job(table_or_splits, transform, label_encoding, weight, column_plans(transform, label_encoding, weight))
    with progress.phase("encode", total=job.num_rows) as phase:
        if cache is not None:
            return _encode_into_cache(job, Path(folder), cache, phase)
        with _aside(Path(folder)) as aside:
            files = _write(job, job.columns, aside, phase)
            for name, encoded in zip(PART_NAMES, _encoded(job, files), strict=True):
                encoded.write_header(aside / name)
            if Path(folder).exists():
                shutil.rmtree(folder)
            aside.rename(folder)
            for file in files.values():
                file.moved_to(Path(folder) / file.path.relative_to(aside))
    return _splits(job, files, num_cached=0)


def _encode_into_cache(job: _Job, folder: Path, cache: ColumnCache, phase: Phase) -> EncodedSplits:
    keys = ColumnKeys(job.source, job.label)
    key_of = {column: keys.key(job.plans[column.number], column.part) for column in job.columns}
    files = _look_up(cache, key_of)
    missing = [column for column in job.columns if column not in files]
    if missing:
        with _aside(folder) as aside:
            for column, file in _write(job, missing, aside, phase).items():
                cache.keep(key_of[column], file)
                files[column] = file
        cache.evict(set(key_of.values()))
    else:
        phase.advance(job.num_rows)
    return _splits(job, files, num_cached=len(files) - len(missing))


def _look_up(cache: ColumnCache, key_of: Mapping[ColumnOfPart, str]) -> Files:
    threads = usable_cores()
    found = ordered_map(cache.find, key_of.values(), num_threads=threads, waiting=2 * threads)
    return {column: file for column, file in zip(key_of, found, strict=True) if file is not None}


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """A folder beside `folder` that is gone at the end, unless it was renamed."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise StorageError(Fault(what=f"{folder}: {error.strerror}", next_step="make room or grant access")) from error
    try:
        for part in PART_NAMES:
            (aside / part).mkdir()
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _write(job: _Job, missing: Sequence[ColumnOfPart], aside: Path, phase: Phase) -> Files:
    """Encode the missing columns, and no others, to files under `aside`."""
    writers = {column: _writer(job, column, aside) for column in missing}
    lowest = {column.number for column in missing}
    d = len(job.transform.features)
    wanted = [number for number in sorted(lowest) if number < d]
    weight = job.weight if d + 1 in lowest else None
    selection = Selection(missing, wanted, label_number=d)
    counts = {NULL_LABELS: 0, UNKNOWN_LABELS: 0}
    num_bad_weights = 0
    batches = map_encoded(selection.select, job.source, _narrowed(job.transform, wanted), job.label, weight)
    with ThreadPoolExecutor(1, thread_name_prefix="write") as pool, closing(batches):
        writing: list[Future[None]] = []
        for done in batches:
            writing.append(pool.submit(_append, writers, done.rows))
            if len(writing) > 2:
                writing.pop(0).result()
            counts[NULL_LABELS] += done.num_null
            counts[UNKNOWN_LABELS] += done.num_unknown
            num_bad_weights += done.num_bad_weights
            phase.advance(done.num_rows)
        for future in writing:
            future.result()
    _check_weights(job, num_bad_weights)
    return {column: writer.close(counts if column.number == d else None) for column, writer in writers.items()}


def _check_weights(job: _Job, num_bad_weights: int) -> None:
    if num_bad_weights:
        assert job.weight is not None
        raise DataError(
            Fault(
                what=f"no usable weight in {counted(num_bad_weights, 'row')}",
                where=f"weight: {job.weight.expression}",
                expected="a finite number that is not negative in every row",
                next_step="mend the weights in the data query, or leave rows out there",
            )
        )


def _narrowed(transform: Transform, wanted: Sequence[int]) -> Transform:
    """The transform with the features of these numbers alone, and the columns that they read."""
    features = [transform.features[number] for number in wanted]
    read = {name for feature in features for name in feature.columns}
    chosen = {feature.name for feature in features}
    kinds: dict[str, Any] = {
        name: tuple(feature for feature in getattr(transform, name) if feature.name in chosen)
        for name in ("dense", "ids", "sparse")
        if hasattr(transform, name)
    }
    columns = tuple(column for column in transform.columns if column.name in read)
    return dataclasses.replace(transform, columns=columns, **kinds)


def _writer(job: _Job, column: ColumnOfPart, aside: Path) -> ColumnWriter:
    name, kind, dtype, _, width = job.plans[column.number]
    block_rows = SPARSE_BLOCK_ROWS if kind == "sparse" else BLOCK_ROWS
    part = PART_NAMES[column.part]
    path = _path(aside, column)
    return ColumnWriter(path, name=name, kind=kind, dtype=dtype, block_rows=block_rows, part=part, width=width)


def _path(folder: Path, column: ColumnOfPart) -> Path:
    return column_path(folder / PART_NAMES[column.part], column.number)


def _append(writers: Mapping[ColumnOfPart, ColumnWriter], rows: Sequence[ColumnRows]) -> None:
    for column, values, errors in rows:
        writers[column].append(values, errors)
    if sum(writer.waiting_bytes for writer in writers.values()) >= flush_bytes(len(writers)):
        for writer in writers.values():
            writer.flush()


def _encoded(job: _Job, files: Files) -> list[Encoded]:
    """Train, eval and test over their files."""
    num_features, dtype = len(job.transform.features), job.transform.dense_dtype
    splits = []
    for part in range(len(PART_NAMES)):
        columns = [files[ColumnOfPart(part, number)] for number in range(num_features + 1)]
        weight = None if job.weight is None else files[ColumnOfPart(part, num_features + 1)]
        splits.append(Encoded(job.transform.features, columns, dense_dtype=dtype, weight=weight))
    return splits


def _splits(job: _Job, files: Files, *, num_cached: int) -> EncodedSplits:
    num_features = len(job.transform.features)
    num_errors = sum(
        count_rows_that_erred([files[ColumnOfPart(part, number)] for number in range(num_features)])
        for part in range(len(PART_NAMES))
    )
    train, *held_out = _encoded(job, files)
    evaluation, test = (part if part.num_rows else None for part in held_out)
    counts = files[ColumnOfPart(0, num_features)].footer.counts
    return EncodedSplits(train, evaluation, test, num_errors, counts[NULL_LABELS], counts[UNKNOWN_LABELS],
                         len(files), num_cached, _feature_errors(job, files))  # fmt: skip


def _feature_errors(job: _Job, files: Files) -> tuple[tuple[str, int], ...]:
    counts = [
        (feature.name, sum(files[ColumnOfPart(part, number)].footer.num_errors for part in range(len(PART_NAMES))))
        for number, feature in enumerate(job.transform.features)
    ]
    return tuple(sorted((pair for pair in counts if pair[1]), key=lambda pair: -pair[1]))
