"""Automatic preprocessing exactly as BigQuery ML's, names and all.

================ ===================================================================================================
column           features
================ ===================================================================================================
INT64, FLOAT64   standardised (trees: as it is), NULL becomes the mean
BOOL, STRING,    one-hot over all values, NULL has a slot of its own
DATE
TIMESTAMP        epoch seconds as a number, under the column's name, and one-hot of its parts in UTC: `_TS_DOM_c` day of
                 month, `_TS_DOW_c` day of week, `_TS_MOY_c` month, `_TS_HOD_c` hour, `_TS_MOH_c` minute, `_TS_WOY_c`
                 week (from Sunday), `_TS_YEAR_c` year
STRUCT           its fields, each by its own type, named `<struct>_<field>`
ARRAY<STRING>    multi-hot over all values
ARRAY of numbers as it is
================ ===================================================================================================

No column is left out for what it holds, but arrays of numbers of different lengths: a feature is of one width here.
Source: BigQuery ML's documentation, "Automatic feature preprocessing".
"""

from __future__ import annotations

from collections.abc import Iterator

from hagane.types import Column, SqlType

ALL_VALUES = 1_000_000
"""Most slots of a category: BigQuery's own limit of a vocabulary."""
TIMESTAMP_PARTS = {
    "_TS_DOM_": "DAY",
    "_TS_DOW_": "DAYOFWEEK",
    "_TS_MOY_": "MONTH",
    "_TS_HOD_": "HOUR",
    "_TS_MOH_": "MINUTE",
    "_TS_WOY_": "WEEK",
    "_TS_YEAR_": "YEAR",
}
"""Prefix of the feature's name → part of the moment."""


def bigquery_features(column: Column, *, scales: bool, accepts_missing: bool) -> Iterator[tuple[str, str]]:
    """Name and SQL of each feature of a column, with `{x}` in the column's place.

    >>> dict(bigquery_features(Column("job", SqlType.STRING), scales=True, accepts_missing=False))
    {'job': "ML.ONE_HOT_ENCODER({x}, 'none', 1000000, 0) OVER ()"}
    """
    column = Column(column.name.replace(".", "_"), column.type)
    match column.type:
        case SqlType.INT64 | SqlType.FLOAT64:
            yield column.name, _number("{x}", scales, accepts_missing)
        case SqlType.STRING:
            yield column.name, _one_hot("{x}")
        case SqlType.BOOL:
            yield column.name, _one_hot("CAST({x} AS STRING)")
        case SqlType.DATE:
            yield column.name, _one_hot("FORMAT_DATE('%F', {x})")
        case SqlType.ARRAY_STRING:
            yield column.name, f"ML.MULTI_HOT_ENCODER({{x}}, {ALL_VALUES}, 0) OVER ()"
        case SqlType.TIMESTAMP:
            yield column.name, _number("UNIX_SECONDS({x})", scales, accepts_missing)
            for prefix, part in TIMESTAMP_PARTS.items():
                yield prefix + column.name, _one_hot(f"CAST(EXTRACT({part} FROM {{x}}) AS STRING)")
        case _:
            yield column.name, "{x}"


def _number(x: str, scales: bool, accepts_missing: bool) -> str:
    scaled = f"ML.STANDARD_SCALER({x}) OVER ()" if scales else x
    if accepts_missing:
        return scaled
    return f"COALESCE({scaled}, 0)" if scales else f"ML.IMPUTER({x}, 'mean') OVER ()"


def _one_hot(x: str) -> str:
    return f"ML.ONE_HOT_ENCODER({x}, 'none', {ALL_VALUES}, 0) OVER ()"
