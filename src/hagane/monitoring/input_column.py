"""`InputColumn`: one column as the functions over data read it: numbers, or text."""

from __future__ import annotations

import msgspec
import pyarrow as pa

from hagane.data.engine import quote_name
from hagane.errors import DataError, Fault


class InputColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column, or a field of a STRUCT column, and the SQL of its values.

    As BigQuery ML has it: numbers are FLOAT64; BOOL, BYTES, dates and times are text.
    """

    name: str
    """The column's name; `column_field` of a STRUCT's field."""
    sql: str
    """DuckDB's expression of the column over the input."""
    is_numeric: bool
    is_integer: bool = False
    is_array: bool = False
    is_sparse: bool = False
    """ARRAY<STRUCT<index INT64, value>>."""
    index_field: str = ""
    value_field: str = ""

    @property
    def value_sql(self) -> str:
        """One value, `x` being the column's (an array's: an element)."""
        value = f"x.{quote_name(self.value_field)}" if self.is_sparse else "x"
        if not self.is_numeric:
            return f"CAST({value} AS VARCHAR)"
        number = f"CAST({value} AS DOUBLE)"
        return f"CASE WHEN NOT isnan({number}) THEN {number} END"

    def values_of(self, table: str) -> str:
        """SELECT of all values as `v`, NULLs too, over a table or subquery.

        >>> InputColumn(name="n", sql='"n"', is_numeric=False).values_of("t")
        'SELECT CAST(x AS VARCHAR) AS v FROM (SELECT "n" AS x FROM t)'
        """
        x = f"unnest({self.sql})" if self.is_array else self.sql
        return f"SELECT {self.value_sql} AS v FROM (SELECT {x} AS x FROM {table})"


def input_columns(schema: pa.Schema) -> tuple[InputColumn, ...]:
    """The columns of an input, STRUCTs taken apart. Raises DataError that names every column of another type.

    >>> place = pa.struct([("lat", pa.float64()), ("city", pa.string())])
    >>> [(column.name, column.is_numeric) for column in input_columns(pa.schema([("age", pa.int64()), ("at", place)]))]
    [('age', True), ('at_lat', True), ('at_city', False)]
    """
    found: list[InputColumn] = []
    faults: list[Fault] = []
    for field in schema:
        columns = _columns_of(field.name, quote_name(field.name), field.type)
        if columns:
            found += columns
        else:
            faults.append(_unsupported(field))
    if faults:
        raise DataError(*faults)
    return tuple(found)


def _columns_of(name: str, sql: str, kind: pa.DataType) -> list[InputColumn]:
    """Empty where one of them is of no supported type."""
    if pa.types.is_struct(kind):
        inner = [_columns_of(f"{name}_{part.name}", f"({sql}).{quote_name(part.name)}", part.type) for part in kind]
        return [column for columns in inner for column in columns] if all(inner) else []
    if pa.types.is_dictionary(kind):
        return _columns_of(name, sql, kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _array(name, sql, kind.value_type)
    if not _is_number(kind) and not _is_text(kind):
        return []
    return [InputColumn(name=name, sql=sql, is_numeric=_is_number(kind), is_integer=pa.types.is_integer(kind))]


def _array(name: str, sql: str, element: pa.DataType) -> list[InputColumn]:
    if pa.types.is_struct(element):
        if len(element) != 2 or not pa.types.is_integer(element[0].type) or not _is_number(element[1].type):
            return []
        fields = {"index_field": element[0].name, "value_field": element[1].name}
        return [InputColumn(name=name, sql=sql, is_numeric=True, is_array=True, is_sparse=True, **fields)]
    if not _is_number(element) and not _is_text(element):
        return []
    is_integer = pa.types.is_integer(element)
    return [InputColumn(name=name, sql=sql, is_numeric=_is_number(element), is_integer=is_integer, is_array=True)]


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _is_text(kind: pa.DataType) -> bool:
    text = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    other = (pa.types.is_boolean, pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
    time = (pa.types.is_date, pa.types.is_time, pa.types.is_timestamp)
    return any(test(kind) for test in (*text, *other, *time))


def _unsupported(field: pa.Field) -> Fault:
    return Fault(
        what=f"column '{field.name}' has a type of which no statistics are made",
        expected="numbers, STRING, BOOL, BYTES, DATE, DATETIME, TIME, TIMESTAMP; an ARRAY or STRUCT of these; "
        "ARRAY<STRUCT<INT64, FLOAT64>>",
        received=str(field.type),
        next_step="leave the column out of the query, or select a part of it",
    )
