"""`to_duckdb`: a tree of BigQuery's dialect whose tables are sources, as DuckDB's text."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from hagane.data.engine import quote_name
from hagane.session.sources import Sources
from hagane.sql.queries.query_schema import NoTables, QueryTable
from hagane.sql.queries.rewrite_query import rewrite_query


def to_duckdb(tree: exp.Expression, sources: Sources, sql: str) -> str:
    """DuckDB's text of `tree`, which stands in the script `sql`. Raises SqlError for what cannot be the same there."""
    rewritten = rewrite_query(tree, schema=_SourceSchema(sources), sql=sql)
    sources.engine.add_query_functions(rewritten.functions)
    return rewritten.sql


class _SourceSchema(NoTables):
    """The sources of a statement, and tables of the engine."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def table(self, path: Sequence[str]) -> QueryTable | None:
        """A source, or the table that is being changed."""
        name = path[-1]
        columns = self._sources.columns.get(name)
        if columns is None:
            columns = self._sources.described(f"SELECT * FROM {quote_name(name)}")
        return QueryTable(
            name=name, sql=quote_name(name), columns=tuple((label, type_.text) for label, type_ in columns)
        )
