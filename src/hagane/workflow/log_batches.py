"""`log_batches`: columns of a window's rows, streamed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hagane.data.batches import unreadable
from hagane.data.column_type import DUCKDB_TYPES
from hagane.data.engine import quote_name
from hagane.data.table import conform
from hagane.serving.request_log.file_metadata import logged_model
from hagane.serving.request_log.log_folder import HOUR_MICROSECONDS, hour_of
from hagane.types import Column, Schema, SqlType
from hagane.workflow.logged_column import LoggedColumn
from hagane.workflow.logged_rows import LoggedRows

BATCH_ROWS = 1 << 16
WEIGHT = "weight"
"""For how many rows of the traffic each stands: the last column of every batch."""


def log_batches(rows: LoggedRows, columns: Sequence[LoggedColumn]) -> Iterator[pa.RecordBatch]:
    """The columns by name, and `weight`; the next batch is decoded while one is in work.

    Straight from the files where each holds the columns as these types: strings then come with the dictionaries that
    Parquet has, and that is most of the speed. Else by DuckDB, which casts what was written by other rules (a column
    that is hashed since yesterday). Raises DataError for a file that cannot be read to its end.
    """
    files = [file for file in rows.files if logged_model(file).deployed_model_id == rows.model.deployed_model_id]
    if files and all(_holds(file, columns) for file in files):
        return _ahead(batch for file in files for batch in _of_file(file, columns, rows))
    return _ahead(_by_duckdb(rows, columns))


def _ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, batches, None)
        while (batch := following.result()) is not None:
            following = pool.submit(next, batches, None)
            yield batch


def _holds(file: Path, columns: Sequence[LoggedColumn]) -> bool:
    schema = pq.read_schema(file)
    return all(column.is_in(schema) for column in columns)


def _of_file(file: Path, columns: Sequence[LoggedColumn], rows: LoggedRows) -> Iterator[pa.RecordBatch]:
    is_whole = _lies_within(file, rows)
    own = ["mirror", WEIGHT, *([] if is_whole else ["time"])]
    paths = [column.path for column in columns]
    texts = [column.path for column in columns if column.type is SqlType.STRING]
    names = [column.name for column in columns]
    try:
        with pq.ParquetFile(file, read_dictionary=texts, pre_buffer=True) as opened:
            for batch in opened.iter_batches(BATCH_ROWS, columns=[*own, *paths]):
                chosen = _chosen(batch, None if is_whole else rows)
                arrays = [*(column.values(chosen) for column in columns), chosen.column(WEIGHT)]
                yield pa.RecordBatch.from_arrays(arrays, names=[*names, WEIGHT])
    except (pa.ArrowException, OSError) as error:
        raise unreadable(file, error) from None


def _lies_within(file: Path, rows: LoggedRows) -> bool:
    """Whether all of its hour is the window's."""
    hour = hour_of(file.parent)
    if hour is None:
        return False
    start = hour * HOUR_MICROSECONDS
    return rows.window.start <= start and start + HOUR_MICROSECONDS <= rows.window.end


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
    schema = Schema((*(Column(column.name, column.type) for column in columns), Column(WEIGHT, SqlType.FLOAT64)))
    for batch in rows.engine.batches(f"SELECT {', '.join([*listed, WEIGHT])} FROM ({rows.sql})", BATCH_ROWS):
        yield conform(batch, schema)
