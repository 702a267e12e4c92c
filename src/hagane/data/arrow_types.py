"""`ARROW_TYPES`: the Arrow type that carries each of Hagane's types, wherever rows are Arrow's."""

from __future__ import annotations

import pyarrow as pa

from hagane.types import SqlType

ARROW_TYPES: dict[SqlType, pa.DataType] = {
    SqlType.BOOL: pa.bool_(),
    SqlType.INT64: pa.int64(),
    SqlType.FLOAT64: pa.float64(),
    SqlType.STRING: pa.string(),
    SqlType.TIMESTAMP: pa.timestamp("us", tz="UTC"),
    SqlType.DATE: pa.date32(),
    SqlType.ARRAY_INT64: pa.list_(pa.int64()),
    SqlType.ARRAY_FLOAT64: pa.list_(pa.float64()),
    SqlType.ARRAY_STRING: pa.list_(pa.string()),
}
"""Our type → the Arrow type that carries it in batches."""
