"""`log_batches`: columns of a window's rows, streamed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hagane.data.batches import unreadable
from hagane.data.column_type import DUCKDB_TYPES
from hagane.data.engine import quote_name
from hagane.data.table import conform
from hagane.serving.request_log.file_metadata import model_and_metadata
from hagane.types import Column, Schema, SqlType
from hagane.usable_cores import usable_cores
from hagane.workflow.group_constants import group_constants
from hagane.workflow.lies_within import lies_within
from hagane.workflow.logged_column import LoggedColumn
from hagane.workflow.logged_rows import LoggedRows

BATCH_ROWS = 1 << 16
WEIGHT = "weight"
"""For how many rows of the traffic each stands: the last column but one of every batch."""
ROW_ERROR = "row_error"
"""Whether it was refused: the last column."""
_OWN = ("mirror", WEIGHT, ROW_ERROR)


def log_batches(rows: LoggedRows, columns: Sequence[LoggedColumn]) -> Iterator[pa.RecordBatch]:
    """The columns by name, `weight` and `row_error`; the next batches are decoded while one is in work.

    Straight from the files, several row groups at once and in their order, where each file holds the columns as these
    types: strings then come with the dictionaries that Parquet has, and that is most of the speed. Else by DuckDB,
    which casts what was written by other rules (a column that is hashed since yesterday). Raises DataError for a file
    that cannot be read to its end.
    """
    files = _files(rows, columns)
    if not files:
        return _by_duckdb(rows, columns)
    groups = [(file, group) for file in files for group in range(file.metadata.num_row_groups)]
    return _in_order([partial(_of_group, file, group, columns, rows) for file, group in groups])


class _File(NamedTuple):
    path: Path
    metadata: pq.FileMetaData


def _files(rows: LoggedRows, columns: Sequence[LoggedColumn]) -> list[_File]:
    """Those of the model; none where one of them cannot be read without SQL."""
    found = []
    for path in rows.files:
        model, metadata = model_and_metadata(path)
        if model.deployed_model_id != rows.model.deployed_model_id:
            continue
        schema = metadata.schema.to_arrow_schema()
        if not all(column.is_in(schema) for column in columns):
            return []
        found.append(_File(path, metadata))
    return found


def _in_order(groups: Sequence[Callable[[], list[pa.RecordBatch]]]) -> Iterator[pa.RecordBatch]:
    """What each gives, in this order; as many are decoded at once as there are cores."""
    ahead = usable_cores()
    with ThreadPoolExecutor(ahead) as pool:
        waiting = deque(pool.submit(group) for group in groups[:ahead])
        for following in [*groups[ahead:], *([None] * len(waiting))]:
            batches = waiting.popleft().result()
            if following is not None:
                waiting.append(pool.submit(following))
            yield from batches


def _of_group(file: _File, group: int, columns: Sequence[LoggedColumn], rows: LoggedRows) -> list[pa.RecordBatch]:
    is_whole = lies_within(file.path, rows.window)
    known = group_constants(file.metadata.row_group(group), _OWN)
    own = [name for name in _OWN if name not in known] + ([] if is_whole else ["time"])
    texts = [column.path for column in columns if column.type is SqlType.STRING]
    names = [*(column.name for column in columns), WEIGHT, ROW_ERROR]
    found = []
    try:
        with pq.ParquetFile(file.path, metadata=file.metadata, read_dictionary=texts) as opened:
            wanted = [*own, *(column.path for column in columns)]
            for batch in opened.iter_batches(BATCH_ROWS, row_groups=[group], columns=wanted, use_threads=False):
                chosen = _chosen(_with(batch, known), None if is_whole else rows)
                arrays = [
                    *(column.values(chosen) for column in columns),
                    chosen.column(WEIGHT),
                    chosen.column(ROW_ERROR),
                ]
                found.append(pa.RecordBatch.from_arrays(arrays, names=names))
    except (pa.ArrowException, OSError) as error:
        raise unreadable(file.path, error) from None
    return found


def _with(batch: pa.RecordBatch, known: dict[str, bool | float]) -> pa.RecordBatch:
    for name, value in known.items():
        batch = batch.append_column(name, pa.repeat(value, batch.num_rows))
    return batch


def _chosen(batch: pa.RecordBatch, within: LoggedRows | None) -> pa.RecordBatch:
    """Without the rows of mirrors, and without those of other windows."""
    is_mirror = batch.column("mirror")
    if within is None and not is_mirror.true_count:
        return batch
    wanted = ~np.asarray(is_mirror.to_numpy(zero_copy_only=False), np.bool_)
    if within is not None:
        times = batch.column("time").view(pa.int64()).to_numpy()
        wanted &= (times >= within.window.start) & (times < within.window.end)
    return batch.filter(pa.array(wanted))


def _by_duckdb(rows: LoggedRows, columns: Sequence[LoggedColumn]) -> Iterator[pa.RecordBatch]:
    listed = [f"CAST({column.sql} AS {DUCKDB_TYPES[column.type]}) AS {quote_name(column.name)}" for column in columns]
    own = Column(WEIGHT, SqlType.FLOAT64), Column(ROW_ERROR, SqlType.BOOL)
    schema = Schema((*(Column(column.name, column.type) for column in columns), *own))
    for batch in rows.engine.batches(f"SELECT {', '.join([*listed, WEIGHT, ROW_ERROR])} FROM ({rows.sql})", BATCH_ROWS):
        yield conform(batch, schema)
