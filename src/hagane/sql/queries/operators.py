"""Operators as DuckDB's SQL: division that raises, comparisons that NaN fails, bits without surprises."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from hagane.sql.queries.conversions import common_type, convert, join_types
from hagane.sql.queries.literals import constant_value
from hagane.sql.queries.query_type import (
    BOOL,
    BYTES,
    DATE,
    DATETIME,
    FLOAT64,
    INT64,
    INTERVAL,
    NULL,
    NUMERIC,
    STRING,
    TIMESTAMP,
    UNKNOWN,
    QueryType,
)
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.scope import Scope
from hagane.sql.queries.value import Value

Write = Callable[[Rewriter, exp.Expression, Scope], Value]
_NUMBERS = ("INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC", "NULL", "UNKNOWN")
_TIMES = ("DATE", "DATETIME", "TIMESTAMP")


def condition(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> str:
    """A BOOL."""
    value = rewriter.value(node, scope)
    if value.type not in (BOOL, NULL, UNKNOWN):
        rewriter.refuse("a condition is a BOOL", node, received=str(value.type))
    return "CAST(NULL AS BOOLEAN)" if value.type == NULL else value.sql


def _arithmetic(sign: str) -> Write:
    def write(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
        left, right = rewriter.value(node.this, scope), rewriter.value(node.expression, scope)
        return computed(rewriter, sign, left, right, node)

    return write


def computed(rewriter: Rewriter, sign: str, left: Value, right: Value, node: exp.Expression) -> Value:
    """`left sign right`, of numbers, times and intervals."""
    if UNKNOWN in (left.type, right.type):
        return Value("NULL", UNKNOWN)
    if left.type.kind in _NUMBERS and right.type.kind in _NUMBERS:
        return _numbers(rewriter, sign, left, right, node)
    found = _moments(rewriter, sign, left, right)
    if found is None:
        return rewriter.refuse(f"there is no {left.type} {sign} {right.type}", node)
    return found


def _numbers(rewriter: Rewriter, sign: str, left: Value, right: Value, node: exp.Expression) -> Value:
    type_ = common_type([left.type, right.type]) or FLOAT64
    if type_ == NULL:
        type_ = INT64
    if sign == "/" and type_ == INT64:
        type_ = FLOAT64
    if type_.kind in ("NUMERIC", "BIGNUMERIC"):
        return _decimals(rewriter, sign, left, right, type_)
    mine, theirs = convert(rewriter, left, type_), convert(rewriter, right, type_)
    if sign != "/":
        return Value(f"({mine.sql} {sign} {theirs.sql})", type_)
    return Value(divided(rewriter, mine, theirs, f"{mine.sql} / {{}}"), type_)


def divided(rewriter: Rewriter, over: Value, under: Value, quotient: str) -> str:
    """A quotient (`a / {}`), or an error where the divisor is 0."""
    if under.is_constant and under.constant:
        return f"({quotient.format(under.sql)})"
    zero = rewriter.fail("division by zero")
    return rewriter.bind(
        [under], lambda d: f"(CASE WHEN {d} = 0 THEN {_unless_null(over, zero)} ELSE {quotient.format(d)} END)"
    )


def _unless_null(over: Value, failure: str) -> str:
    if over.constant is None:
        return "NULL"
    return (
        f"CASE WHEN {over.sql} IS NOT NULL THEN {failure} END" if not over.is_constant and over.repeatable else failure
    )


def _decimals(rewriter: Rewriter, sign: str, left: Value, right: Value, type_: QueryType) -> Value:
    """DuckDB's decimals are exact but for their quotients, which Python computes."""
    if sign == "/":
        call = rewriter.call(
            "hagane_numeric_divide",
            NUMERIC,
            f"CAST({left.sql} AS DECIMAL(38, 9))",
            f"CAST({right.sql} AS DECIMAL(38, 9))",
        )
        return Value(call.sql, NUMERIC)
    mine, theirs = (
        value if value.type.kind != "INT64" else Value(f"CAST({value.sql} AS DECIMAL(18, 0))", NUMERIC, NUMERIC)
        for value in (left, right)
    )
    if sign == "*" and (left.type.width is None or right.type.width is None):
        call = rewriter.call(
            "hagane_numeric_multiply",
            NUMERIC,
            f"CAST({left.sql} AS DECIMAL(38, 9))",
            f"CAST({right.sql} AS DECIMAL(38, 9))",
        )
        return Value(call.sql, NUMERIC)
    sql = f"({mine.sql} {sign} {theirs.sql})"
    return Value(sql if sign == "*" else f"CAST({sql} AS DECIMAL(38, 9))" if left.type.width is None else sql, type_)


def _moments(rewriter: Rewriter, sign: str, left: Value, right: Value) -> Value | None:
    mine, theirs = left.type.kind, right.type.kind
    if (sign == "+" and mine == "INTERVAL" and theirs in _TIMES) or (
        sign == "+" and mine == "INT64" and theirs == "DATE"
    ):
        return _moments(rewriter, sign, right, left)
    if mine == "DATE" and theirs == "INT64" and sign in "+-":
        return Value(f"({left.sql} {sign} CAST({right.sql} AS INTEGER))", DATE)
    if mine in _TIMES and theirs == "INTERVAL" and sign in "+-":
        type_ = TIMESTAMP if mine == "TIMESTAMP" else DATETIME
        return Value(f"({convert(rewriter, left, type_).sql} {sign} {right.sql})", type_)
    if mine == theirs == "INTERVAL" and sign in "+-":
        return Value(f"({left.sql} {sign} {right.sql})", INTERVAL)
    if mine == "INTERVAL" and theirs == "INT64" and sign in "*/":
        if sign == "/":
            return rewriter.call("hagane_interval_divide", INTERVAL, left.sql, right.sql)
        return Value(f"({left.sql} * CAST({right.sql} AS INTEGER))", INTERVAL)
    if mine == "INT64" and theirs == "INTERVAL" and sign == "*":
        return _moments(rewriter, sign, right, left)
    if mine in _TIMES and theirs in _TIMES and sign == "-":
        if mine == theirs == "DATE":
            return Value(f"to_days(CAST({left.sql} - {right.sql} AS INTEGER))", INTERVAL)
        if mine == theirs:
            return Value(f"to_microseconds(epoch_us({left.sql}) - epoch_us({right.sql}))", INTERVAL)
    return None


def _negated(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    if isinstance(node.this, exp.Literal) and not node.this.is_string and str(node.this.this) == str(2**63):
        return Value("(-9223372036854775807 - 1)::BIGINT", INT64, -(2**63))
    value = rewriter.value(node.this, scope)
    if value.is_constant and isinstance(value.constant, int | float) and not isinstance(value.constant, bool):
        return constant_value(-value.constant)
    if value.type.kind not in (*_NUMBERS, "INTERVAL"):
        return rewriter.refuse(f"there is no -{value.type}", node)
    return Value(f"(-{value.sql})", value.type if value.type != NULL else INT64)


_SIGNS = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}


def _comparison(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:

    left, right = rewriter.value(node.this, scope), rewriter.value(node.expression, scope)
    return compared(rewriter, _SIGNS[type(node)], left, right, node)


def compared(rewriter: Rewriter, sign: str, left: Value, right: Value, node: exp.Expression) -> Value:
    """`left sign right`. NaN, which DuckDB takes for equal to itself and larger than all, compares FALSE with everything."""
    if UNKNOWN in (left.type, right.type):
        return Value("NULL", UNKNOWN)
    type_ = join_types([left, right])
    if type_ is None:
        return rewriter.refuse(f"{left.type} and {right.type} cannot be compared", node)
    if type_.kind in ("JSON", "GEOGRAPHY") or type_.kind == "ARRAY":
        return rewriter.refuse(f"{type_.kind} values cannot be compared", node)
    if type_ == NULL:
        return Value("CAST(NULL AS BOOLEAN)", BOOL)
    mine, theirs = convert(rewriter, left, type_), convert(rewriter, right, type_)
    if type_ == FLOAT64:
        return Value(_floats(sign, mine, theirs), BOOL)
    return Value(f"({mine.sql} {sign} {theirs.sql})", BOOL)


def _floats(sign: str, left: Value, right: Value) -> str:
    """Guards only where a NaN would change the answer: the larger side of an order, both sides of an equality."""
    plain = f"({left.sql} {sign} {right.sql})"
    if any(value.is_constant and value.constant != value.constant for value in (left, right)):
        return "FALSE" if sign != "<>" else "TRUE"
    numbers = [not may_be_nan(value) for value in (left, right)]
    match sign:
        case ">" | ">=":
            guarded = [] if numbers[0] else [left]
        case "<" | "<=":
            guarded = [] if numbers[1] else [right]
        case _:
            guarded = [] if any(numbers) else [left]
    if not guarded or not guarded[0].repeatable:
        return plain
    nan = f"isnan({guarded[0].sql})"
    return f"({plain} OR {nan})" if sign == "<>" else f"({plain} AND NOT {nan})"


def may_be_nan(value: Value) -> bool:
    """Whether a FLOAT64 could be NaN: not a constant that is none, nor what was an INT64."""
    return (not value.is_constant and not value.sql.startswith("CAST(")) or "nan" in value.sql.lower()


def _and_or(word: str) -> Write:
    def write(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
        parts = list(node.flatten())
        return Value("(" + f" {word} ".join(condition(rewriter, part, scope) for part in parts) + ")", BOOL)

    return write


def _not(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    return Value(f"(NOT {condition(rewriter, node.this, scope)})", BOOL)


def _is(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    value = rewriter.value(node.this, scope)
    if isinstance(node.expression, exp.Null):
        return Value(f"({value.sql} IS NULL)", BOOL)
    if isinstance(node.expression, exp.Boolean):
        other = "TRUE" if node.expression.this else "FALSE"
        held = "CAST(NULL AS BOOLEAN)" if value.type == NULL else value.sql
        return Value(f"({held} IS NOT DISTINCT FROM {other})", BOOL)
    return rewriter.refuse("after IS stands NULL, TRUE, FALSE or UNKNOWN", node)


def _distinct(word: str) -> Write:
    def write(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
        left, right = rewriter.value(node.this, scope), rewriter.value(node.expression, scope)
        type_ = join_types([left, right])
        if type_ is None:
            return rewriter.refuse(f"{left.type} and {right.type} cannot be compared", node)
        return Value(f"({convert(rewriter, left, type_).sql} {word} {convert(rewriter, right, type_).sql})", BOOL)

    return write


def _between(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    value, low, high = (rewriter.value(part, scope) for part in (node.this, node.args["low"], node.args["high"]))
    type_ = join_types([value, low, high])
    if type_ is None:
        return rewriter.refuse(f"{value.type} cannot be between {low.type} and {high.type}", node)
    if type_ == NULL or NULL in (value.type,):
        return Value("CAST(NULL AS BOOLEAN)", BOOL)
    x, a, b = (convert(rewriter, part, type_) for part in (value, low, high))
    if type_ == FLOAT64 and may_be_nan(b):
        return Value(
            f"({compared(rewriter, '>=', x, a, node).sql} AND {compared(rewriter, '<=', x, b, node).sql})", BOOL
        )
    return Value(f"({x.sql} BETWEEN {a.sql} AND {b.sql})", BOOL)


def _in(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    value = rewriter.value(node.this, scope)
    if node.args.get("unnest") is not None:
        return _in_array(rewriter, value, node, scope)
    if node.args.get("query") is not None:
        from hagane.sql.queries.subqueries import in_query

        return in_query(rewriter, value, node, scope)
    values = [rewriter.value(part, scope) for part in node.expressions]
    type_ = join_types([value, *values])
    if type_ is None:
        return rewriter.refuse(
            f"{value.type} cannot be in this list", node, received=", ".join(str(v.type) for v in values[:5])
        )
    if value.type == NULL:
        return Value("CAST(NULL AS BOOLEAN)", BOOL)
    listed = ", ".join(convert(rewriter, part, type_).sql for part in values)
    return Value(f"({convert(rewriter, value, type_).sql} IN ({listed}))", BOOL)


def _in_array(rewriter: Rewriter, value: Value, node: exp.Expression, scope: Scope) -> Value:
    array = rewriter.value(node.args["unnest"].expressions[0], scope)
    if array.type.kind != "ARRAY":
        return (
            rewriter.refuse("UNNEST takes an array", node, received=str(array.type)) if array.type != UNKNOWN else array
        )
    element = join_types([value, Value("", array.type.element or NULL)])
    if element is None:
        return rewriter.refuse(f"{value.type} cannot be in {array.type}", node)
    mine = convert(rewriter, value, element)
    list_ = convert(rewriter, array, QueryType("ARRAY", element=element)) if element != NULL else array
    return Value(
        rewriter.bind(
            [mine, list_],
            lambda x, a: (
                f"CASE WHEN {a} IS NULL OR len({a}) = 0 THEN FALSE WHEN {x} IS NULL THEN NULL WHEN list_contains({a}, {x}) THEN TRUE "
                f"WHEN list_count({a}) < len({a}) THEN NULL ELSE FALSE END"
            ),
        ),
        BOOL,
    )


def _like(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    """LIKE; `NOT LIKE ANY (p, q)` is `NOT LIKE p OR NOT LIKE q`."""
    value, pattern = rewriter.value(node.this, scope), node.expression
    negated = "NOT " if node.args.get("negate") else ""
    if not isinstance(pattern, exp.Any | exp.All):
        return Value(f"({negated}{_one_like(rewriter, value, rewriter.value(pattern, scope), node)})", BOOL)
    inner = pattern.this
    if isinstance(inner, exp.Unnest | exp.Query):
        step = "use EXISTS(SELECT … FROM UNNEST(…) AS p WHERE x LIKE p)"
        return rewriter.refuse("LIKE ANY takes patterns in parentheses here", node, next_step=step)
    parts = (
        inner.expressions if isinstance(inner, exp.Tuple) else [inner.this if isinstance(inner, exp.Paren) else inner]
    )
    word = " OR " if isinstance(pattern, exp.Any) else " AND "
    likes = [negated + _one_like(rewriter, value, rewriter.value(part, scope), node) for part in parts]
    return Value(f"({word.join(likes)})", BOOL)


def _one_like(rewriter: Rewriter, value: Value, pattern: Value, node: exp.Expression) -> str:
    if value.type.kind not in ("STRING", "NULL", "UNKNOWN") or pattern.type.kind not in ("STRING", "NULL", "UNKNOWN"):
        return rewriter.refuse(f"LIKE compares texts, not {value.type} with {pattern.type}", node).sql
    escape = " ESCAPE '\\'" if not pattern.is_constant or "\\" in str(pattern.constant) else ""
    return f"({value.sql} LIKE {pattern.sql}{escape})"


def _concatenated(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    left, right = rewriter.value(node.this, scope), rewriter.value(node.expression, scope)
    type_ = join_types([left, right])
    if type_ is None or type_.kind not in ("STRING", "BYTES", "ARRAY", "NULL", "UNKNOWN"):
        return rewriter.refuse(f"there is no {left.type} || {right.type}", node, next_step="CAST(… AS STRING) first")
    mine, theirs = (convert(rewriter, value, type_) for value in (left, right))
    if type_.kind == "ARRAY":
        return Value(
            rewriter.bind(
                [mine, theirs],
                lambda a, b: f"CASE WHEN {a} IS NOT NULL AND {b} IS NOT NULL THEN list_concat({a}, {b}) END",
            ),
            type_,
        )
    return Value(f"({mine.sql} || {theirs.sql})", type_ if type_ != NULL else STRING)


def _bits(sign: str) -> Write:
    def write(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
        left, right = rewriter.value(node.this, scope), rewriter.value(node.expression, scope)
        for value in (left, right):
            if value.type == BYTES:
                return rewriter.refuse(f"{sign} of BYTES is not supported here", node, next_step="use INT64")
            if value.type not in (INT64, NULL, UNKNOWN):
                return rewriter.refuse(f"{sign} takes INT64", node, received=str(value.type))
        if sign == "^":
            return Value(f"xor({left.sql}, {right.sql})", INT64)
        if sign in ("<<", ">>"):
            return Value(rewriter.bind([left, right], lambda x, n: _shifted(rewriter, sign, x, n)), INT64)
        return Value(f"({left.sql} {sign} {right.sql})", INT64)

    return write


def _shifted(rewriter: Rewriter, sign: str, x: str, n: str) -> str:
    """Through 128 bits: DuckDB refuses what overflows, and brings in copies of the sign on the right."""
    low = f"(CAST({x} AS HUGEINT) & 18446744073709551615::HUGEINT)"
    if sign == ">>":
        moved = f"({low} >> CAST({n} AS HUGEINT))"
    else:
        kept = f"({low} & ((1::HUGEINT << CAST(64 - {n} AS HUGEINT)) - 1))"
        moved = f"({kept} << CAST({n} AS HUGEINT))"
    signed = f"CAST(CASE WHEN {moved} >= 9223372036854775808::HUGEINT THEN {moved} - 18446744073709551616::HUGEINT ELSE {moved} END AS BIGINT)"
    return f"CASE WHEN {x} IS NULL THEN NULL WHEN {n} < 0 THEN {rewriter.fail('Bitwise shift by a negative offset')} WHEN {n} >= 64 THEN 0::BIGINT ELSE {signed} END"


def _complement(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    value = rewriter.value(node.this, scope)
    if value.type not in (INT64, NULL, UNKNOWN):
        return rewriter.refuse("~ takes INT64", node, received=str(value.type))
    return Value(f"(~{value.sql})", INT64)


def _exists(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    from hagane.sql.queries.subqueries import exists

    return exists(rewriter, node, scope)


WRITERS: dict[type, Write] = {
    exp.Add: _arithmetic("+"),
    exp.Sub: _arithmetic("-"),
    exp.Mul: _arithmetic("*"),
    exp.Div: _arithmetic("/"),
    exp.Neg: _negated,
    **dict.fromkeys(_SIGNS, _comparison),
    exp.And: _and_or("AND"),
    exp.Or: _and_or("OR"),
    exp.Not: _not,
    exp.Is: _is,
    exp.NullSafeEQ: _distinct("IS NOT DISTINCT FROM"),
    exp.NullSafeNEQ: _distinct("IS DISTINCT FROM"),
    exp.Between: _between,
    exp.In: _in,
    exp.Like: _like,
    exp.DPipe: _concatenated,
    exp.BitwiseAnd: _bits("&"),
    exp.BitwiseOr: _bits("|"),
    exp.BitwiseXor: _bits("^"),
    exp.BitwiseLeftShift: _bits("<<"),
    exp.BitwiseRightShift: _bits(">>"),
    exp.BitwiseNot: _complement,
    exp.Exists: _exists,
}
