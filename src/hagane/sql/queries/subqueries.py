"""Queries within expressions: one value, EXISTS, IN, ARRAY(…)."""

from __future__ import annotations

from sqlglot import exp

from hagane.sql.queries.conversions import convert, join_types
from hagane.sql.queries.query import write_query
from hagane.sql.queries.query_type import BOOL, NULL, QueryType
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.scope import Scope
from hagane.sql.queries.value import Value
from hagane.sql.queries.written_query import WrittenQuery, quoted


def scalar_query(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    """`(SELECT …)` as a value."""
    written = write_query(rewriter, node, scope)
    if written.struct:
        return Value(f"(SELECT {_row('hagane_row', written)} FROM ({written.sql}) AS hagane_row)", _row_type(written))
    if len(written.columns) != 1:
        return rewriter.refuse(
            "a query that stands for a value has one column",
            node,
            received=str(len(written.columns)),
            next_step="SELECT AS STRUCT for several",
        )
    return Value(f"({written.sql})", written.columns[0][1])


def exists(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    """EXISTS(…)."""
    return Value(f"EXISTS({write_query(rewriter, node.this, scope).sql})", BOOL)


def in_query(rewriter: Rewriter, value: Value, node: exp.Expression, scope: Scope) -> Value:
    """`x IN (SELECT …)`."""
    written = write_query(rewriter, node.args["query"], scope)
    if len(written.columns) != 1:
        return rewriter.refuse("the query behind IN has one column", node, received=str(len(written.columns)))
    type_ = join_types([value, Value("", written.columns[0][1])])
    if type_ is None:
        return rewriter.refuse(f"{value.type} cannot be in a column of {written.columns[0][1]}", node)
    column = Value("hagane_in.v", written.columns[0][1])
    inner = (
        written.sql
        if type_ == column.type
        else f"SELECT {convert(rewriter, column, type_).sql} FROM ({written.sql}) AS hagane_in(v)"
    )
    return Value(f"({convert(rewriter, value, type_).sql} IN ({inner}))", BOOL)


def array_of_query(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    """`ARRAY(SELECT …)`: rows of one UNNEST come in its order, as they do in BigQuery though nothing promises it."""
    written = write_query(rewriter, node, scope)
    if written.struct:
        sql = f"ARRAY(SELECT {_row('hagane_row', written)} FROM ({written.sql}) AS hagane_row)"
        return Value(sql, QueryType("ARRAY", element=_row_type(written)))
    if len(written.columns) != 1:
        return rewriter.refuse(
            "the query in ARRAY(…) has one column",
            node,
            received=str(len(written.columns)),
            next_step="SELECT AS STRUCT for several",
        )
    type_ = written.columns[0][1]
    return Value(f"ARRAY({written.sql})", QueryType("ARRAY", element=NULL if type_ == NULL else type_))


def _row(name: str, written: WrittenQuery) -> str:
    return f"struct_pack({', '.join(f'{quoted(column)} := {name}.{quoted(column)}' for column, _ in written.columns)})"


def _row_type(written: WrittenQuery) -> QueryType:
    return QueryType("STRUCT", fields=written.columns)
