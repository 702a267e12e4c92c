"""RANGE of DATE, DATETIME and TIMESTAMP: a STRUCT of start and end, NULL where unbounded."""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from hagane.sql.queries.call import Call
from hagane.sql.queries.conversions import convert, join_types
from hagane.sql.queries.query_type import BOOL, DATE, NULL, UNKNOWN, QueryType
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.time_literals import time_literal
from hagane.sql.queries.value import Value

_LITERAL = re.compile(r"\[([^,]*), ([^)]*)\)")
_BOUNDS = ("DATE", "DATETIME", "TIMESTAMP")


def range_literal(rewriter: Rewriter, text: str, type_: QueryType, node: exp.Expression) -> Value:
    """`RANGE<DATE> '[2020-01-01, UNBOUNDED)'`."""
    element = type_.element or DATE
    found = _LITERAL.fullmatch(text)
    ends = [_end(part, element) for part in found.groups()] if found else [None]
    if None in ends:
        return rewriter.refuse(f"this is no {type_}", node, expected="[start, end)", received=text)
    return Value(f'struct_pack("start" := {ends[0]}, "end" := {ends[1]})', type_)


def _end(text: str, element: QueryType) -> str | None:
    return (
        f"CAST(NULL AS {element.duckdb})"
        if text.strip().upper() in ("UNBOUNDED", "NULL")
        else time_literal(text.strip(), element.kind)
    )


def make(call: Call) -> Value:
    """RANGE(start, end)."""
    if not call.count(2):
        return Value("NULL", UNKNOWN)
    start, end = call.value(0), call.value(1)
    element = join_types([start, end])
    if element is None or (element.kind not in _BOUNDS and element != NULL):
        return call.refuse("RANGE takes two moments of one type", received=f"{start.type}, {end.type}")
    element = DATE if element == NULL else element
    call.rewriter.safe = call.safe
    failure = call.rewriter.fail("a range begins before it ends")
    values = [convert(call.rewriter, value, element) for value in (start, end)]
    sql = call.rewriter.bind(
        values, lambda a, b: f'CASE WHEN {a} >= {b} THEN {failure} ELSE struct_pack("start" := {a}, "end" := {b}) END'
    )
    return Value(sql, QueryType("RANGE", element=element))


def _range(call: Call, place: int) -> Value:
    value = call.value(place)
    if value.type.kind != "RANGE" and value.type != UNKNOWN:
        return call.refuse(f"{call.name} takes a RANGE", place, received=str(value.type))
    return value


def bound(call: Call) -> Value:
    """RANGE_START, RANGE_END."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    value = _range(call, 0)
    return Value(
        f"struct_extract({value.sql}, '{'start' if call.name == 'RANGE_START' else 'end'}')",
        value.type.element or UNKNOWN,
    )


def _ends(name: str) -> tuple[str, str]:
    return f"struct_extract({name}, 'start')", f"struct_extract({name}, 'end')"


def overlaps(call: Call) -> Value:
    """RANGE_OVERLAPS, RANGE_CONTAINS, RANGE_INTERSECT."""
    if not call.count(2):
        return Value("NULL", UNKNOWN)
    one, two = _range(call, 0), call.value(1)
    if UNKNOWN in (one.type, two.type):
        return Value("NULL", UNKNOWN)
    if call.name == "RANGE_CONTAINS" and two.type.kind != "RANGE":
        element = one.type.element or DATE
        moment = call.as_type(two, element, 1)
        return Value(call.rewriter.bind([one, moment], _holds), BOOL)
    if two.type != one.type:
        return call.refuse(f"{call.name} takes two ranges of one type", received=f"{one.type}, {two.type}")
    forms = {"RANGE_OVERLAPS": _meet, "RANGE_CONTAINS": _within, "RANGE_INTERSECT": _common}
    call.rewriter.safe = call.safe
    failure = call.rewriter.fail("the ranges do not overlap")
    sql = call.rewriter.bind([one, two], lambda a, b: forms[call.name](a, b).replace("{fail}", failure))
    return Value(sql, one.type if call.name == "RANGE_INTERSECT" else BOOL)


def _holds(a: str, x: str) -> str:
    start, end = _ends(a)
    return f"CASE WHEN {a} IS NULL OR {x} IS NULL THEN NULL ELSE coalesce({start} <= {x}, TRUE) AND coalesce({x} < {end}, TRUE) END"


def _meet(a: str, b: str) -> str:
    (mine, last), (theirs, end) = _ends(a), _ends(b)
    return f"CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL ELSE coalesce({mine} < {end}, TRUE) AND coalesce({theirs} < {last}, TRUE) END"


def _within(a: str, b: str) -> str:
    (mine, last), (theirs, end) = _ends(a), _ends(b)
    fits = f"coalesce({mine} <= {theirs}, {mine} IS NULL) AND coalesce({end} <= {last}, {last} IS NULL)"
    return f"CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL ELSE {fits} END"


def _common(a: str, b: str) -> str:
    (mine, last), (theirs, end) = _ends(a), _ends(b)
    cut = f'struct_pack("start" := greatest({mine}, {theirs}), "end" := least({last}, {end}))'
    return f"CASE WHEN {_meet(a, b)} THEN {cut} WHEN {a} IS NOT NULL AND {b} IS NOT NULL THEN {{fail}} END"


def generate(call: Call) -> Value:
    """GENERATE_RANGE_ARRAY: the range cut into parts of a width."""
    from hagane.sql.queries.functions.dates import step_sql
    from hagane.sql.queries.functions.intervals import plain_interval

    if not call.count(2):
        return Value("NULL", UNKNOWN)
    value, found = _range(call, 0), plain_interval(call, 1)
    element = value.type.element
    if found is None or element is None:
        return Value("NULL", UNKNOWN)
    number, part = found
    if part not in ("DAY", "WEEK"):
        return call.refuse("GENERATE_RANGE_ARRAY takes DAY and WEEK here", 1)
    call.rewriter.safe = call.safe
    failure = call.rewriter.fail("the width is above 0, and the range has both ends")

    def made(r: str, n: str) -> str:
        start, end = _ends(r)
        count = f"((date_diff('day', {start}, {end}) + {n} * {7 if part == 'WEEK' else 1} - 1) // ({n} * {7 if part == 'WEEK' else 1}))"
        first, next_ = (
            step_sql(element, start, f"(hagane_i * {n})", part, "+"),
            step_sql(element, start, f"((hagane_i + 1) * {n})", part, "+"),
        )
        piece = f'struct_pack("start" := {first}, "end" := least({next_}, {end}))'
        listed = f"list_transform(generate_series(0::BIGINT, {count} - 1), lambda hagane_i: {piece})"
        return f"CASE WHEN {r} IS NULL OR {n} IS NULL THEN NULL WHEN {n} <= 0 OR {start} IS NULL OR {end} IS NULL THEN {failure} ELSE {listed} END"

    return Value(call.rewriter.bind([value, number], made), QueryType("ARRAY", element=value.type))


FUNCTIONS: dict[str, Any] = {
    "RANGE": make,
    "RANGE_START": bound,
    "RANGE_END": bound,
    "RANGE_OVERLAPS": overlaps,
    "RANGE_CONTAINS": overlaps,
    "RANGE_INTERSECT": overlaps,
    "GENERATE_RANGE_ARRAY": generate,
}
