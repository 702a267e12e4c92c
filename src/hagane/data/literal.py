"""`literal`: a value of a column as DuckDB writes it."""

from __future__ import annotations

import datetime
from typing import Any

import pyarrow as pa

from hagane.data.engine import quote_text


def literal(value: pa.Scalar[Any]) -> str:
    """The SQL literal of a value that is not NULL.

    >>> literal(pa.scalar("it's")), literal(pa.scalar(0.1)), literal(pa.scalar(True))
    ("'it''s'", "CAST('0.1' AS DOUBLE)", 'True')
    """
    if pa.types.is_timestamp(value.type):
        return f"make_timestamptz({value.cast(pa.int64()).as_py()})"
    plain = value.as_py()
    if isinstance(plain, datetime.date):
        return f"DATE '{plain.isoformat()}'"
    if isinstance(plain, float):
        return f"CAST({quote_text(repr(plain))} AS DOUBLE)"
    return quote_text(plain) if isinstance(plain, str) else str(plain)
