"""`parse_query`: the text of one query of BigQuery's, read."""

from __future__ import annotations

from sqlglot import exp

from hagane.errors import Fault, SqlError
from hagane.sql.parse_script import parse_script
from hagane.sql.statement import QueryStatement


def parse_query(sql: str) -> exp.Expression:
    """The tree of one query. Raises SqlError, the fault underlined.

    >>> type(parse_query("SELECT 1")).__name__
    'Select'
    """
    statements = parse_script(sql)
    if len(statements) != 1 or not isinstance(statements[0], QueryStatement):
        raise SqlError(Fault(what="one query is expected", sql=sql, end=len(sql)))
    return statements[0].query
