"""Arrays: elements by offset and ordinal, slices, joined texts, generated series."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from hagane.sql.queries.call import Call
from hagane.sql.queries.conversions import convert, join_types, text_of
from hagane.sql.queries.literals import text_sql
from hagane.sql.queries.query_type import DATE, FLOAT64, INT64, JSON, NULL, STRING, TIMESTAMP, UNKNOWN, QueryType
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.scope import Scope
from hagane.sql.queries.value import Value

MOST_ELEMENTS = 1_048_575
"""What GENERATE_ARRAY makes at most."""


def element(rewriter: Rewriter, node: exp.Bracket, scope: Scope) -> Value:
    """`array[OFFSET(n)]` and its kin; `json[…]`."""
    value = rewriter.value(node.this, scope)
    if len(node.expressions) != 1:
        return rewriter.refuse("one subscript is expected", node)
    if value.type == JSON:
        return json_element(rewriter, value, node.expressions[0], scope, node)
    if value.type == UNKNOWN:
        return value
    if value.type.kind != "ARRAY":
        return rewriter.refuse(f"{value.type} has no elements", node)
    first, safe, index = _subscript(node)
    place = rewriter.value(index, scope)
    if place.type not in (INT64, UNKNOWN, NULL):
        return rewriter.refuse("a subscript is an INT64", node, received=str(place.type))
    type_ = value.type.element or INT64
    type_ = INT64 if type_ == NULL else type_
    step = f"+ {1 - first}" if first == 0 else ""
    if safe:
        return Value(
            rewriter.bind([value, place], lambda a, i: f"CASE WHEN {i} >= {first} THEN {a}[{i} {step}] END"), type_
        )
    failure = rewriter.fail("Array index is out of bounds")
    return Value(
        rewriter.bind(
            [value, place],
            lambda a, i: (
                f"CASE WHEN {a} IS NOT NULL AND ({i} < {first} OR {i} >= len({a}) + {first}) THEN {failure} ELSE {a}[{i} {step}] END"
            ),
        ),
        type_,
    )


def _subscript(node: exp.Bracket) -> tuple[int, bool, exp.Expression]:
    """From where it counts, whether it is safe, and what is counted; sqlglot keeps OFFSET(n) as a number of its own."""
    inner = node.expressions[0]
    if isinstance(inner, exp.Anonymous) and str(inner.this).upper() in (
        "OFFSET",
        "ORDINAL",
        "SAFE_OFFSET",
        "SAFE_ORDINAL",
    ):
        word = str(inner.this).upper()
        return int(word.endswith("ORDINAL")), word.startswith("SAFE"), inner.expressions[0]
    offset = node.args.get("offset")
    return int(offset or 0), bool(node.args.get("safe")), inner


def json_element(rewriter: Rewriter, value: Value, node: exp.Expression, scope: Scope, at: exp.Expression) -> Value:
    """`json['key']`, `json[0]`."""
    import json

    key = rewriter.value(node, scope)
    if not key.is_constant:
        return rewriter.refuse("a subscript of JSON is a constant here", at)
    path = f"$[{key.constant}]" if isinstance(key.constant, int) else "$." + json.dumps(key.constant)
    return Value(f"json_extract({value.sql}, {text_sql(path)})", JSON)


def concat(call: Call) -> Value:
    """ARRAY_CONCAT: NULL where one is NULL."""
    values = call.values()
    if not call.count(1, 1000):
        return Value("NULL", UNKNOWN)
    type_ = join_types([value for value in values if value.type != NULL])
    if type_ is None or type_.kind != "ARRAY":
        return call.refuse(
            "ARRAY_CONCAT takes arrays of one type", received=", ".join(str(value.type) for value in values)
        )
    parts = [convert(call.rewriter, value, type_) for value in values]
    sql = parts[0].sql
    for part in parts[1:]:
        sql = f"list_concat({sql}, {part.sql})"
    nulls = " OR ".join(f"{part.sql} IS NULL" for part in parts)
    return Value(f"CASE WHEN {nulls} THEN NULL ELSE {sql} END", type_)


def to_string(call: Call) -> Value:
    """ARRAY_TO_STRING: NULL elements are left out, or written as the third argument says."""
    if not call.count(2, 3):
        return Value("NULL", UNKNOWN)
    value = call.value(0)
    if value.type.kind != "ARRAY":
        return call.refuse("ARRAY_TO_STRING takes an array", 0, received=str(value.type))
    inner = value.type.element or STRING
    if inner.kind in ("ARRAY", "STRUCT", "BYTES"):
        return call.refuse(f"ARRAY_TO_STRING takes texts, not {inner}", 0)
    name = call.rewriter.name("e")
    text = name if inner == STRING else text_of(call.rewriter, Value(name, inner))
    sql = value.sql if inner == STRING else f"list_transform({value.sql}, lambda {name}: {text})"
    if len(call.arguments) == 3:
        other = call.typed(2, STRING).sql
        sql = f"list_transform({value.sql}, lambda {name}: coalesce(CAST({text} AS VARCHAR), {other}))"
    at = call.typed(1, STRING).sql
    return Value(
        f"CASE WHEN {value.sql} IS NOT NULL THEN coalesce(array_to_string(CAST({sql} AS VARCHAR[]), {at}), '') END",
        STRING,
    )


def slice_(call: Call) -> Value:
    """ARRAY_SLICE: both ends counted from 0, from the end where negative, and both taken."""
    if not call.count(3):
        return Value("NULL", UNKNOWN)
    value, start, end = call.value(0), call.typed(1, INT64), call.typed(2, INT64)
    if value.type.kind != "ARRAY":
        return call.refuse("ARRAY_SLICE takes an array", 0, received=str(value.type))

    def cut(a: str, i: str, j: str) -> str:
        first = f"(CASE WHEN {i} < 0 THEN greatest(len({a}) + {i}, 0) ELSE {i} END + 1)"
        last = f"(CASE WHEN {j} < 0 THEN len({a}) + {j} ELSE {j} END + 1)"
        return f"CASE WHEN {a} IS NULL OR {i} IS NULL OR {j} IS NULL THEN NULL WHEN {last} < {first} THEN [] ELSE list_slice({a}, {first}, {last}) END"

    return Value(call.rewriter.bind([value, start, end], cut), value.type)


def _series(call: Call, type_: QueryType, start: Value, end: Value, step: Value) -> Value:
    failure = call.rewriter.fail("the step of an array is not 0")

    def made(a: str, b: str, s: str) -> str:
        if type_ == INT64:
            listed = f"generate_series({a}, {b}, {s})"
        else:
            listed = f"list_transform(generate_series(0::BIGINT, CAST(floor(({b} - {a}) / {s} + 1e-9) AS BIGINT)), lambda hagane_i: CAST({a} + hagane_i * {s} AS {type_.duckdb}))"
        empty = f"WHEN ({s} > 0 AND {a} > {b}) OR ({s} < 0 AND {a} < {b}) THEN []"
        return f"CASE WHEN {a} IS NULL OR {b} IS NULL OR {s} IS NULL THEN NULL WHEN {s} = 0 THEN {failure} {empty} ELSE {listed} END"

    sql = call.rewriter.bind([start, end, step], made)
    return Value(f"CAST({sql} AS {type_.duckdb}[])", QueryType("ARRAY", element=type_))


def generate(call: Call) -> Value:
    """GENERATE_ARRAY."""
    if not call.count(2, 3):
        return Value("NULL", UNKNOWN)
    values = call.values()
    type_ = join_types(values)
    if type_ is None or type_.kind not in ("INT64", "FLOAT64", "NUMERIC", "NULL"):
        return call.refuse("GENERATE_ARRAY takes numbers", received=", ".join(str(value.type) for value in values))
    type_ = INT64 if type_ == NULL else type_
    parts = [convert(call.rewriter, value, type_) for value in values]
    one = Value("1::BIGINT" if type_ == INT64 else "1e0", type_, 1)
    call.rewriter.safe = call.safe
    return _series(call, type_, parts[0], parts[1], parts[2] if len(parts) == 3 else one)


def generate_times(call: Call) -> Value:
    """GENERATE_DATE_ARRAY and GENERATE_TIMESTAMP_ARRAY."""
    from hagane.sql.queries.functions.intervals import plain_interval

    type_ = DATE if call.name == "GENERATE_DATE_ARRAY" else TIMESTAMP
    if not call.count(2 if type_ == DATE else 3, 3):
        return Value("NULL", UNKNOWN)
    start, end = call.typed(0, type_), call.typed(1, type_)
    number, part = Value("1::BIGINT", INT64, 1), "DAY"
    if len(call.arguments) == 3:
        found = plain_interval(call, 2)
        if found is None:
            return Value("NULL", UNKNOWN)
        number, part = found
    allowed = (
        ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
        if type_ == DATE
        else ("MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY")
    )
    if part not in allowed:
        return call.refuse(f"{call.name} takes no {part}", 2, expected=", ".join(allowed))
    from hagane.sql.queries.functions.dates import step_sql

    call.rewriter.safe = call.safe
    failure = call.rewriter.fail("the step of an array is not 0")
    length = _longest(part, type_)

    def made(a: str, b: str, n: str) -> str:
        count = f"CAST(abs({_distance(a, b, type_)}) // (abs({n}) * {length}) AS BIGINT) + 1"
        moment = step_sql(type_, a, f"(hagane_i * {n})", part, "+")
        listed = f"list_filter(list_transform(generate_series(0::BIGINT, {count}), lambda hagane_i: {moment}), lambda hagane_d: CASE WHEN {n} > 0 THEN hagane_d <= {b} ELSE hagane_d >= {b} END)"
        empty = f"WHEN ({n} > 0 AND {a} > {b}) OR ({n} < 0 AND {a} < {b}) THEN []"
        return f"CASE WHEN {a} IS NULL OR {b} IS NULL OR {n} IS NULL THEN NULL WHEN {n} = 0 THEN {failure} {empty} ELSE {listed} END"

    sql = call.rewriter.bind([start, end, number], made)
    return Value(f"CAST({sql} AS {type_.duckdb}[])", QueryType("ARRAY", element=type_))


def _distance(a: str, b: str, type_: QueryType) -> str:
    return f"date_diff('day', {a}, {b})" if type_ == DATE else f"(epoch_us({b}) - epoch_us({a}))"


def _longest(part: str, type_: QueryType) -> int:
    """The shortest a part may be, in days or µs."""
    if type_ == DATE:
        return {"DAY": 1, "WEEK": 7, "MONTH": 28, "QUARTER": 89, "YEAR": 365}[part]
    return {
        "MICROSECOND": 1,
        "MILLISECOND": 1000,
        "SECOND": 10**6,
        "MINUTE": 60 * 10**6,
        "HOUR": 3600 * 10**6,
        "DAY": 86400 * 10**6,
    }[part]


FUNCTIONS: dict[str, Any] = {
    "ARRAY_CONCAT": concat,
    "ARRAY_FIRST": ["ARRAY<T> -> T: CASE WHEN len({0}) = 0 THEN {fail|ARRAY_FIRST of an empty array} ELSE {0}[1] END"],
    "ARRAY_LAST": ["ARRAY<T> -> T: CASE WHEN len({0}) = 0 THEN {fail|ARRAY_LAST of an empty array} ELSE {0}[-1] END"],
    "ARRAY_LENGTH": ["ARRAY<T> -> INT64: CAST(len({0}) AS BIGINT)"],
    "ARRAY_REVERSE": ["ARRAY<T> -> ARRAY<T>: list_reverse({0})"],
    "ARRAY_SLICE": slice_,
    "ARRAY_TO_STRING": to_string,
    "GENERATE_ARRAY": generate,
    "GENERATE_DATE_ARRAY": generate_times,
    "GENERATE_TIMESTAMP_ARRAY": generate_times,
}

__all__ = ["FLOAT64", "FUNCTIONS", "element", "json_element"]
