"""`replace_columns`: a table in which columns stand that are computed from others, in their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hagane.data.column_type import TypedColumns
from hagane.data.table import Table
from hagane.types import Column, Schema, SqlType


def replace_columns(table: Table, columns: Sequence[str], made: Mapping[str, tuple[SqlType, str]]) -> Table:
    """The table with the columns `made` (name → type, SQL over the source's columns) where the first of `columns` was.

    The others of `columns`, and other columns of the new names, are gone.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> table = open_table(pa.table({"a": [1], "b": [2], "c": [3]}))
    >>> replace_columns(table, ("b",), {"twice": (SqlType.INT64, "2 * b")}).query("SELECT * FROM data").to_pylist()
    [{'a': 1, 'twice': 4, 'c': 3}]
    """
    gone = {*columns, *made} - {columns[0]}
    listed: list[Column] = []
    for column in table.typed.schema:
        if column.name == columns[0]:
            listed += [Column(name, type_) for name, (type_, _) in made.items()]
        elif column.name not in gone:
            listed.append(column)
    casts = {
        column.name: made[column.name][1] if column.name in made else table.typed.casts[column.name]
        for column in listed
    }
    typed = TypedColumns(Schema(tuple(listed)), casts, table.typed.unsupported)
    names = None if table.names is None else tuple(column.name for column in listed)
    return replace(table, names=names, typed=typed, origin=replace(table.origin, parquet=()))
