"""`rewrite_query`: one of BigQuery's queries as DuckDB's SQL, or every reason why it cannot be."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from hagane.sql.queries.literals import typed_null
from hagane.sql.queries.query import write_query
from hagane.sql.queries.query_schema import QuerySchema
from hagane.sql.queries.query_type import INT64, NULL
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.scope import Columns, Scope
from hagane.sql.queries.statements import write_statement
from hagane.sql.queries.value import AGGREGATE_END
from hagane.sql.queries.written_query import WrittenQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """DuckDB's SQL, and what whoever runs it must know."""

    sql: str
    functions: frozenset[str] = frozenset()
    """Python functions that the text calls: `data.query_functions` adds them to a connection."""
    columns: Columns = ()
    """Names and types of the result's columns, as BigQuery calls them."""


def rewrite_query(tree: exp.Expression, *, schema: QuerySchema, sql: str = "") -> Rewritten:
    """DuckDB's SQL of a query, an UPDATE, DELETE or MERGE, or an expression, that was parsed from `sql`.

        It has BigQuery's meaning: its types, its errors, its order of NULL and NaN. The connection that runs it has
        the time zone UTC. Raises SqlError with every fault: unknown names with the nearest, types that do not fit,
        and what cannot be the same here, each underlined.

        >>> from hagane.sql.queries.parse_query import parse_query
    >>> from hagane.sql.queries.query_schema import NoTables
    >>> rewritten = rewrite_query(parse_query("SELECT 7 / 2 AS half"), schema=NoTables())
        >>> rewritten.sql, [(name, str(type_)) for name, type_ in rewritten.columns]
        ('SELECT (7e0 / 2e0) AS "half"', [('half', 'FLOAT64')])
    """
    rewriter = Rewriter(schema, sql)
    written = _written(rewriter, tree)
    rewriter.done()
    return Rewritten(
        sql=written.sql.replace(AGGREGATE_END, ""),
        functions=frozenset(rewriter.functions),
        columns=tuple((name, INT64 if type_ == NULL else type_) for name, type_ in written.columns),
    )


def _written(rewriter: Rewriter, tree: exp.Expression) -> WrittenQuery:
    if isinstance(tree, exp.Update | exp.Delete | exp.Merge):
        return WrittenQuery(write_statement(rewriter, tree), ())
    if isinstance(tree, exp.Query):
        return write_query(rewriter, tree, None)
    value = rewriter.value(tree, Scope())
    return WrittenQuery(
        typed_null(INT64) if value.type == NULL and value.is_constant else value.sql, (("", value.type),)
    )
