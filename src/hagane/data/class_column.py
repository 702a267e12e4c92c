"""`with_class_column`: a one-hot label as the one column of classes that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hagane.data.column_type import TypedColumns
from hagane.data.engine import quote_text
from hagane.data.table import Table
from hagane.types import Column, Schema, SqlType


def with_class_column(table: Table, columns: Sequence[str], name: str) -> Table:
    """The table with the STRING column `name` where the first of `columns` was: the name of that which is true.

    The others of `columns` are gone, as is a column that was called `name` before. The class is NULL in rows in which
    none of them is true (1), or several are.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> table = open_table(pa.table({"n": [7, 8, 9], "cat": [1, 0, 1], "dog": [0, 1, 1]}))
    >>> with_class_column(table, ("cat", "dog"), "animal").query("SELECT * FROM data").to_pylist()
    [{'n': 7, 'animal': 'cat'}, {'n': 8, 'animal': 'dog'}, {'n': 9, 'animal': None}]
    """
    truths = {column: truth_sql(table, column) for column in columns}
    num_true = " + ".join(f"CAST({truth} AS INTEGER)" for truth in truths.values())
    branches = " ".join(f"WHEN {truth} THEN {quote_text(column)}" for column, truth in truths.items())
    made = {name: (SqlType.STRING, f"CASE WHEN {num_true} <> 1 THEN NULL {branches} END")}
    return replace_columns(table, columns, made)


def truth_sql(table: Table, column: str) -> str:
    """SQL over the source's columns: whether a column of truth values or of numbers is true (1); NULL is not."""
    return f"coalesce(CAST({table.typed.casts[column]} AS DOUBLE) = 1, FALSE)"


def replace_columns(table: Table, columns: Sequence[str], made: dict[str, tuple[SqlType, str]]) -> Table:
    """The table with the columns `made` (name → type, SQL over the source's columns) where the first of `columns` was.

    The others of `columns`, and other columns of the new names, are gone.
    """
    gone = {*columns, *made} - {columns[0]}
    listed: list[Column] = []
    for column in table.typed.schema:
        if column.name == columns[0]:
            listed += [Column(name, type_) for name, (type_, _) in made.items()]
        elif column.name not in gone:
            listed.append(column)
    casts = {column.name: made[column.name][1] if column.name in made else table.typed.casts[column.name]
             for column in listed}  # fmt: skip
    typed = TypedColumns(Schema(tuple(listed)), casts, table.typed.unsupported)
    names = None if table.names is None else tuple(column.name for column in listed)
    return replace(table, names=names, typed=typed, origin=replace(table.origin, parquet=()))
