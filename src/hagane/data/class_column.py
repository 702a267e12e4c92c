"""`with_class_column`: a one-hot label as the one column of classes that it stands for."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.data.engine import quote_text
from hagane.data.replace_columns import replace_columns
from hagane.data.table import Table
from hagane.types import SqlType


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
