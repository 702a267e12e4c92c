"""`scanned_table`: the table of which a query is some columns, and nothing else."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

_OF_A_SCAN = {"expressions", "from_", "from"}
_OF_A_TABLE = {"this", "alias"}


def scanned_table(sql: str) -> str | None:
    """The table that DuckDB's `sql` scans, its columns under their own names; None where it does anything else.

    >>> scanned_table('SELECT * EXCLUDE (b) FROM t AS "trips"'), scanned_table('SELECT b, t.a AS "a" FROM t')
    ('t', 't')
    >>> others = ("a + 1 FROM t", "a AS b FROM t", "a FROM t LIMIT 1", "t.a FROM t, u")
    >>> [scanned_table(f"SELECT {each}") for each in others]
    [None, None, None, None]
    """
    try:
        tree = sqlglot.parse_one(sql, read="duckdb")
    except sqlglot.errors.SqlglotError:
        return None
    tables = list(tree.find_all(exp.Table))
    if not isinstance(tree, exp.Select) or len(tables) != 1 or _said(tree) - _OF_A_SCAN:
        return None
    table = tables[0]
    is_plain = isinstance(table.this, exp.Identifier) and isinstance(table.parent, exp.From)
    if not is_plain or _said(table) - _OF_A_TABLE or table.alias_column_names or not _are_columns(tree.expressions):
        return None
    return str(table.name)


def _said(node: exp.Expression) -> set[str]:
    """What a node has besides its kind."""
    return {key for key, value in node.args.items() if value}


def _are_columns(items: list[exp.Expression]) -> bool:
    """A star, which may leave columns out, or columns that are there once each."""
    if len(items) == 1 and isinstance(items[0], exp.Star):
        return not _said(items[0]) - {"except_", "except"}
    names = [_own_name(item) for item in items]
    return "" not in names and len(names) == len(set(names))


def _own_name(item: exp.Expression) -> str:
    """The name of a column that is called as it is in the table, in lower case; empty for anything else."""
    column = item.this if isinstance(item, exp.Alias) else item
    if not isinstance(column, exp.Column) or isinstance(column.this, exp.Star):
        return ""
    name = str(column.name).lower()
    return name if item.alias_or_name.lower() == name else ""
