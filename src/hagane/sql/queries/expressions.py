"""Expressions of a query: each kind of node, and who writes it."""

from __future__ import annotations

import json
from collections.abc import Callable

from sqlglot import exp

from hagane.errors import nearest
from hagane.sql.queries import operators
from hagane.sql.queries.calls import write_call
from hagane.sql.queries.conversions import convert, join_types, write_cast
from hagane.sql.queries.literals import bytes_value, text_sql, text_value, typed_null, write_literal
from hagane.sql.queries.query_type import (
    BOOL,
    DATE,
    DATETIME,
    INT64,
    INTERVAL,
    JSON,
    NULL,
    STRING,
    TIME,
    TIMESTAMP,
    UNKNOWN,
    QueryType,
    named_fields,
)
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.scope import Scope
from hagane.sql.queries.value import NOT_CONSTANT, Value

Write = Callable[[Rewriter, exp.Expression, Scope], Value]
_CLOCKS = {
    exp.CurrentDate: ("CURRENT_DATE", DATE),
    exp.CurrentDatetime: ("CURRENT_DATETIME", DATETIME),
    exp.CurrentTime: ("CURRENT_TIME", TIME),
    exp.CurrentTimestamp: ("CURRENT_TIMESTAMP", TIMESTAMP),
}


def write_expression(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    """Any expression."""
    write = _WRITERS.get(type(node))
    if write is not None:
        value = write(rewriter, node, scope)
        if node.args.get("negate") and not isinstance(node, exp.Like):
            return Value(f"(NOT {value.sql})", BOOL)
        return value
    if type(node) in _CLOCKS:
        arguments = [node.this] if node.this is not None else []
        return write_call(rewriter, exp.Anonymous(this=_CLOCKS[type(node)][0], expressions=arguments), scope)
    if isinstance(node, exp.Query):
        return _scalar_query(rewriter, node, scope)
    return rewriter.refuse(f"{type(node).__name__.upper()} is not supported here", node)


def _column(rewriter: Rewriter, node: exp.Column, scope: Scope) -> Value:
    parts = [
        part.name for part in (node.args.get(key) for key in ("catalog", "db", "table", "this")) if part is not None
    ]
    if isinstance(node.this, exp.Star):
        return rewriter.refuse("* is not an expression", node, next_step="name the columns")
    return _path(rewriter, parts, node, scope)


def _path(rewriter: Rewriter, parts: list[str], node: exp.Expression, scope: Scope) -> Value:
    """`column.field…`, `table.column.field…` or `dataset.table.column`."""
    value = scope.column(parts[0])
    rest = parts[1:]
    if isinstance(value, list):
        held = " and ".join(name or "a subquery" for name in value[:2])
        return rewriter.refuse(
            f"the column {parts[0]} is ambiguous: {held} have one each", node, next_step="write the table before it"
        )
    source = scope.source(parts[0])
    if source is not None and (rest or value is None):
        of_table = _of_source(source, parts, rest)
        if of_table is not None:
            value, rest = of_table
    if value is None and len(parts) > 1:
        found = next(((scope.source(parts[i]), i) for i in range(1, len(parts) - 1) if scope.source(parts[i])), None)
        if found is not None and found[0] is not None and parts[found[1] + 1].lower() in found[0].columns:
            value, rest = found[0].columns[parts[found[1] + 1].lower()][1], parts[found[1] + 2 :]
    if value is None:
        variable = rewriter.schema.variable(parts[0])
        if variable is None:
            return _no_column(rewriter, parts, node, scope)
        value = Value(variable.sql, variable.type)
    for field in rest:
        value = field_of(rewriter, value, field, node)
    return value


def _of_source(source: object, parts: list[str], rest: list[str]) -> tuple[Value, list[str]] | None:
    from hagane.sql.queries.scope import Source

    assert isinstance(source, Source)
    if not rest:
        if source.value is not None:
            return source.value, rest
        return (_row(source), rest) if source.row else None
    if rest[0].lower() in source.columns:
        return source.columns[rest[0].lower()][1], rest[1:]
    return (source.value, rest) if source.value is not None else None


def _row(source: object) -> Value:
    from hagane.sql.queries.scope import Source

    assert isinstance(source, Source)
    held = source.starred()
    packed = ", ".join(f"{_name(name)} := {value.sql}" for name, value in held)
    return Value(
        f"struct_pack({packed})", QueryType("STRUCT", fields=tuple((name, value.type) for name, value in held))
    )


def _no_column(rewriter: Rewriter, parts: list[str], node: exp.Expression, scope: Scope) -> Value:
    source = scope.source(parts[0]) if len(parts) > 1 else None
    if source is not None:
        names = [held[0] for held in source.columns.values()]
        return rewriter.refuse(f"{parts[0]} has no column {parts[1]}", node, nearest=nearest(parts[1], names) or "")
    return rewriter.refuse(f"there is no column {parts[0]}", node, nearest=nearest(parts[0], scope.names()) or "")


def field_of(rewriter: Rewriter, value: Value, field: str, node: exp.Expression) -> Value:
    """`value.field` of a STRUCT or JSON."""
    if value.type == UNKNOWN:
        return value
    if value.type == JSON:
        return Value(f"json_extract({value.sql}, {text_sql('$.' + json.dumps(field))})", JSON)
    if value.type.kind != "STRUCT":
        return rewriter.refuse(f"{value.type} has no fields", node, received=f".{field}")
    for name, type_ in value.type.fields:
        if name.lower() == field.lower():
            return Value(f"struct_extract({value.sql}, {text_sql(name)})", type_)
    names = [name for name, _ in value.type.fields if name]
    return rewriter.refuse(f"there is no field {field} in {value.type}", node, nearest=nearest(field, names) or "")


def _dot(rewriter: Rewriter, node: exp.Dot, scope: Scope) -> Value:
    if isinstance(node.this, exp.Identifier) and isinstance(node.expression, exp.Func):
        return write_call(rewriter, node, scope)
    return field_of(rewriter, rewriter.value(node.this, scope), node.expression.name, node)


def _bracket(rewriter: Rewriter, node: exp.Bracket, scope: Scope) -> Value:
    """`array[OFFSET(0)]`, `array[0]`, `json['key']`, `json[0]`."""
    from hagane.sql.queries.functions.arrays import element

    return element(rewriter, node, scope)


def _array(rewriter: Rewriter, node: exp.Array, scope: Scope) -> Value:
    if len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Query):
        from hagane.sql.queries.subqueries import array_of_query

        return array_of_query(rewriter, node.expressions[0], scope)
    values = [rewriter.value(part, scope) for part in node.expressions]
    type_ = join_types(values)
    if type_ is None:
        return rewriter.refuse(
            "the elements of an array have one type", node, received=", ".join(str(value.type) for value in values[:5])
        )
    if not values:
        return Value("CAST([] AS BIGINT[])", QueryType("ARRAY", element=NULL))
    element = INT64 if type_ == NULL else type_
    inner = ", ".join(convert(rewriter, value, element).sql for value in values)
    constant = [value.constant for value in values] if all(value.is_constant for value in values) else NOT_CONSTANT
    return Value(f"[{inner}]", QueryType("ARRAY", element=element), constant)


def _struct(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    return struct_of(rewriter, node.expressions, scope, node)


def struct_of(rewriter: Rewriter, parts: list[exp.Expression], scope: Scope, node: exp.Expression) -> Value:
    """STRUCT(…), (a, b)."""
    fields: list[tuple[str, QueryType]] = []
    packed = []
    for place, part in enumerate(parts, 1):
        named = isinstance(part, exp.Alias | exp.PropertyEQ)
        inner = (part.expression if isinstance(part, exp.PropertyEQ) else part.this) if named else part
        value = rewriter.value(inner, scope)
        name = (part.this.name if isinstance(part, exp.PropertyEQ) else part.alias) if named else ""
        if not name and isinstance(inner, exp.Column) and not isinstance(node, exp.Tuple):
            name = inner.name
        fields.append((name, value.type if value.type != NULL else INT64))
        sql = typed_null(INT64) if value.type == NULL else value.sql
        packed.append((name or f"_field_{place}", sql))
    if len({name.lower() for name, _ in packed}) < len(packed):
        return rewriter.refuse("two fields of a STRUCT have one name", node, next_step="name them with AS")
    inner_sql = ", ".join(f"{_name(name)} := {sql}" for name, sql in packed)
    return Value(f"struct_pack({inner_sql})", QueryType("STRUCT", fields=tuple(fields)))


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _scalar_query(rewriter: Rewriter, node: exp.Query, scope: Scope) -> Value:
    from hagane.sql.queries.subqueries import scalar_query

    return scalar_query(rewriter, node, scope)


def _interval(rewriter: Rewriter, node: exp.Interval, scope: Scope) -> Value:
    from hagane.sql.queries.functions.intervals import write_interval

    return write_interval(rewriter, node, scope)


def _case(rewriter: Rewriter, node: exp.Case, scope: Scope) -> Value:
    subject = rewriter.value(node.this, scope) if node.this is not None else None
    branches = []
    for branch in node.args["ifs"]:
        when = branch.this
        if subject is not None:
            condition = operators.compared(rewriter, "=", subject, rewriter.value(when, scope), when).sql
        else:
            condition = operators.condition(rewriter, when, scope)
        branches.append((condition, branch.args["true"]))
    return _chosen(rewriter, branches, node.args.get("default"), scope, node)


def _if(rewriter: Rewriter, node: exp.If, scope: Scope) -> Value:
    return _chosen(
        rewriter,
        [(operators.condition(rewriter, node.this, scope), node.args["true"])],
        node.args.get("false"),
        scope,
        node,
    )


def _chosen(
    rewriter: Rewriter,
    branches: list[tuple[str, exp.Expression]],
    otherwise: exp.Expression | None,
    scope: Scope,
    node: exp.Expression,
) -> Value:
    values = [rewriter.value(then, scope) for _, then in branches]
    last = rewriter.value(otherwise, scope) if otherwise is not None else Value("NULL", NULL, None)
    type_ = join_types([*values, last])
    if type_ is None:
        return rewriter.refuse(
            "the results have no common type", node, received=", ".join(str(value.type) for value in [*values, last])
        )
    parts = [
        f"WHEN {condition} THEN {convert(rewriter, value, type_).sql}"
        for (condition, _), value in zip(branches, values, strict=True)
    ]
    return Value(f"CASE {' '.join(parts)} ELSE {convert(rewriter, last, type_).sql} END", type_)


def _json_literal(rewriter: Rewriter, node: exp.ParseJSON, scope: Scope) -> Value:
    """sqlglot reads what follows the literal (`.a[0]`) as a part of it."""
    path, inner = [], node.this
    while isinstance(inner, exp.Dot | exp.Bracket):
        path.append(inner)
        inner = inner.this
    text = rewriter.value(inner, scope)
    value = Value(f"CAST({text.sql} AS JSON)", JSON)
    try:
        json.loads(str(text.constant))
    except ValueError:
        return rewriter.refuse("this is no JSON", node)
    for step in reversed(path):
        if isinstance(step, exp.Dot):
            value = field_of(rewriter, value, step.expression.name, node)
        else:
            from hagane.sql.queries.functions.arrays import json_element

            value = json_element(rewriter, value, step.expressions[0], scope, node)
    return value


def _parameter(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    name = node.this.name if isinstance(node.this, exp.Expression) else str(node.this or "")
    found = rewriter.schema.parameter(name)
    if found is None:
        return rewriter.refuse(f"the parameter @{name} has no value" if name else "a parameter has no value", node)
    return Value(found.sql, found.type)


def _formatted(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    return rewriter.refuse(
        "CAST of a text with FORMAT is not supported here", node, next_step="use PARSE_DATE or PARSE_TIMESTAMP"
    )


def _kwarg(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    return rewriter.refuse("no argument is given by name here", node)


def _paren(rewriter: Rewriter, node: exp.Paren, scope: Scope) -> Value:
    value = rewriter.value(node.this, scope)
    return Value(f"({value.sql})", value.type, value.constant, value.point)


_WRITERS: dict[type, Write] = {
    exp.Literal: lambda rewriter, node, scope: write_literal(rewriter, node),
    exp.RawString: lambda rewriter, node, scope: text_value(str(node.this)),
    exp.UnicodeString: lambda rewriter, node, scope: text_value(str(node.this)),
    exp.ByteString: lambda rewriter, node, scope: bytes_value(_bytes(str(node.this))),
    exp.HexString: lambda rewriter, node, scope: write_literal(rewriter, exp.Literal.number(int(str(node.this), 16))),
    exp.Boolean: lambda rewriter, node, scope: Value("TRUE" if node.this else "FALSE", BOOL, bool(node.this)),
    exp.Null: lambda rewriter, node, scope: Value("NULL", NULL, None),
    exp.Paren: _paren,
    exp.Alias: lambda rewriter, node, scope: rewriter.value(node.this, scope),
    exp.Column: _column,
    exp.Identifier: lambda rewriter, node, scope: _path(rewriter, [node.name], node, scope),
    exp.Dot: _dot,
    exp.Bracket: _bracket,
    exp.Array: _array,
    exp.Struct: _struct,
    exp.Tuple: _struct,
    exp.Interval: _interval,
    exp.Case: _case,
    exp.If: _if,
    exp.Cast: write_cast,
    exp.TryCast: write_cast,
    exp.ParseJSON: _json_literal,
    exp.StrToDate: _formatted,
    exp.StrToTime: _formatted,
    exp.Parameter: _parameter,
    exp.Placeholder: _parameter,
    exp.Kwarg: _kwarg,
    exp.Anonymous: lambda rewriter, node, scope: (
        struct_of(rewriter, node.expressions, scope, node)
        if str(node.this).upper() == "STRUCT"
        else write_call(rewriter, node, scope)
    ),
    exp.SafeFunc: write_call,
    exp.NetFunc: write_call,
    exp.Window: write_call,
    exp.Extract: write_call,
    exp.GroupConcat: write_call,
    exp.IgnoreNulls: write_call,
    exp.RespectNulls: write_call,
    **operators.WRITERS,
}


def _bytes(text: str) -> bytes:
    """What sqlglot read of `b'…'`: escapes of bytes have become characters, others stand for their UTF-8."""
    return b"".join(bytes([ord(sign)]) if ord(sign) < 256 else sign.encode() for sign in text)


__all__ = ["INTERVAL", "STRING", "named_fields", "write_expression"]
