"""The functions of arrays as DuckDB's SQL, in the form of `duckdb_functions`."""

from __future__ import annotations

import math
from collections.abc import Callable

from hagane.sql.duckdb_literals import float_sql, string_sql
from hagane.sql.expression import Call
from hagane.sql.functions.arrays import LOG_SEPARATORS
from hagane.types import SqlType

Bound = tuple[str, ...]
Render = Callable[[Call, Bound], str]


def _split(call: Call, bound: Bound) -> str:
    """DuckDB splits by an empty delimiter into grapheme clusters: code points are taken by their places instead."""
    if getattr(call.arguments[1], "value", "") != "":
        return f"string_split({bound[0]}, {bound[1]})"
    places = f"generate_series(1, greatest(length({bound[0]}), 1))"
    parts = f"list_transform({places}, lambda hagane_p: substring({bound[0]}, hagane_p, 1))"
    return f"CASE WHEN {bound[0]} IS NULL THEN NULL ELSE {parts} END"


def _element(call: Call, bound: Bound) -> str:
    return f"{bound[0]}[{int(str(call.modifiers[0])) + 1}]"


def _concat(call: Call, bound: Bound) -> str:
    null = " OR ".join(f"{array} IS NULL" for array in bound)
    return f"CASE WHEN {null} THEN NULL ELSE list_concat({', '.join(bound)}) END"


def _in_unnest(call: Call, bound: Bound) -> str:
    x, array = bound
    unknown = f"len(list_filter({array}, lambda hagane_e: hagane_e IS NULL)) > 0"
    found = f"WHEN list_contains({array}, {x}) THEN TRUE WHEN {unknown} THEN NULL ELSE FALSE END"
    if call.arguments[0].type is SqlType.FLOAT64:
        found = f"WHEN isnan({x}) THEN CASE WHEN {unknown} THEN NULL ELSE FALSE END {found}"
    return f"CASE WHEN {array} IS NULL OR len({array}) = 0 THEN FALSE WHEN {x} IS NULL THEN NULL {found}"


def _text_analyze(call: Call, bound: Bound) -> str:
    analyzer, pattern, is_lower = call.modifiers
    text = f"lower({bound[0]})" if is_lower else bound[0]
    match analyzer:
        case "NO_OP_ANALYZER":
            found = f"[{text}]"
        case "PATTERN_ANALYZER":
            found = f"regexp_extract_all({text}, {string_sql(str(pattern))})"
            found = f"list_filter({found}, lambda hagane_e: hagane_e <> '')"
        case _:
            found = f"string_split_regex({text}, {string_sql(LOG_SEPARATORS)})"
            found = f"list_filter({found}, lambda hagane_e: hagane_e <> '')"
    return f"CASE WHEN {bound[0]} IS NULL THEN NULL ELSE {found} END"


def _ngrams(call: Call, bound: Bound) -> str:
    least, most, separator = call.modifiers
    array = bound[0]
    tokens = f"{array}[hagane_p:hagane_p + hagane_n - 1]"
    known = f"len(list_filter({tokens}, lambda hagane_e: hagane_e IS NULL)) = 0"
    joined = f"CASE WHEN {known} THEN array_to_string({tokens}, {string_sql(str(separator))}) END"
    sizes = f"generate_series({least}, least({most}, len({array}) - hagane_p + 1))"
    starts = f"generate_series(1, len({array}))"
    grams = f"list_transform({starts}, lambda hagane_p: list_transform({sizes}, lambda hagane_n: {joined}))"
    return f"CASE WHEN {array} IS NULL THEN NULL WHEN len({array}) = 0 THEN {array} ELSE flatten({grams}) END"


def _norm_of(array: str, degree: float) -> str:
    """The norm of a list without NULLs."""
    numbers = f"list_transform({array}, lambda hagane_e: abs(CAST(hagane_e AS DOUBLE)))"
    if degree == math.inf:
        return f"coalesce(list_max({numbers}), {float_sql(0.0)})"
    power = {1.0: "hagane_a", 2.0: "hagane_a * hagane_a"}.get(degree, f"pow(hagane_a, {float_sql(degree)})")
    total = f"coalesce(list_sum(list_transform({numbers}, lambda hagane_a: {power})), {float_sql(0.0)})"
    return {1.0: total, 2.0: f"sqrt({total})"}.get(degree, f"pow({total}, {float_sql(1 / degree)})")


def _whole(*arrays: str) -> str:
    """Whether the arrays are there, and each of their elements."""
    parts = (f"{a} IS NOT NULL AND len(list_filter({a}, lambda hagane_e: hagane_e IS NULL)) = 0" for a in arrays)
    return " AND ".join(parts)


def _lp_norm(call: Call, bound: Bound) -> str:
    return f"CASE WHEN {_whole(bound[0])} THEN {_norm_of(bound[0], float(str(call.modifiers[0])))} END"


def _normalizer(call: Call, bound: Bound) -> str:
    norm = _norm_of(bound[0], float(str(call.modifiers[0])))
    scaled = "CASE WHEN hagane_d = 0 THEN CAST(hagane_x AS DOUBLE) ELSE CAST(hagane_x AS DOUBLE) / hagane_d END"
    inner = f"list_transform({bound[0]}, lambda hagane_x: {scaled})"
    return f"CASE WHEN {_whole(bound[0])} THEN list_transform([{norm}], lambda hagane_d: {inner})[1] END"


def _distance(call: Call, bound: Bound) -> str:
    a, b = (f"list_transform({array}, lambda hagane_e: CAST(hagane_e AS DOUBLE))" for array in bound)
    pairs = f"list_zip({a}, {b})"
    first, second = "hagane_p[1]", "hagane_p[2]"

    def total(term: str) -> str:
        return f"coalesce(list_sum(list_transform({pairs}, lambda hagane_p: {term})), {float_sql(0.0)})"

    difference = f"({first} - {second})"
    match call.modifiers[0]:
        case "EUCLIDEAN":
            value = f"sqrt({total(f'{difference} * {difference}')})"
        case "MANHATTAN":
            value = total(f"abs{difference}")
        case _:
            norms = f"(sqrt({total(f'{first} * {first}')}) * sqrt({total(f'{second} * {second}')}))"
            value = f"CASE WHEN {norms} = 0 THEN NULL ELSE 1 - {total(f'{first} * {second}')} / {norms} END"
    same = f"len({bound[0]}) = len({bound[1]})"
    return f"CASE WHEN {_whole(*bound)} AND {same} THEN {value} END"


ARRAY_RENDER: dict[str, Render] = {
    "SPLIT": _split,
    "ARRAY": lambda call, bound: f"[{', '.join(bound)}]",
    "ARRAY_LENGTH": lambda call, bound: f"len({bound[0]})",
    "ELEMENT": _element,
    "ARRAY_CONCAT": _concat,
    "ARRAY_REVERSE": lambda call, bound: f"list_reverse({bound[0]})",
    "IN UNNEST": _in_unnest,
    "TEXT_ANALYZE": _text_analyze,
    "ML.NGRAMS": _ngrams,
    "ML.NORMALIZER": _normalizer,
    "ML.LP_NORM": _lp_norm,
    "ML.DISTANCE": _distance,
}
"""Canonical name → DuckDB's SQL."""
