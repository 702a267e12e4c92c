"""`to_duckdb`: a tree of BigQuery's dialect whose tables are sources, as DuckDB's text."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from hagane.data.duckdb_type import DuckDbType
from hagane.data.engine import quote_name
from hagane.session.literal import literal
from hagane.session.sources import Sources
from hagane.sql.queries.query_schema import NoTables, QueryTable, QueryVariable
from hagane.sql.queries.query_type import written_type
from hagane.sql.queries.rewrite_query import rewrite_query


def to_duckdb(tree: exp.Expression, sources: Sources, sql: str) -> str:
    """DuckDB's text of `tree`, which stands in the script `sql`. Raises SqlError for what cannot be the same there."""
    rewritten = rewrite_query(tree, schema=_SourceSchema(sources), sql=sql)
    sources.engine.add_query_functions(rewritten.functions)
    return rewritten.sql


class _SourceSchema(NoTables):
    """The sources of a statement, tables of the engine, and the script's variables."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def table(self, path: Sequence[str]) -> QueryTable | None:
        """A source, or the table that is being changed."""
        name = path[-1]
        columns = self._sources.columns.get(name)
        if columns is None:
            columns = self._sources.described(f"SELECT * FROM {quote_name(name)}")
        return _query_table(name, name, columns)

    def tables(self, path: Sequence[str]) -> Sequence[QueryTable]:
        """Those of a wildcard."""
        found = self._sources.wildcards.get(".".join(path), ())
        return [_query_table(name, source, self._sources.columns[source]) for name, source in found]

    def variable(self, name: str) -> QueryVariable | None:
        """What DECLARE has declared."""
        found = self._sources.variables.get(name.lower())
        if found is None:
            return None
        type_ = written_type(exp.DataType.build(found.type, dialect="bigquery"))
        assert type_ is not None, found.type
        return QueryVariable(sql=f"({rewrite_query(literal(found), schema=NoTables()).sql})", type=type_)


def _query_table(name: str, source: str, columns: Sequence[tuple[str, DuckDbType]]) -> QueryTable:
    listed = tuple((label, type_.text) for label, type_ in columns)
    return QueryTable(name=name, sql=quote_name(source), columns=listed)
