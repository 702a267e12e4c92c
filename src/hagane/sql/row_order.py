"""Whether a query's rows come in an order that follows from the query and its files."""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from hagane.sql.dialects import QueryDialect

ORDER_LOSING = (exp.Join, exp.Group, exp.Distinct, exp.SetOperation, exp.Window, exp.AggFunc, exp.TableSample,
                exp.Lateral)  # fmt: skip
"""What DuckDB computes in whatever order its threads finish."""


def has_row_order(query: str) -> bool:
    """Whether DuckDB gives the rows of `query` (its own dialect) in the same order every time.

    It does when the query says ORDER BY, and when it only picks columns and rows: scans keep the files' order. What
    cannot be parsed here is taken to have none.

    >>> has_row_order("SELECT a, b + 1 AS c FROM 'x.parquet' WHERE a > 0")
    True
    >>> has_row_order("SELECT * FROM 'x.parquet' x JOIN 'y.parquet' y USING (k)")
    False
    >>> has_row_order("SELECT k, count(*) AS n FROM 'x.parquet' GROUP BY k ORDER BY k")
    True
    """
    try:
        tree = sqlglot.parse_one(query, read=QueryDialect)
    except (SqlglotError, RecursionError):
        return False
    return tree.args.get("order") is not None or tree.find(*ORDER_LOSING) is None
