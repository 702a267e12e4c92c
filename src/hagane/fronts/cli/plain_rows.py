"""`plain_rows`: rows of Arrow as JSON has values."""

from __future__ import annotations

import base64
import datetime as dt
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def plain_rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """A mapping a row: times as BigQuery writes them, exact decimals as text, bytes in base64.

    >>> import pyarrow as pa
    >>> plain_rows(pa.record_batch({"at": [dt.datetime(2020, 1, 1, tzinfo=dt.UTC)], "x": [float("inf")]}))
    [{'at': '2020-01-01 00:00:00+00', 'x': 'inf'}]
    """
    return [{name: plain_value(value) for name, value in row.items()} for row in batch.to_pylist()]


def plain_value(value: Any) -> Any:
    """One value.

    >>> plain_value([dt.time(1, 2), b"x", Decimal("1.50")])
    ['01:02:00', 'eA==', '1.5']
    """
    match value:
        case dict():
            return {name: plain_value(each) for name, each in value.items()}
        case list():
            return [plain_value(each) for each in value]
        case dt.datetime():
            text = value.isoformat(sep=" ")
            return text.removesuffix(":00") if value.tzinfo is not None else text
        case dt.date() | dt.time():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case Decimal():
            return f"{value.normalize():f}"
        case float() if not math.isfinite(value):
            return str(value)
        case str() | int() | float() | None:
            return value
        case _:
            return str(value)
