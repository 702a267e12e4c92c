"""`encode_rows`: rows as BigQuery's REST API writes them: every value as text, `{"f": [{"v": …}, …]}`."""

from __future__ import annotations

import base64
import datetime
import decimal
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from hagane.session.rest.field_type import FieldType

Cell = str | list[Any] | dict[str, Any] | None
"""What stands under "v"."""


def encode_rows(rows: pa.Table, types: Sequence[FieldType], *, int64_timestamps: bool = True) -> list[dict[str, Any]]:
    """Each row as a TableRow.

    TIMESTAMP is microseconds since 1970 with `int64_timestamps`, else seconds. A NULL array is an empty one, which is
    all that BigQuery's tables hold.

    >>> rows = pa.table({"n": [1, None], "tags": [["a"], []], "at": [{"x": 0.5}, None]})
    >>> types = [FieldType.parse(text) for text in ("INT64", "ARRAY<STRING>", "STRUCT<x FLOAT64>")]
    >>> for row in encode_rows(rows, types):
    ...     print(row)
    {'f': [{'v': '1'}, {'v': [{'v': 'a'}]}, {'v': {'f': [{'v': '0.5'}]}}]}
    {'f': [{'v': None}, {'v': []}, {'v': None}]}
    """
    columns = [_cells(column, kind, int64_timestamps) for column, kind in zip(rows.columns, types, strict=True)]
    if not columns:
        return [{"f": []} for _ in range(rows.num_rows)]
    return [{"f": [{"v": cell} for cell in row]} for row in zip(*columns, strict=True)]


def _cells(values: pa.Array | pa.ChunkedArray, kind: FieldType, int64_timestamps: bool) -> list[Cell]:
    if isinstance(values, pa.ChunkedArray):
        return list(itertools.chain.from_iterable(_cells(chunk, kind, int64_timestamps) for chunk in values.chunks))
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if kind.is_array:
        return _arrays(values, kind, int64_timestamps)
    if kind.fields:
        return _structs(values, kind, int64_timestamps)
    if kind.name == "TIMESTAMP":
        microseconds = values.cast(pa.timestamp("us", getattr(values.type, "tz", None))).cast(pa.int64())
        if int64_timestamps:
            return _texts(microseconds)
        return [None if value is None else _seconds(value) for value in microseconds.to_pylist()]
    if kind.name in ("INT64", "DATE"):
        return _texts(values)
    write = _WRITERS.get(kind.name, str)
    return [None if value is None else write(value) for value in values.to_pylist()]


def _texts(values: pa.Array) -> list[Cell]:
    """As Arrow writes them."""
    texts: list[Cell] = values.cast(pa.string()).to_pylist()
    return texts


def _arrays(values: pa.Array, kind: FieldType, int64_timestamps: bool) -> list[Cell]:
    """A list for every row, NULL or not."""
    lengths = [0 if length is None else length for length in pa.compute.list_value_length(values).to_pylist()]
    inner = iter(_cells(values.flatten(), kind.element, int64_timestamps))
    return [[{"v": cell} for cell in itertools.islice(inner, length)] for length in lengths]


def _structs(values: pa.Array, kind: FieldType, int64_timestamps: bool) -> list[Cell]:
    fields = zip(values.flatten(), kind.fields, strict=True)
    columns = [_cells(field, inner, int64_timestamps) for field, (_, inner) in fields]
    rows = zip(*columns, strict=True)
    is_there = values.is_valid().to_pylist()
    return [{"f": [{"v": cell} for cell in row]} if there else None for row, there in zip(rows, is_there, strict=True)]


def _seconds(microseconds: int) -> str:
    """As a number with a fraction: exactly."""
    sign, size = "-" if microseconds < 0 else "", abs(microseconds)
    return f"{sign}{size // 1_000_000}.{size % 1_000_000:06d}"


def _float(value: float) -> str:
    if math.isfinite(value):
        return repr(float(value))
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _decimal(value: decimal.Decimal | int) -> str:
    """Without exponent and trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _interval(value: Any) -> str:
    """`Y-M D H:M:S[.F]`."""
    if isinstance(value, datetime.timedelta):
        months, days, nanoseconds = 0, value.days, (value.seconds * 1_000_000 + value.microseconds) * 1_000
    else:
        months, days, nanoseconds = value
    microseconds = abs(nanoseconds) // 1_000
    clock, fraction = divmod(microseconds, 1_000_000)
    minutes, seconds = divmod(clock, 60)
    calendar = f"{'-' if months < 0 else ''}{abs(months) // 12}-{abs(months) % 12}"
    time = f"{'-' if nanoseconds < 0 else ''}{minutes // 60}:{minutes % 60}:{seconds}"
    return f"{calendar} {days} {time}" + (f".{fraction:06d}".rstrip("0") if fraction else "")


def _iso(value: datetime.date | datetime.time) -> str:
    return value.isoformat()


_WRITERS: dict[str, Callable[[Any], str]] = {
    "FLOAT64": _float,
    "NUMERIC": _decimal,
    "BIGNUMERIC": _decimal,
    "BOOL": lambda value: "true" if value else "false",
    "BYTES": lambda value: base64.b64encode(value).decode(),
    "DATETIME": _iso,
    "TIME": _iso,
    "INTERVAL": _interval,
}
"""The others are text already, or made so by `str`."""
