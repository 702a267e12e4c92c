"""COALESCE and its kin, and ERROR."""

from __future__ import annotations

from typing import Any

from hagane.sql.queries.call import Call
from hagane.sql.queries.conversions import convert, join_types
from hagane.sql.queries.operators import compared
from hagane.sql.queries.query_type import BOOL, INT64, NULL, STRING, UNKNOWN
from hagane.sql.queries.value import Value


def coalesce(call: Call) -> Value:
    """COALESCE, IFNULL."""
    if not call.count(*((2, 2) if call.name == "IFNULL" else (1, 1000))):
        return Value("NULL", UNKNOWN)
    values = call.values()
    type_ = join_types(values)
    if type_ is None:
        return call.refuse(
            f"the arguments of {call.name} have no common type", received=", ".join(str(v.type) for v in values)
        )
    type_ = INT64 if type_ == NULL else type_
    return Value(f"COALESCE({', '.join(convert(call.rewriter, value, type_).sql for value in values)})", type_)


def nullif(call: Call) -> Value:
    """NULLIF: by BigQuery's `=`, which NaN fails."""
    if not call.count(2):
        return Value("NULL", UNKNOWN)
    one, two = call.values()
    type_ = join_types([one, two])
    if type_ is None:
        return call.refuse("the arguments of NULLIF have no common type", received=f"{one.type}, {two.type}")
    same = compared(call.rewriter, "=", one, two, call.node).sql
    kept = convert(call.rewriter, one, type_)
    return Value(f"(CASE WHEN {same} THEN NULL ELSE {kept.sql} END)", INT64 if type_ == NULL else type_)


def condition(call: Call) -> Value:
    """IF, where it is parsed as a call."""
    if not call.count(3):
        return Value("NULL", UNKNOWN)
    when = call.typed(0, BOOL)
    values = [call.value(1), call.value(2)]
    type_ = join_types(values)
    if type_ is None:
        return call.refuse("the results of IF have no common type", received=", ".join(str(v.type) for v in values))
    then, other = (convert(call.rewriter, value, type_) for value in values)
    return Value(f"CASE WHEN {when.sql} THEN {then.sql} ELSE {other.sql} END", type_)


def error(call: Call) -> Value:
    """ERROR: of any type."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    return Value(f"error({call.typed(0, STRING).sql})", NULL)


FUNCTIONS: dict[str, Any] = {
    "COALESCE": coalesce,
    "IFNULL": coalesce,
    "NULLIF": nullif,
    "IF": condition,
    "ERROR": error,
    "NULLIFZERO": [f"{type_} -> {type_}: nullif({{0}}, 0)" for type_ in ("INT64", "NUMERIC", "FLOAT64")],
    "ZEROIFNULL": [f"{type_} -> {type_}: coalesce({{0}}, 0)" for type_ in ("INT64", "NUMERIC", "FLOAT64")],
}
