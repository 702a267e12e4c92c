"""Table rows as the JSON instances that a server takes."""

from __future__ import annotations

import datetime
import math
from typing import Any

import pyarrow as pa


def instances_of(rows: pa.RecordBatch) -> list[dict[str, Any]]:
    """One dict a row: TIMESTAMP as RFC 3339 text in UTC, DATE as YYYY-MM-DD, NULL and NaN as None.

    >>> instances_of(pa.record_batch({"day": pa.array([1], pa.date32()), "fare": [float("nan")]}))
    [{'day': '1970-01-02', 'fare': None}]
    """
    return [{name: _json_value(value) for name, value in row.items()} for row in rows.to_pylist()]


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, float) and math.isnan(value):
        return None
    return value
