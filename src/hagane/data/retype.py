"""`retype`: a table whose columns have the types that a model was trained on, or an error that says why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hagane.counted import counted
from hagane.data.column_type import TypedColumns
from hagane.data.conversion import conversion_sql, misfit_sql
from hagane.data.engine import quote_name, quote_text
from hagane.data.table import Table
from hagane.errors import DataError, Fault
from hagane.types import Column, Schema, SqlType


def retype(table: Table, types: Mapping[str, SqlType]) -> Table:
    """The table with the columns of `types` as these types, where every value has its exact equal there.

    What a column is taken for depends on the rows at hand: a NULL among integers makes them decimals in many tools, a
    file without a value says nothing. Raises DataError naming every column with another value; columns that the table
    does not have are passed over.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> retype(open_table(pa.table({"n": [1.0, None]})), {"n": SqlType.INT64})
    Table(n INT64)
    >>> retype(open_table(pa.table({"n": [1.5, None]})), {"n": SqlType.INT64})
    Traceback (most recent call last):
    hagane.errors.DataError: column 'n' is FLOAT64, and not all of it is INT64
      expected: INT64, as the model was trained on
      received: 1 value such as 1.5
      next: CAST it in a query, or mend the data
    """
    changed = {
        column: types[column.name]
        for column in table.schema
        if column.name in types and column.type is not types[column.name]
    }
    if not changed:
        return table
    _check(table, changed)
    names = {column.name: wanted for column, wanted in changed.items()}
    casts = {
        column.name: conversion_sql(_source(table, column), column.type, names[column.name])
        if column.name in names
        else table.typed.casts[column.name]
        for column in table.typed.schema
    }
    schema = Schema(tuple(Column(c.name, names.get(c.name, c.type)) for c in table.typed.schema))
    typed = TypedColumns(schema, casts, table.typed.unsupported)
    return replace(table, typed=typed, origin=replace(table.origin, parquet=()))


def _source(table: Table, column: Column) -> str:
    cast = table.typed.casts[column.name]
    return f"CASE WHEN isnan({cast}) THEN NULL ELSE {cast} END" if column.type is SqlType.FLOAT64 else cast


def _check(table: Table, changed: Mapping[Column, SqlType]) -> None:
    asked = ", ".join(
        f"count(CASE WHEN {misfit_sql(column, wanted)} THEN 1 END), "
        f"any_value(CASE WHEN {misfit_sql(column, wanted)} THEN CAST({quote_name(column.name)} AS VARCHAR) END)"
        for column, wanted in changed.items()
    )
    row = [column[0].as_py() for column in table.query(f"SELECT {asked} FROM data").columns]
    counts = zip(changed.items(), row[::2], row[1::2], strict=True)
    faults = [_fault(column, wanted, count, example) for (column, wanted), count, example in counts if count]
    if faults:
        raise DataError(*faults)


def _fault(column: Column, wanted: SqlType, count: int, example: str) -> Fault:
    shown = quote_text(example[:60]) if column.type is SqlType.STRING else example
    return Fault(
        what=f"column '{column.name}' is {column.type.value}, and not all of it is {wanted.value}",
        expected=f"{wanted.value}, as the model was trained on",
        received=f"{counted(count, 'value')} such as {shown}",
        next_step="CAST it in a query, or mend the data",
    )
