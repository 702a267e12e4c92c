"""Choices and casts."""

from __future__ import annotations

from hagane.sql.functions.signature import (
    ALL,
    BOOL,
    DATE,
    FLOAT64,
    INT64,
    STRING,
    TIMESTAMP,
    Overload,
    Signature,
    each,
    many,
)

CASTS = {
    INT64: (FLOAT64, BOOL, STRING),
    FLOAT64: (INT64,),
    BOOL: (INT64, FLOAT64, STRING),
    STRING: (INT64, FLOAT64, BOOL, DATE, TIMESTAMP),
    DATE: (TIMESTAMP, STRING),
    TIMESTAMP: (DATE, STRING),
}
"""What is cast to what."""

CONDITIONALS = (
    Signature("CASE", "CASE WHEN c THEN x … ELSE y END", "The value of the first condition that is TRUE, else y.",
              tuple(Overload((), t, repeated=(BOOL, t), last=(t,)) for t in ALL), strict=False),
    Signature("COALESCE", "COALESCE(x, y, …)", "The first argument that is not NULL.", many(ALL), strict=False),
    Signature("NULLIF", "NULLIF(x, y)", "NULL where x = y is TRUE, else x.", each(ALL, 2), strict=False),
    Signature("CAST", "CAST(x AS type)", "x as another type. SAFE_CAST: NULL, and no error, where CAST fails.",
              tuple(Overload((source,), target) for source, targets in CASTS.items() for target in targets),
              modifiers=("safe",), fails="x is no value of the type, or does not fit"),
)  # fmt: skip
