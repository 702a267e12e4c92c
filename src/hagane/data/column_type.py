"""Which of Hagane's types a DuckDB column has, and the SQL that brings it there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from hagane.data.engine import quote_name
from hagane.errors import Fault
from hagane.types import Column, Schema, SqlType

_INTEGERS = [
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
]
_TIMESTAMPS = ("TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S", "TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS")
TYPES = (
    {"BOOLEAN": SqlType.BOOL, "FLOAT": SqlType.FLOAT64, "DOUBLE": SqlType.FLOAT64, "DATE": SqlType.DATE}
    | dict.fromkeys(_INTEGERS, SqlType.INT64)
    | dict.fromkeys(("VARCHAR", "UUID", "ENUM"), SqlType.STRING)
    | dict.fromkeys(_TIMESTAMPS, SqlType.TIMESTAMP)
    | {"DECIMAL": SqlType.FLOAT64}
)
"""DuckDB type, without its parameters → ours. What is not here is not supported."""

DUCKDB_TYPES = {
    SqlType.BOOL: "BOOLEAN",
    SqlType.INT64: "BIGINT",
    SqlType.FLOAT64: "DOUBLE",
    SqlType.STRING: "VARCHAR",
    SqlType.TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
    SqlType.DATE: "DATE",
    SqlType.ARRAY_INT64: "BIGINT[]",
    SqlType.ARRAY_FLOAT64: "DOUBLE[]",
    SqlType.ARRAY_STRING: "VARCHAR[]",
}
"""Our type → the DuckDB type that carries it."""

_ELEMENTS = (SqlType.INT64, SqlType.FLOAT64, SqlType.STRING)
_WAYS_OUT = {
    "[][]": "take its inner arrays apart in a query, for example flatten(column)",
    "BOOLEAN[]": "make it an array of numbers in a query: CAST(column AS INT[])",
    "[]": "make it an array of numbers or text in a query, for example CAST(column AS VARCHAR[])",
    "STRUCT": "select its inner fields in a query, for example column.field.field",
    "MAP": "select its entries in a query, for example column['key']",
    "BLOB": "derive something from it in a query, for example octet_length(column) or md5(column)",
    "TIME": "cast it in a query, for example date_part('hour', column)",
    "INTERVAL": "cast it in a query, for example date_part('epoch', column)",
    "JSON": "extract what is needed in a query, for example column ->> '$.field'",
}


class TypedColumns(NamedTuple):
    """The columns that can be used, the SQL of each, and those that cannot be."""

    schema: Schema
    casts: dict[str, str]
    """Column → SQL expression over the source that has the column's type."""
    unsupported: tuple[Fault, ...]


def type_columns(described: list[tuple[str, str]]) -> TypedColumns:
    """Sort out described columns (name, DuckDB type).

    >>> typed = type_columns([("n", "INTEGER"), ("x", "DOUBLE"), ("at", "TIME")])
    >>> typed.casts
    {'n': 'CAST("n" AS BIGINT)', 'x': '"x"'}
    >>> print(typed.unsupported[0].render())
    column 'at' is left out: its type is none of Hagane's
      expected: BOOL, INT64, FLOAT64, STRING, TIMESTAMP or DATE, or an array of INT64, FLOAT64 or STRING
      received: TIME
      next: cast it in a query, for example date_part('hour', column)
    """
    columns, casts, unsupported = [], {}, []
    for name, source, duckdb_type in _fields(described):
        sql_type = sql_type_of(duckdb_type)
        if sql_type is None:
            unsupported.append(_refuse(name, duckdb_type))
        else:
            columns.append(Column(name, sql_type))
            casts[name] = _cast(source, duckdb_type, sql_type)
    return TypedColumns(Schema(tuple(columns)), casts, tuple(unsupported))


def _fields(described: list[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Name, SQL and DuckDB type of each column; of a STRUCT, of each of its fields, named `struct.field`.

    >>> list(_fields([("s", 'STRUCT(a INTEGER, "b c" DECIMAL(3,1))')]))
    [('s.a', '"s"."a"', 'INTEGER'), ('s.b c', '"s"."b c"', 'DECIMAL(3,1)')]
    """
    for name, type_ in described:
        if type_.startswith("STRUCT(") and type_.endswith(")"):
            for field, field_type in _split_struct(type_[len("STRUCT(") : -1]):
                yield f"{name}.{field}", f"{quote_name(name)}.{quote_name(field)}", field_type
        else:
            yield name, quote_name(name), type_


def _split_struct(text: str) -> Iterator[tuple[str, str]]:
    """Name and type of each field between the brackets of a STRUCT."""
    depth, quoted, start = 0, False, 0
    for index, character in enumerate(text + ","):
        quoted ^= character == '"'
        if quoted:
            continue
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            found = re.fullmatch(r'\s*(?:"((?:[^"]|"")*)"|(\S+))\s+(.*)', text[start:index], flags=re.DOTALL)
            start = index + 1
            if found:
                yield (found[1].replace('""', '"') if found[1] is not None else found[2]), found[3]


def sql_type_of(duckdb_type: str) -> SqlType | None:
    """Our type for a DuckDB type, or None.

    >>> sql_type_of("DECIMAL(9,2)").value, sql_type_of("FLOAT[3]").value, sql_type_of('"NULL"').value
    ('FLOAT64', 'ARRAY<FLOAT64>', 'STRING')
    >>> sql_type_of("BIGINT[][]"), sql_type_of("DATE[]")
    (None, None)
    """
    if duckdb_type.strip('"') == "NULL":
        return SqlType.STRING
    if duckdb_type.endswith("]"):
        element = sql_type_of(duckdb_type[: duckdb_type.rindex("[")])
        return element.array if element in _ELEMENTS else None
    return TYPES.get(re.sub(r"\(.*\)$", "", duckdb_type, flags=re.DOTALL).strip())


def reading_type(duckdb_type: str, wanted: SqlType | None) -> str:
    """The type to read a text file's column as, of which the file alone would say `duckdb_type` and a model `wanted`.

    Wanted text is kept as it is written, not as what it looks like.

    >>> reading_type("BOOLEAN", SqlType.STRING), reading_type("BIGINT", SqlType.FLOAT64), reading_type("DATE", None)
    ('VARCHAR', 'BIGINT', 'DATE')
    """
    is_text = wanted is SqlType.STRING and sql_type_of(duckdb_type) is not None
    return DUCKDB_TYPES[SqlType.STRING] if is_text else duckdb_type


def _cast(name: str, duckdb_type: str, sql_type: SqlType) -> str:
    target = DUCKDB_TYPES[sql_type]
    return name if duckdb_type == target else f"CAST({name} AS {target})"


def _refuse(name: str, duckdb_type: str) -> Fault:
    way_out = next((text for key, text in _WAYS_OUT.items() if key in duckdb_type), "cast it in a query")
    return Fault(
        what=f"column {name!r} is left out: its type is none of Hagane's",
        expected="BOOL, INT64, FLOAT64, STRING, TIMESTAMP or DATE, or an array of INT64, FLOAT64 or STRING",
        received=duckdb_type,
        next_step=way_out,
    )
