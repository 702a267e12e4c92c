"""`parse_query`: the text of one query of BigQuery's, read."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.bigquery import BigQuery
from sqlglot.errors import SqlglotError

from hagane.errors import ExpressionError, Fault

KEPT_PARSERS = ("ARRAY", "CAST", "EXTRACT", "SAFE_CAST", "STRING_AGG")
"""Functions whose arguments are not a list of expressions. All others stay as they are called: sqlglot's nodes forget."""


class QueryDialect(BigQuery):  # type: ignore[misc]
    """BigQuery's dialect, functions as they are called."""

    class Parser(BigQuery.Parser):  # type: ignore[misc]
        """No function is anything but its name and arguments."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: BigQuery.Parser.FUNCTION_PARSERS[name] for name in KEPT_PARSERS
        }

        def _warn_unsupported(self) -> None:
            """Who wrote the text is told by a fault."""


def parse_query(sql: str) -> exp.Expression:
    """The tree of one query. Raises ExpressionError."""
    try:
        trees = [tree for tree in QueryDialect().parse(sql) if tree is not None]
    except SqlglotError as error:
        details = getattr(error, "errors", None) or [{}]
        what = str(details[0].get("description") or str(error).split("\n")[0])
        raise ExpressionError(Fault(what=what, sql=sql, end=len(sql))) from None
    if len(trees) != 1:
        raise ExpressionError(Fault(what="one query is expected", sql=sql, end=len(sql)))
    tree: exp.Expression = trees[0]
    return tree
