"""PIVOT as one aggregate a column, and UNPIVOT."""

from __future__ import annotations

from sqlglot import exp

from hagane.sql.queries.conversions import common_type, convert
from hagane.sql.queries.operators import compared
from hagane.sql.queries.query_type import STRING, UNKNOWN, QueryType
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.scope import Columns, Scope
from hagane.sql.queries.value import AGGREGATE_END, Value
from hagane.sql.queries.written_query import quoted


def write_pivot(rewriter: Rewriter, node: exp.Pivot, sql: str, columns: Columns, scope: Scope) -> tuple[str, Columns]:
    """The relation `sql`, pivoted."""
    if node.args.get("unpivot"):
        return _unpivot(rewriter, node, sql, columns)
    return _pivot(rewriter, node, sql, columns, scope)


def _pivot(rewriter: Rewriter, node: exp.Pivot, sql: str, columns: Columns, scope: Scope) -> tuple[str, Columns]:
    """Rows are grouped by what neither the aggregates nor FOR name; each value of FOR has a column an aggregate."""
    from hagane.sql.queries.relations import source_of

    held = rewriter.name("p")
    inner = Scope(parent=scope, common=scope.common, sources=[source_of(held, columns, name="")])
    field = node.args["fields"][0]
    key = rewriter.value(field.this, inner)
    named = {part.name.lower() for part in [*node.expressions, field] for part in part.find_all(exp.Column)}
    kept = [(name, type_) for name, type_ in columns if name.lower() not in named]
    parts = [f"{held}.{quoted(name)} AS {quoted(name)}" for name, _ in kept]
    result = list(kept)
    for value_node in field.expressions:
        literal = value_node.this if isinstance(value_node, exp.PivotAlias | exp.Alias) else value_node
        value = rewriter.value(literal, inner)
        label = value_node.alias if isinstance(value_node, exp.PivotAlias | exp.Alias) else _label(value)
        matches = compared(rewriter, "=", key, value, literal).sql
        if value.constant is None and value.is_constant:
            matches = f"({key.sql} IS NULL)"
        for aggregate in node.expressions:
            call = aggregate.this if isinstance(aggregate, exp.Alias) else aggregate
            written = rewriter.value(call, inner)
            name = f"{aggregate.alias}_{label}" if isinstance(aggregate, exp.Alias) else label
            result.append((name, written.type))
            parts.append(f"{_filtered(written.sql, matches, rewriter, call)} AS {quoted(name)}")
    group = f" GROUP BY {', '.join(f'{held}.{quoted(name)}' for name, _ in kept)}" if kept else ""
    return f"(SELECT {', '.join(parts)} FROM {sql} AS {held}{group})", tuple(result)


def _filtered(sql: str, matches: str, rewriter: Rewriter, node: exp.Expression) -> str:
    """The aggregates of an expression, over the rows of one value."""
    marker = AGGREGATE_END
    if marker not in sql:
        rewriter.refuse("PIVOT takes aggregates", node)
    return sql.replace(marker, f" FILTER (WHERE {matches})")


def _label(value: Value) -> str:
    """What a column is called after a value."""
    if isinstance(value.constant, bool):
        return str(value.constant).lower()
    if value.constant is None:
        return "NULL"
    text = str(value.constant).replace("-", "minus_") if not isinstance(value.constant, str) else value.constant
    text = text.replace(".", "_point_") if isinstance(value.constant, float) else text
    return text if not text[:1].isdigit() else f"_{text}"


def _unpivot(rewriter: Rewriter, node: exp.Pivot, sql: str, columns: Columns) -> tuple[str, Columns]:
    field = node.args["fields"][0]
    held = rewriter.name("p")
    types = {name.lower(): (name, type_) for name, type_ in columns}
    if isinstance(node.expressions[0], exp.Tuple) or any(
        isinstance(_bare(part), exp.Tuple) for part in field.expressions
    ):
        rewriter.refuse("UNPIVOT of several columns at once is not supported here", node, next_step="write a UNION ALL")
        return sql, columns
    sources, labels = [], []
    for part in field.expressions:
        name = _bare(part).name
        if name.lower() not in types:
            rewriter.refuse(f"there is no column {name}", part)
            return sql, columns
        sources.append(types[name.lower()])
        labels.append(_given_label(rewriter, part) or Value(f"'{name}'", STRING))
    joined = common_type([type_ for _, type_ in sources])
    if joined is None:
        rewriter.refuse(
            "the columns of UNPIVOT have one type", node, received=", ".join(str(type_) for _, type_ in sources)
        )
        return sql, columns
    taken = {name.lower() for name, _ in sources}
    kept = [(name, type_) for name, type_ in columns if name.lower() not in taken]
    value_name, label_name = node.expressions[0].name, field.this.name
    listed = "".join(f"{held}.{quoted(name)} AS {quoted(name)}, " for name, _ in kept)
    selects = []
    for (name, type_), label in zip(sources, labels, strict=True):
        value = Value(f"{held}.{quoted(name)}", type_)
        where = "" if node.args.get("include_nulls") else f" WHERE {value.sql} IS NOT NULL"
        selects.append(
            f"SELECT {listed}{convert(rewriter, value, joined).sql} AS {quoted(value_name)}, {label.sql} AS {quoted(label_name)} FROM {sql} AS {held}{where}"
        )
    result: list[tuple[str, QueryType]] = [
        *kept,
        (value_name, joined),
        (label_name, labels[0].type if labels else UNKNOWN),
    ]
    return f"({' UNION ALL '.join(selects)})", tuple(result)


def _bare(part: exp.Expression) -> exp.Expression:
    return part.this if isinstance(part, exp.PivotAlias | exp.Alias) else part


def _given_label(rewriter: Rewriter, part: exp.Expression) -> Value | None:
    alias = part.args.get("alias") if isinstance(part, exp.PivotAlias | exp.Alias) else None
    if alias is None:
        return None
    return rewriter.value(alias, Scope()) if isinstance(alias, exp.Literal) else Value(f"'{alias.name}'", STRING)
