"""Columns and constants as DuckDB's SQL, each with its exact type (DuckDB's own literals are INTEGER and DECIMAL)."""

from __future__ import annotations

import math
import re

from hagane.sql.expression import ColumnRef, Literal
from hagane.types import SqlType

DUCKDB_TYPES = {
    SqlType.BOOL: "BOOLEAN",
    SqlType.INT64: "BIGINT",
    SqlType.FLOAT64: "DOUBLE",
    SqlType.STRING: "VARCHAR",
    SqlType.TIMESTAMP: "TIMESTAMP",
    SqlType.DATE: "DATE",
    SqlType.ARRAY_INT64: "BIGINT[]",
    SqlType.ARRAY_FLOAT64: "DOUBLE[]",
    SqlType.ARRAY_STRING: "VARCHAR[]",
}
NAN = "CAST('NaN' AS DOUBLE)"


def quoted_name(name: str) -> str:
    """A column's name as DuckDB quotes it.

    >>> quoted_name('a "b"')
    '"a ""b\"""'
    """
    return '"' + name.replace('"', '""') + '"'


def column_sql(column: ColumnRef) -> str:
    """A raw column in the language's type: NaN is NULL, a TIMESTAMP is naive UTC."""
    name = quoted_name(column.name)
    match column.type:
        case SqlType.FLOAT64:
            return f"nullif(CAST({name} AS DOUBLE), {NAN})"
        case SqlType.ARRAY_FLOAT64:
            return f"list_transform(CAST({name} AS DOUBLE[]), lambda hagane_e: nullif(hagane_e, {NAN}))"
        case SqlType.TIMESTAMP:
            return f"make_timestamp(epoch_us({name}))"
        case _:
            return f"CAST({name} AS {DUCKDB_TYPES[column.type]})"


def literal_sql(literal: Literal) -> str:
    """A constant of exactly its type."""
    value, type_ = literal.value, DUCKDB_TYPES[literal.type]
    if value is None:
        return f"CAST(NULL AS {type_})"
    match literal.type:
        case SqlType.BOOL:
            return "TRUE" if value else "FALSE"
        case SqlType.STRING:
            return string_sql(str(value))
        case SqlType.FLOAT64:
            return float_sql(float(value))
        case SqlType.TIMESTAMP:
            return f"make_timestamp(CAST({value} AS BIGINT))"
        case SqlType.DATE:
            return f"(DATE '1970-01-01' + CAST({value} AS INTEGER))"
        case _:
            return f"CAST({value} AS BIGINT)" if int(value) >= 0 else f"CAST('{value}' AS BIGINT)"


def float_sql(value: float) -> str:
    """A FLOAT64 constant, to the bit.

    >>> float_sql(0.1), float_sql(float("-inf"))
    ("CAST('0.1' AS DOUBLE)", "CAST('-inf' AS DOUBLE)")
    """
    return NAN if math.isnan(value) else f"CAST('{value!r}' AS DOUBLE)"


def string_sql(text: str) -> str:
    """A string constant; U+0000 cannot stand in SQL text.

    >>> string_sql("it's"), string_sql("a\\0")
    ("'it''s'", "('a'||chr(0))")
    """
    parts = [
        "chr(0)" if part == "\0" else "'" + part.replace("'", "''") + "'" for part in re.split("(\0)", text) if part
    ]
    return f"({'||'.join(parts)})" if len(parts) > 1 else parts[0] if parts else "''"
