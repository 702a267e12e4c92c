"""Trigonometry, bits and buckets as DuckDB's SQL: the entries of `duckdb_functions.RENDER` for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hagane.sql.duckdb_literals import NAN, float_sql, literal_sql
from hagane.sql.expression import Call, Literal
from hagane.types import SqlType

Bound = tuple[str, ...]
Render = Callable[[Call, Bound], str]

_FAR = float_sql(2.0**31)


def _total(sql: str) -> Render:
    """A FLOAT64 function that never fails; `{0}`, `{1}` are its arguments."""
    return lambda call, bound: f"({sql.format(*bound)})"


def _partial(sql: str) -> Render:
    """NULL where the argument is finite and the result is not."""

    def render(call: Call, bound: Bound) -> str:
        value = sql.format(*bound)
        return f"CASE WHEN isfinite({bound[0]}) AND NOT isfinite({value}) THEN NULL ELSE {value} END"

    return render


def _of_angle(sql: str) -> Render:
    """As `_partial`, and NULL for angles too large to mean anything."""

    def render(call: Call, bound: Bound) -> str:
        (x,), value = bound, sql.format(*bound)
        fails = f"isfinite({x}) AND (abs({x}) > {_FAR} OR NOT isfinite({value}))"
        return f"CASE WHEN NOT isfinite({x}) THEN {NAN} WHEN {fails} THEN NULL ELSE {value} END"

    return render


def _atan2(call: Call, bound: Bound) -> str:
    """A zero counts without its sign."""
    y, x = (f"CASE WHEN {argument} = 0 THEN {float_sql(0.0)} ELSE {argument} END" for argument in bound)
    return f"atan2({y}, {x})"


def _trunc(call: Call, bound: Bound) -> str:
    digits, x = int(str(call.modifiers[0])), bound[0]
    if digits == 0:
        return f"trunc({x})"
    power = float_sql(float(f"1e{abs(digits)}"))
    if digits < 0:
        value = f"(trunc({x} / {power}) * {power})"
        return f"CASE WHEN abs({value}) > abs({x}) THEN {x} ELSE {value} END"
    value = f"(trunc({x} * {power}) / {power})"
    is_kept = f"abs({x} * {power}) >= {float_sql(2.0**52)} OR isnan({x}) OR abs({value}) > abs({x})"
    return f"CASE WHEN {is_kept} THEN {x} ELSE {value} END"


def _shift(operator: str) -> Render:
    """On 128 bits, of which the lower 64 are kept: DuckDB's << fails where bits fall out, its >> copies the sign."""

    def render(call: Call, bound: Bound) -> str:
        x, y = bound
        places = f"CAST(greatest(least({y}, 63), 0) AS INTEGER)"
        shifted = f"((({_unsigned(x)}) {operator} {places}) & {_MASK})"
        value = f"CAST(CASE WHEN {shifted} >= {_TOP} THEN {shifted} - {_MODULUS} ELSE {shifted} END AS BIGINT)"
        is_null = f"{y} < 0 OR {y} IS NULL OR {x} IS NULL"
        return f"CASE WHEN {is_null} THEN NULL WHEN {y} > 63 THEN CAST(0 AS BIGINT) ELSE {value} END"

    return render


_MODULUS = "CAST(18446744073709551616 AS HUGEINT)"
_TOP = "CAST(9223372036854775808 AS HUGEINT)"
_MASK = "CAST(18446744073709551615 AS HUGEINT)"


def _unsigned(x: str) -> str:
    """The 64 bits of x as a number from 0 to 2^64 - 1."""
    return f"CAST({x} AS HUGEINT) + CASE WHEN {x} < 0 THEN {_MODULUS} ELSE CAST(0 AS HUGEINT) END"


def _range_bucket(call: Call, bound: Bound) -> str:
    x, type_ = bound[0], call.arguments[0].type
    points: tuple[Any, ...] = call.modifiers[0]  # type: ignore[assignment]
    reached = " + ".join(f"CAST({x} >= {literal_sql(Literal(point, type_))} AS BIGINT)" for point in points)
    nan = f" OR isnan({x})" if type_ is SqlType.FLOAT64 else ""
    return f"CASE WHEN {x} IS NULL{nan} THEN NULL ELSE CAST({reached or 0} AS BIGINT) END"


NUMBERS: dict[str, Render] = {
    "SIN": _of_angle("sin({0})"),
    "COS": _of_angle("cos({0})"),
    "TAN": _of_angle("tan({0})"),
    "COT": _of_angle("(1.0::DOUBLE / tan({0}))"),
    "SEC": _of_angle("(1.0::DOUBLE / cos({0}))"),
    "CSC": _of_angle("(1.0::DOUBLE / sin({0}))"),
    "ASIN": _partial("asin({0})"),
    "ACOS": _partial("acos({0})"),
    "ATAN": _total("atan({0})"),
    "ATAN2": _atan2,
    "SINH": _partial("sinh({0})"),
    "COSH": _partial("cosh({0})"),
    "TANH": _total("tanh({0})"),
    "COTH": _partial("(1.0::DOUBLE / tanh({0}))"),
    "SECH": _total("CASE WHEN abs({0}) > 500 THEN 2.0::DOUBLE * exp(-abs({0})) ELSE 1.0::DOUBLE / cosh({0}) END"),
    "CSCH": _partial(
        "(CASE WHEN abs({0}) > 500 THEN sign({0}) * 2.0::DOUBLE * exp(-abs({0})) ELSE 1.0::DOUBLE / sinh({0}) END)"
    ),
    "ASINH": _total("asinh({0})"),
    "ACOSH": _partial("acosh({0})"),
    "ATANH": _partial("atanh({0})"),
    "CBRT": _total("cbrt({0})"),
    "TRUNC": _trunc,
    "IS_NAN": _total("isnan({0})"),
    "IS_INF": _total("isinf({0})"),
    "IS DISTINCT FROM": _total("{0} IS DISTINCT FROM {1}"),
    "&": _total("{0} & {1}"),
    "|": _total("{0} | {1}"),
    "^": lambda call, bound: f"xor({bound[0]}, {bound[1]})",
    "~": _total("~{0}"),
    "<<": _shift("<<"),
    ">>": _shift(">>"),
    "BIT_COUNT": lambda call, bound: f"CAST(bit_count({bound[0]}) AS BIGINT)",
    "RANGE_BUCKET": _range_bucket,
}
"""Canonical name → DuckDB's SQL."""
