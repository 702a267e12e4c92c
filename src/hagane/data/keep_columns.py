"""`keep_columns`: a stream's columns of some names, as a table that can be read again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pyarrow as pa

from hagane.data.column_binding import ColumnBinding
from hagane.data.open_table import open_table
from hagane.data.table import Table
from hagane.types import SqlType


def keep_columns(
    schema: pa.Schema, batches: Callable[[], Iterable[pa.RecordBatch]], types: Mapping[str, SqlType]
) -> Table:
    """The columns of `types`, bound as `ColumnBinding` binds them, in a temporary Parquet file; all others are left.

    Raises DataError naming every column that is missing, before a row is read, and for values that do not fit.

    >>> rows = pa.record_batch({"N": [1, 2], "other": ["a", "b"]})
    >>> keep_columns(rows.schema, lambda: [rows], {"n": SqlType.FLOAT64})
    Table(n FLOAT64)
    """
    binding = ColumnBinding(schema, types)
    stream = (binding.read(batch) for batch in batches())
    return open_table(pa.RecordBatchReader.from_batches(binding.schema, stream))
