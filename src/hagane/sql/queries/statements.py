"""UPDATE, DELETE and MERGE: the same statements of DuckDB's, what they compute written as in queries."""

from __future__ import annotations

from sqlglot import exp

from hagane.errors import nearest
from hagane.sql.queries import operators
from hagane.sql.queries.conversions import convert
from hagane.sql.queries.overload import step
from hagane.sql.queries.query_type import UNKNOWN, QueryType
from hagane.sql.queries.relations import relation
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.scope import Scope, Source
from hagane.sql.queries.written_query import quoted


def write_statement(rewriter: Rewriter, node: exp.Expression) -> str:
    """One statement that changes the rows of a table."""
    match node:
        case exp.Update():
            return _update(rewriter, node)
        case exp.Delete():
            return _delete(rewriter, node)
        case exp.Merge():
            return _merge(rewriter, node)
        case _:
            rewriter.refuse(f"{type(node).__name__.upper()} is not run here", node)
            return ""


def _target(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> tuple[str, Source]:
    """The table that is changed, as `name AS alias`: no subquery may stand there."""
    rewriter.is_target = True
    sql = relation(rewriter, node, scope)
    rewriter.is_target = False
    return sql, scope.sources[-1]


def _update(rewriter: Rewriter, node: exp.Update) -> str:
    scope = Scope()
    sql, target = _target(rewriter, node.this, scope)
    others = node.args.get("from_")
    source = ""
    if others is not None:
        from hagane.sql.queries.relations import write_from

        source = write_from(rewriter, exp.Select(from_=others.copy(), joins=node.args.get("joins") or []), scope)
    return f"UPDATE {sql} SET {_assignments(rewriter, node.expressions, target, scope)}{source}{_where(rewriter, node, scope)}"


def _assignments(rewriter: Rewriter, nodes: list[exp.Expression], target: Source, scope: Scope) -> str:
    parts = []
    for node in nodes:
        column = node.this
        if not isinstance(column, exp.Column | exp.Identifier):
            rewriter.refuse("SET takes column = value", node)
            continue
        if isinstance(column, exp.Column) and column.table and column.table.lower() != target.name.lower():
            rewriter.refuse("a field of a STRUCT is not set by itself here", node, next_step="set the whole STRUCT")
            continue
        type_ = _column_type(rewriter, target, column.name, node)
        if type_ is not None:
            parts.append(f"{quoted(column.name)} = {_assigned(rewriter, node.expression, type_, scope)}")
    return ", ".join(parts)


def _column_type(rewriter: Rewriter, target: Source, name: str, node: exp.Expression) -> QueryType | None:
    if name.lower() not in target.columns:
        names = [held[0] for held in target.columns.values()]
        rewriter.refuse(f"{target.name} has no column {name}", node, nearest=nearest(name, names) or "")
        return None
    return target.columns[name.lower()][1].type


def _assigned(rewriter: Rewriter, node: exp.Expression, type_: QueryType, scope: Scope) -> str:
    if isinstance(node, exp.Var | exp.Column) and node.name.upper() == "DEFAULT" and scope.column("DEFAULT") is None:
        return "DEFAULT"
    value = rewriter.value(node, scope)
    if step(value, type_) is None and value.type != UNKNOWN:
        rewriter.refuse(f"a column of {type_} takes no {value.type}", node)
    return convert(rewriter, value, type_).sql


def _where(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> str:
    where = node.args.get("where")
    return f" WHERE {operators.condition(rewriter, where.this, scope)}" if where is not None else ""


def _delete(rewriter: Rewriter, node: exp.Delete) -> str:
    scope = Scope()
    table = node.this if isinstance(node.this, exp.Expression) else node.args["tables"][0]
    sql, _ = _target(rewriter, table, scope)
    return f"DELETE FROM {sql}{_where(rewriter, node, scope)}"


def _merge(rewriter: Rewriter, node: exp.Merge) -> str:
    scope = Scope()
    sql, target = _target(rewriter, node.this, scope)
    using = relation(rewriter, node.args["using"], scope)
    on = operators.condition(rewriter, node.args["on"], scope)
    whens = [_when(rewriter, when, target, scope) for when in node.args["whens"].expressions]
    return f"MERGE INTO {sql} USING {using} ON {on} {' '.join(whens)}"


def _when(rewriter: Rewriter, node: exp.When, target: Source, scope: Scope) -> str:
    matched = (
        "MATCHED" if node.args.get("matched") else "NOT MATCHED" + (" BY SOURCE" if node.args.get("source") else "")
    )
    extra = node.args.get("condition")
    condition = f" AND {operators.condition(rewriter, extra, scope)}" if extra is not None else ""
    then = node.args["then"]
    match then:
        case exp.Update():
            action = f"UPDATE SET {_assignments(rewriter, then.expressions, target, scope)}"
        case exp.Insert():
            action = _inserted(rewriter, then, target, scope)
        case _:
            action = "DELETE"
    return f"WHEN {matched}{condition} THEN {action}"


def _inserted(rewriter: Rewriter, node: exp.Insert, target: Source, scope: Scope) -> str:
    source = next(held for held in reversed(scope.sources) if held is not target)
    scope = Scope(sources=[source])
    if isinstance(node.expression, exp.Tuple):
        columns = (
            [part.name for part in node.this.expressions]
            if isinstance(node.this, exp.Tuple)
            else [name for name, _ in target.columns.values()]
        )
        values = node.expression.expressions
        parts = []
        for name, value in zip(columns, values, strict=False):
            type_ = _column_type(rewriter, target, name, node)
            parts.append(_assigned(rewriter, value, type_, scope) if type_ is not None else "NULL")
        if len(columns) != len(values):
            rewriter.refuse(
                "INSERT has as many values as columns", node, expected=str(len(columns)), received=str(len(values))
            )
        return f"INSERT ({', '.join(map(quoted, columns))}) VALUES ({', '.join(parts)})"
    listed = [name for name, _ in target.columns.values()]  # INSERT ROW
    read = [source.columns[name.lower()][1].sql if name.lower() in source.columns else "NULL" for name in listed]
    return f"INSERT ({', '.join(map(quoted, listed))}) VALUES ({', '.join(read)})"
