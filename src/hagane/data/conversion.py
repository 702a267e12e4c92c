"""Values of one type as another's, in DuckDB's SQL: what converts, and what has no equal there."""

from __future__ import annotations

from hagane.data.column_type import DUCKDB_TYPES
from hagane.data.engine import quote_name, quote_text
from hagane.data.readers.csv_dialect import NULL_WORDS
from hagane.types import Column, SqlType

_ARRAYS = (SqlType.ARRAY_INT64, SqlType.ARRAY_FLOAT64, SqlType.ARRAY_STRING)
_EXACT = {
    (SqlType.INT64, SqlType.FLOAT64),
    (SqlType.FLOAT64, SqlType.INT64),
    (SqlType.DATE, SqlType.TIMESTAMP),
    (SqlType.TIMESTAMP, SqlType.DATE),
    *((a, b) for a in _ARRAYS for b in _ARRAYS),
}
"""Pairs of types (found, wanted) of which many values have one in the other."""


def conversion_sql(value: str, found: SqlType, wanted: SqlType) -> str:
    """SQL: the value as the wanted type, NULL where there is none."""
    target = DUCKDB_TYPES[wanted]
    if found is SqlType.STRING:
        return f"CASE WHEN NOT {_is_null_word(value)} THEN TRY_CAST({value} AS {target}) END"
    return f"TRY_CAST({value} AS {target})" if (found, wanted) in _EXACT else f"CAST(NULL AS {target})"


def misfit_sql(column: Column, wanted: SqlType) -> str:
    """SQL: whether the column's value has no equal among the wanted type's."""
    value = quote_name(column.name)
    converted = conversion_sql(value, column.type, wanted)
    if column.type is SqlType.STRING:
        return f"NOT {_is_null_word(value)} AND {converted} IS NULL"
    back = f"CAST({converted} AS {DUCKDB_TYPES[column.type]})"
    differs = "false" if (column.type, wanted) == (SqlType.INT64, SqlType.FLOAT64) else f"{back} <> {value}"
    return f"{value} IS NOT NULL AND ({converted} IS NULL OR {differs})"


def _is_null_word(value: str) -> str:
    """Not IN: of five constants and more DuckDB makes a join, and what comes out of a join is in no order."""
    return f"({' OR '.join(f'{value} = {quote_text(word)}' for word in NULL_WORDS)})"
