"""`to_duckdb`: a tree of BigQuery's dialect whose tables are sources, as DuckDB's text."""

from __future__ import annotations

from sqlglot import exp

from hagane.session.sources import Sources


def to_duckdb(tree: exp.Expression, sources: Sources, sql: str) -> str:
    """DuckDB's text of `tree`, which stands in the script `sql`. Raises SqlError for what cannot be the same there."""
    for type_ in tree.find_all(exp.DataType):
        if type_.this in (exp.DataType.Type.DECIMAL, exp.DataType.Type.BIGDECIMAL) and not type_.expressions:
            type_.set("expressions", [exp.DataTypeParam(this=exp.Literal.number(number)) for number in (38, 9)])
    text: str = tree.sql(dialect="duckdb")
    return text
