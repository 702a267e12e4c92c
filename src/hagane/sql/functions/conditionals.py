"""Choices and casts."""

from __future__ import annotations

from hagane.sql.functions.signature import ALL, BOOL, FLOAT64, INT64, STRING, Overload, Signature, each, many

CONDITIONALS = (
    Signature("CASE", "CASE WHEN c THEN x … ELSE y END", "The value of the first condition that is TRUE, else y.",
              tuple(Overload((), t, repeated=(BOOL, t), last=(t,)) for t in ALL), strict=False),
    Signature("COALESCE", "COALESCE(x, y, …)", "The first argument that is not NULL.", many(ALL), strict=False),
    Signature("NULLIF", "NULLIF(x, y)", "NULL where x = y is TRUE, else x.", each(ALL, 2), strict=False),
    Signature("CAST", "CAST(x AS type)", "x as another type. SAFE_CAST: NULL, and no error, where CAST fails.",
              (Overload((INT64,), FLOAT64), Overload((INT64,), BOOL),
               Overload((INT64,), STRING), Overload((FLOAT64,), INT64),
               Overload((BOOL,), INT64), Overload((BOOL,), FLOAT64),
               Overload((BOOL,), STRING)),
              modifiers=("safe",), fails="FLOAT64 to INT64: x is NaN or infinite, or does not fit"),
)  # fmt: skip
