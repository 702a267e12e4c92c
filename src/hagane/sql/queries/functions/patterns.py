"""RE2 patterns: DuckDB's engine is BigQuery's; positions, occurrences and the rule of one group are written out."""

from __future__ import annotations

import re
from typing import Any

from hagane.sql.queries.call import Call
from hagane.sql.queries.literals import text_sql
from hagane.sql.queries.query_type import BOOL, BYTES, INT64, STRING, UNKNOWN, QueryType
from hagane.sql.queries.value import Value

_GROUP = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<group>\((?!\?)|\(\?P?<)", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def num_groups(pattern: str) -> int:
    r"""How many groups a pattern captures.

    >>> num_groups(r"(a)(?:b)[(](?P<c>d)\("), num_groups("a")
    (2, 0)
    """
    return sum(1 for found in _GROUP.finditer(pattern) if found["group"])


def _pattern(call: Call, place: int) -> Value | None:
    """The pattern, constant here where its groups matter."""
    pattern = call.typed(place, STRING)
    if pattern.is_constant and isinstance(pattern.constant, str) and num_groups(pattern.constant) > 1:
        call.refuse("a pattern has at most one group here", place, next_step="write (?:…) for groups that only join")
        return None
    if not pattern.is_constant and pattern.type != UNKNOWN:
        call.refuse(f"the pattern of {call.name} is a constant here", place)
        return None
    return pattern


def _text(call: Call) -> Value | None:
    value = call.value(0)
    if value.type == BYTES:
        call.refuse(f"{call.name} of BYTES is not supported here", 0, next_step="use SAFE_CONVERT_BYTES_TO_STRING")
        return None
    return call.as_type(value, STRING, 0)


def contains(call: Call) -> Value:
    """REGEXP_CONTAINS."""
    if not call.count(2):
        return Value("NULL", UNKNOWN)
    value = call.value(0)
    if value.type == BYTES:
        return call.rewriter.call("hagane_regexp_contains_bytes", BOOL, value.sql, call.typed(1, BYTES).sql)
    text, pattern = call.as_type(value, STRING, 0), call.typed(1, STRING)
    if call.safe:
        at_run = Value(f"concat({pattern.sql})", STRING)  # a constant's fault would be found before TRY is asked
        return Value(call.rewriter.bind_all([text, at_run], lambda s, p: f"TRY(regexp_matches({s}, {p}))"), BOOL)
    return Value(f"regexp_matches({text.sql}, {pattern.sql})", BOOL)


def extract(call: Call) -> Value:
    """REGEXP_EXTRACT, REGEXP_SUBSTR: the n-th match from a position on, or its group."""
    if not call.count(2, 4):
        return Value("NULL", UNKNOWN)
    text, pattern = _text(call), _pattern(call, 1)
    if text is None or pattern is None or pattern.constant is None:
        return Value("CAST(NULL AS VARCHAR)", STRING)
    group = min(num_groups(str(pattern.constant)), 1)
    position = call.typed(2, INT64) if len(call.arguments) > 2 else Value("1", INT64, 1)
    number = call.typed(3, INT64) if len(call.arguments) > 3 else Value("1", INT64, 1)
    call.rewriter.safe = call.safe
    if position.constant == 1 and number.constant == 1:
        sql = call.rewriter.bind([text], lambda s: _first(s, pattern.sql, group))
    else:
        failure = call.rewriter.fail("positions and occurrences count from 1")
        sql = call.rewriter.bind([text, position, number], lambda s, p, n: (
            f"CASE WHEN {p} < 1 OR {n} < 1 THEN {failure} "
            f"WHEN {p} > length({s}) + 1 THEN NULL ELSE regexp_extract_all(substring({s}, {p}), {pattern.sql}, {group})[{n}] END"))  # fmt: skip
    return Value(sql, STRING)


def _first(s: str, pattern: str, group: int) -> str:
    """DuckDB gives '' where nothing matches, and where a group took no part."""
    if not group:
        return f"CASE WHEN regexp_matches({s}, {pattern}) THEN regexp_extract({s}, {pattern}) END"
    taken = f"regexp_extract({s}, {pattern}, 1)"
    whole = f"regexp_extract_all({s}, {pattern}, 1)[1]"
    return f"CASE WHEN regexp_matches({s}, {pattern}) THEN CASE WHEN {taken} <> '' THEN {taken} ELSE {whole} END END"


def extract_all(call: Call) -> Value:
    """REGEXP_EXTRACT_ALL."""
    if not call.count(2):
        return Value("NULL", UNKNOWN)
    text, pattern = _text(call), _pattern(call, 1)
    type_ = QueryType("ARRAY", element=STRING)
    if text is None or pattern is None:
        return Value("CAST(NULL AS VARCHAR[])", type_)
    group = min(num_groups(str(pattern.constant)), 1)
    return Value(f"regexp_extract_all({text.sql}, {pattern.sql}, {group})", type_)


def instr(call: Call) -> Value:
    """REGEXP_INSTR: where the n-th match, or its group, begins or ends."""
    if not call.count(2, 5):
        return Value("NULL", UNKNOWN)
    text, pattern = _text(call), _pattern(call, 1)
    if text is None or pattern is None:
        return Value("CAST(NULL AS BIGINT)", INT64)
    rest = [
        call.typed(place, INT64).sql if place < len(call.arguments) else default
        for place, default in ((2, "1::BIGINT"), (3, "1::BIGINT"), (4, "0::BIGINT"))
    ]
    call.rewriter.safe = call.safe
    return call.rewriter.call("hagane_regexp_instr", INT64, text.sql, pattern.sql, *rest)


def replace(call: Call) -> Value:
    r"""REGEXP_REPLACE: everywhere; `\0` to `\9` are groups."""
    if not call.count(3):
        return Value("NULL", UNKNOWN)
    text = _text(call)
    if text is None:
        return Value("NULL", UNKNOWN)
    pattern, by = call.typed(1, STRING), call.typed(2, STRING)
    if by.is_constant and isinstance(by.constant, str):
        for found in _ESCAPED.finditer(by.constant):
            if found[1] not in "0123456789\\":
                return call.refuse(f"\\{found[1]} is nothing in a replacement", 2, expected=r"\0 to \9, or \\")
    return Value(f"regexp_replace({text.sql}, {pattern.sql}, {by.sql}, 'g')", STRING)


FUNCTIONS: dict[str, Any] = {
    "REGEXP_CONTAINS": contains,
    "REGEXP_EXTRACT": extract,
    "REGEXP_SUBSTR": extract,
    "REGEXP_EXTRACT_ALL": extract_all,
    "REGEXP_INSTR": instr,
    "REGEXP_REPLACE": replace,
}

__all__ = ["FUNCTIONS", "num_groups", "text_sql"]
