"""Each function as DuckDB's SQL: one entry a function, given the call and the SQL of its arguments.

An entry gives NULL where the function fails. Where the arguments are not NULL that is all that NULL means, except
for the functions that `sql.functions` does not call strict: `to_duckdb.row_error` relies on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hagane.sql.buckets import bucket_names, inner_points
from hagane.sql.duckdb_arrays import ARRAY_RENDER
from hagane.sql.duckdb_casts import cast_sql
from hagane.sql.duckdb_literals import NAN, float_sql
from hagane.sql.duckdb_numbers import NUMBERS
from hagane.sql.duckdb_text import TEXT_RENDER
from hagane.sql.duckdb_time import TIME_RENDER
from hagane.sql.expression import Call
from hagane.sql.murmur import murmur3_sql
from hagane.sql.row_order import LONGEST_IN
from hagane.types import SqlType

Bound = tuple[str, ...]
Render = Callable[[Call, Bound], str]


def _is_float(call: Call) -> bool:
    return call.arguments[0].type is SqlType.FLOAT64


def _infix(operator: str) -> Render:
    return lambda call, bound: f"({f' {operator} '.join(bound)})"


def _function(name: str) -> Render:
    return lambda call, bound: f"{name}({', '.join(bound)})"


def _unless(condition: str, value: str) -> str:
    return f"CASE WHEN {condition} THEN NULL ELSE {value} END"


def _finite(bound: Bound, value: str) -> str:
    """NULL where the result is not finite though every argument is."""
    there = [f"isfinite({argument})" for argument in bound]
    return _unless(" AND ".join([*there, f"NOT isfinite({value})"]), value)


def _arithmetic(operator: str) -> Render:
    def render(call: Call, bound: Bound) -> str:
        value = f"{bound[0]} {operator} {bound[1]}"
        return _finite(bound, f"({value})") if _is_float(call) else f"TRY({value})"

    return render


def _comparison(operator: str) -> Render:
    def render(call: Call, bound: Bound) -> str:
        x, y = bound
        plain = f"({x} {operator} {y})"
        if not _is_float(call):
            return plain
        nan = "TRUE" if operator == "!=" else "FALSE"
        null = f"{x} IS NULL OR {y} IS NULL"
        return f"CASE WHEN {null} THEN NULL WHEN isnan({x}) OR isnan({y}) THEN {nan} ELSE {plain} END"

    return render


_EQUAL = _comparison("=")


def _in(call: Call, bound: Bound) -> str:
    plain = _is_one_of(bound[0], bound[1:])
    return f"CASE WHEN isnan({bound[0]}) THEN FALSE ELSE {plain} END" if _is_float(call) else plain


def _is_one_of(x: str, constants: Sequence[str]) -> str:
    """Of five constants and more DuckDB would make a join, and what comes out of a join is in no order."""
    if len(constants) <= LONGEST_IN:
        return f"({x} IN ({', '.join(constants)}))"
    *others, last = constants
    return f"CASE {x} {' '.join(f'WHEN {each} THEN TRUE' for each in others)} ELSE {x} = {last} END"


def _nullif(call: Call, bound: Bound) -> str:
    return _unless(_EQUAL(call, bound), bound[0])


def _divide(call: Call, bound: Bound) -> str:
    x, y = bound
    value = f"({x} / {y})"
    overflow = f"isfinite({x}) AND isfinite({y}) AND NOT isfinite({value})"
    return f"CASE WHEN {y} = 0 THEN NULL WHEN {overflow} THEN NULL ELSE {value} END"


def _mod(call: Call, bound: Bound) -> str:
    x, y = bound
    return f"CASE WHEN {y} = 0 THEN NULL WHEN {y} = -1 THEN {x} - {x} ELSE {x} % {y} END"


def _logarithm(name: str) -> Render:
    return lambda call, bound: _unless(f"{bound[0]} <= 0", f"{name}({bound[0]})")


def _log(call: Call, bound: Bound) -> str:
    x, base = bound
    fails = f"{x} <= 0 OR {base} <= 0 OR {base} = 1 OR {x} IS NULL OR {base} IS NULL"
    return f"CASE WHEN {fails} THEN NULL WHEN isinf({base}) THEN {NAN} ELSE ln({x}) / ln({base}) END"


def _sign(call: Call, bound: Bound) -> str:
    if not _is_float(call):
        return f"CAST(sign({bound[0]}) AS BIGINT)"
    return f"CASE WHEN isnan({bound[0]}) THEN {NAN} ELSE CAST(sign({bound[0]}) AS DOUBLE) END"


def _round(call: Call, bound: Bound) -> str:
    digits, x = int(str(call.modifiers[0])), bound[0]
    power = float_sql(float(f"1e{abs(digits)}"))
    if digits == 0:
        return f"round({x})"
    if digits < 0:
        return _finite(bound, f"(round({x} / {power}) * {power})")
    return f"CASE WHEN abs({x} * {power}) < {float_sql(2.0**52)} THEN round({x} * {power}) / {power} ELSE {x} END"


def _extreme(name: str) -> Render:
    def render(call: Call, bound: Bound) -> str:
        null = " OR ".join(f"{argument} IS NULL" for argument in bound)
        nan = " OR ".join(f"isnan({argument})" for argument in bound)
        value = f"{name}({', '.join(bound)})"
        middle = f"WHEN {nan} THEN {NAN} " if _is_float(call) else ""
        return f"CASE WHEN {null} THEN NULL {middle}ELSE {value} END"

    return render


def _upper(call: Call, bound: Bound) -> str:
    """DuckDB makes ß a capital ẞ, which is no simple mapping: only what stands between is put in capitals."""
    return f"array_to_string(list_transform(string_split({bound[0]}, 'ß'), lambda hagane_s: upper(hagane_s)), 'ß')"


def _bucketize(call: Call, bound: Bound) -> str:
    points, exclude, format_ = call.modifiers
    inner = inner_points(points, bool(exclude))  # type: ignore[arg-type]
    names = bucket_names(inner, str(format_))
    x = bound[0]
    cases = [f"WHEN {x} < {float_sql(p)} THEN '{name}'" for p, name in zip(inner, names[:-1], strict=True)]
    return f"CASE WHEN {x} IS NULL OR isnan({x}) THEN NULL {' '.join(cases)} ELSE '{names[-1]}' END"


RENDER: dict[str, Render] = {
    **{name: _arithmetic(name) for name in ("+", "-", "*")},
    **{name: _comparison(name) for name in ("=", "!=", "<", "<=", ">", ">=")},
    "/": _divide,
    "SAFE_DIVIDE": _divide,
    "IEEE_DIVIDE": _infix("/"),
    "NEG": lambda call, bound: f"(-{bound[0]})" if _is_float(call) else f"TRY(CAST(0 AS BIGINT) - {bound[0]})",
    "AND": _infix("AND"),
    "OR": _infix("OR"),
    "NOT": lambda call, bound: f"(NOT {bound[0]})",
    "IS NULL": lambda call, bound: f"({bound[0]} IS NULL)",
    "IN": _in,
    "COALESCE": _function("coalesce"),
    "NULLIF": _nullif,
    "CAST": cast_sql,
    "LN": _logarithm("ln"),
    "LOG10": _logarithm("log10"),
    "LOG": _log,
    "EXP": lambda call, bound: _finite(bound, f"exp({bound[0]})"),
    "SQRT": lambda call, bound: _unless(f"{bound[0]} < 0", f"sqrt({bound[0]})"),
    "POW": lambda call, bound: _finite(bound, f"pow({bound[0]}, {bound[1]})"),
    "ABS": lambda call, bound: f"abs({bound[0]})" if _is_float(call) else f"TRY(abs({bound[0]}))",
    "SIGN": _sign,
    "FLOOR": _function("floor"),
    "CEIL": _function("ceil"),
    "ROUND": _round,
    "LEAST": _extreme("least"),
    "GREATEST": _extreme("greatest"),
    "DIV": lambda call, bound: f"TRY({bound[0]} // {bound[1]})",
    "MOD": _mod,
    "LOWER": _function("lower"),
    "UPPER": _upper,
    "CONCAT": _infix("||"),
    "LENGTH": _function("length"),
    **TEXT_RENDER,
    "STARTS_WITH": _function("starts_with"),
    "ENDS_WITH": _function("ends_with"),
    "REGEXP_CONTAINS": _function("regexp_matches"),
    **ARRAY_RENDER,
    **TIME_RENDER,
    "ML.BUCKETIZE": _bucketize,
    "ML.HASH_BUCKETIZE": lambda call, bound: f"({murmur3_sql(bound[0])} % {call.modifiers[0]})",
    "ML.FEATURE_CROSS": _infix("|| '_' ||"),
    **NUMBERS,
}
"""Canonical name → DuckDB's SQL (CASE is the rewriter's own)."""
