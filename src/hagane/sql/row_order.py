"""Whether a query's rows come in an order that follows from the query and its files."""

from __future__ import annotations

from collections.abc import Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from hagane.sql.dialects import QueryDialect

ORDER_LOSING = (exp.Join, exp.Group, exp.Distinct, exp.SetOperation, exp.Window, exp.AggFunc, exp.TableSample,
                exp.Lateral, exp.Exists, exp.Any, exp.ArrayContains)  # fmt: skip
"""What DuckDB computes in whatever order its threads finish; the last three become joins."""
LONGEST_IN = 4
"""IN with more constants becomes a join, too."""
UNORDERED_SCANS = frozenset({"postgres", "bigquery"})
"""Dialects of databases that read a table in no order of its own."""


def has_row_order(query: str, *, dialect: str = "duckdb") -> bool:
    """Whether the rows of `query` come in the same order every time; `dialect` is sqlglot's name of its database's.

    They do when the query says ORDER BY; in DuckDB and SQLite also when it only picks columns and rows: scans keep the
    files' order. What cannot be parsed here is taken to have none.

    >>> has_row_order("SELECT a, b + 1 AS c FROM 'x.parquet' WHERE a > 0")
    True
    >>> has_row_order("SELECT * FROM 'x.parquet' x JOIN 'y.parquet' y USING (k)")
    False
    >>> has_row_order("SELECT k, count(*) AS n FROM 'x.parquet' GROUP BY k ORDER BY k")
    True
    """
    try:
        tree = sqlglot.parse_one(query, read=QueryDialect if dialect == "duckdb" else dialect)
    except (SqlglotError, RecursionError):
        return False
    if tree.args.get("order") is not None:
        return True
    return dialect not in UNORDERED_SCANS and next(order_losing(tree), None) is None


def order_losing(tree: exp.Expression) -> Iterator[exp.Expression]:
    """The parts of a query that lose the order of the rows that they read."""
    yield from tree.find_all(*ORDER_LOSING)
    yield from (each for each in tree.find_all(exp.In) if each.args.get("query") or len(each.expressions) > LONGEST_IN)
