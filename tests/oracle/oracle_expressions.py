"""Hypothesis strategies of well-typed expression trees, drawn from the table of functions itself.

A function added to `FUNCTIONS` is drawn at once; only modifiers and constant arguments need a strategy of their own.
"""

from __future__ import annotations

import math

from hypothesis import strategies as st
from oracle_rows import POOLS, SCHEMA

from hagane.sql.bind_arrays import WORDS
from hagane.sql.expression import Call, ColumnRef, Expression, Literal
from hagane.sql.functions import (
    BUCKET_FORMATS,
    DATE_PARTS,
    DATE_STEPS,
    FUNCTIONS,
    MICROSECONDS,
    SPANS,
    TIME_PARTS,
    Overload,
    Signature,
)
from hagane.sql.time_formats import DATE_ELEMENTS, TIME_ELEMENTS
from hagane.types import SqlType

PATTERNS = [
    "a",
    "^a",
    "b$",
    "^$",
    ".",
    "a.b",
    "(?s:a.b)",
    "[a-z]+",
    r"\d",
    r"\s",
    "(?i)A",
    "x|y",
    "^(ab?|c)$",
    "é",
    r"\p{Greek}",
    "(a)b",
    r"\.",
    r"\bb",
    "日",
    ".",
]
EXTRACTED = [
    "a", "a+", "^a(.)", "(b+)$", "a*", "^[a-z]*$", "([0-9]+)-", r"(?:^|[ -])(\d+)", "(.*?)[: ]", "^(.*):", "ab|abc|a",
    r"\b(\w+)\b", "(?s:a.b)", "(?i)(S+)t?", "日(.)", r"\.([^.]*)$", "[^a-z]{2,}", "x{250}", r"^\s*(\S+)",
    "ß(ß*)ß", "\0b?", r"\p{Greek}(\pL)", r"^\PL*(\pL+)",
]  # fmt: skip
DELIMITERS = ["", ",", "a", "ab", "日", " ", ".", "\0"]
AFFIXES = ["", "a", "A", " ", "日", "x" * 300, "😀", "\0", "a\0", ".", "ß", "\\", "("]

SEPARATORS = [affix for affix in AFFIXES if affix]
CONSTANTS: dict[tuple[str, int], list[object]] = {
    ("STARTS_WITH", 1): AFFIXES,
    ("ENDS_WITH", 1): AFFIXES,
    **{(name, 1): [*AFFIXES, "ab", " \n日a", "]^-\\"] for name in ("TRIM", "LTRIM", "RTRIM")},
    ("SUBSTR", 1): [0, 1, 2, 3, 7, 300, 1200, -1, -2, -5, -300],
    ("SUBSTR", 2): [0, 1, 2, 5, 299, 2500],
    **{(name, 1): [0, 1, 3, 8, 256] for name in ("LPAD", "RPAD")},
    **{(name, 2): SEPARATORS for name in ("LPAD", "RPAD")},
    ("REPEAT", 1): [0, 1, 2, 3, 7],
    ("REGEXP_EXTRACT", 1): EXTRACTED,
    ("REPLACE", 1): [*AFFIXES, "ab"],
    ("REPLACE", 2): AFFIXES,
    ("STRPOS", 1): [*AFFIXES, "b"],
    ("SPLIT[OFFSET]", 1): SEPARATORS,
    ("SPLIT[SAFE_OFFSET]", 1): SEPARATORS,
}
"""Function and place → the constants that may stand there."""
ZONES = ["UTC", "UTC", "+09:00", "-03:30", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe", "Europe/Dublin"]
DATE_FORMATS = ["%Y-%m-%d", "%Y%m%d", "%F", " %d %b %Y ", "%B, %e. %y", "%m/%d/%Y", "%D", "no date", "%Y", "%E4Y.%m"]
TIME_FORMATS = ["%F %T", "%FT%H:%M:%E*S", "%Y%m%d%H%M%S", "%d/%b/%Y:%H:%M", "%k:%M:%E3S", "%F %R"]

CARRIES_ULPS = {"*": (0, 1), "NEG": (0,), "ABS": (0,), "CASE": None, "COALESCE": None}
"""Where an inexact value may stand: it goes through without a step and without cancellation."""


NEVER_SAFE = ("/", "<<", ">>", "CAST", "SPLIT[OFFSET]", "ML.NORMALIZER", "ML.LP_NORM", "ML.DISTANCE")
"""Of these there is no form with the SAFE. prefix."""


def literals(type_: SqlType) -> st.SearchStrategy[Literal]:
    """Constants that occur in the rows too; never NaN or -0.0, of which there are no constants."""
    pool = [
        v
        for v in POOLS[type_]
        if not (isinstance(v, float) and (math.isnan(v) or (v == 0 and math.copysign(1, v) < 0)))
    ]
    return st.sampled_from(pool).map(lambda value: Literal(value, type_))


def columns(type_: SqlType) -> st.SearchStrategy[ColumnRef]:
    """A raw column of the type."""
    return st.sampled_from([ColumnRef(c.name, c.type) for c in SCHEMA if c.type is type_])


def leaves(type_: SqlType) -> st.SearchStrategy[Expression]:
    """Columns mostly, constants, now and then a typed NULL (there are no constants of arrays)."""
    if type_.is_array:
        return columns(type_)
    return st.one_of(columns(type_), columns(type_), columns(type_), literals(type_), st.just(Literal(None, type_)))


@st.composite
def expressions(draw: st.DrawFn, type_: SqlType, depth: int, inexact: bool = True) -> Expression:
    """A tree of `type_` of at most `depth` calls; with values of last bits unsure only where `inexact`."""
    choices = [
        (signature, overload)
        for signature in FUNCTIONS.values()
        for overload in signature.overloads
        if overload.result is type_ and (inexact or signature.exact)
    ]
    if depth <= 0 or draw(st.integers(0, 5)) == 0:
        return draw(leaves(type_))
    signature, overload = draw(st.sampled_from(choices))
    return draw(calls(signature, overload, depth, inexact))


@st.composite
def calls(draw: st.DrawFn, signature: Signature, overload: Overload, depth: int, inexact: bool = True) -> Expression:
    """A call of one overload."""
    many = 3 if signature.name != "ML.FEATURE_CROSS" else 1  # more fields make several features
    repeats = draw(st.integers(1, many)) if overload.repeated else 0
    parameters = (*overload.first, *overload.repeated * repeats, *overload.last)
    carried = CARRIES_ULPS.get(signature.name, ())
    arguments = []
    for index, parameter in enumerate(parameters):
        passes = inexact and parameter is SqlType.FLOAT64 and (carried is None or index in carried)
        arguments.append(draw(_argument(signature, index, parameter, depth - 1, passes)))
    if signature.name == "CAST" and isinstance(arguments[0], Literal):
        arguments[0] = draw(columns(parameters[0]))
    modifiers = draw(_modifiers(signature.name, overload))
    can_be_safe = bool(signature.fails) and not signature.safe and signature.name not in NEVER_SAFE
    safe = can_be_safe and draw(st.integers(0, 4)) == 0
    return Call(signature.name, tuple(arguments), overload.result, modifiers, safe=safe)


def _argument(
    signature: Signature, index: int, type_: SqlType, depth: int, inexact: bool
) -> st.SearchStrategy[Expression]:
    if signature.name == "REGEXP_CONTAINS" and index == 1:
        return st.sampled_from(PATTERNS).map(lambda text: Literal(text, SqlType.STRING))
    if signature.name == "SPLIT" and index == 1:
        return st.sampled_from(DELIMITERS).map(lambda text: Literal(text, SqlType.STRING))
    if (signature.name, index) in CONSTANTS:
        return st.sampled_from(CONSTANTS[signature.name, index]).map(lambda value: Literal(value, type_))
    if index in signature.literals or (-1 in signature.literals and index > 0):
        return literals(type_)
    if signature.name == "IEEE_DIVIDE" and index == 1:
        return leaves(type_)  # the one place where the sign of a zero counts
    return expressions(type_, depth, inexact)


def _modifiers(name: str, overload: Overload) -> st.SearchStrategy[tuple[object, ...]]:
    match name:
        case "CAST":
            return st.tuples(st.booleans())
        case "ROUND":
            return st.tuples(st.sampled_from([0, 0, 0, 1, 2, 3, 10, 22, -1, -2, -22]))
        case "TRUNC":
            return st.tuples(st.sampled_from([0, 0, 1, 2, 3, 10, 22, -1, -2, -22]))
        case "RANGE_BUCKET":
            return st.tuples(_whole_points() if overload.first != (SqlType.FLOAT64,) else _points())
        case "EXTRACT" if overload.first == (SqlType.DATE,):
            return st.tuples(st.sampled_from(DATE_PARTS), st.just("UTC"))
        case "ELEMENT":
            return st.tuples(st.integers(0, 5))
        case "TEXT_ANALYZE":
            patterns = st.sampled_from([WORDS, "[a-z]+", r"\w", ".", "a|ab", "(b|.)+?", r"\pL+"]).map(
                lambda text: ("PATTERN_ANALYZER", text)
            )
            by_pattern = st.tuples(patterns, st.booleans()).map(lambda drawn: (*drawn[0], drawn[1]))
            return st.one_of(by_pattern, st.sampled_from([("LOG_ANALYZER", "", True), ("NO_OP_ANALYZER", "", False)]))
        case "ML.NGRAMS":
            sizes = st.tuples(st.integers(1, 3), st.integers(0, 2), st.sampled_from([" ", "", "日"]))
            return sizes.map(lambda drawn: (drawn[0], drawn[0] + drawn[1], drawn[2]))
        case "ML.NORMALIZER" | "ML.LP_NORM":
            return st.tuples(st.sampled_from([1.0, 2.0, 3.0, 1.5, math.inf]))
        case "ML.DISTANCE":
            return st.tuples(st.sampled_from(["EUCLIDEAN", "MANHATTAN", "COSINE"]))
        case "EXTRACT":
            return st.tuples(st.sampled_from(DATE_PARTS + TIME_PARTS), st.sampled_from(ZONES))
        case "DATE" if len(overload.first) == 3:
            return st.just(())
        case "DATE" | "TIMESTAMP":
            return st.tuples(st.sampled_from(ZONES))
        case "DATE_ADD" | "DATE_SUB":
            return st.tuples(st.sampled_from(DATE_STEPS))
        case "DATE_DIFF" | "DATE_TRUNC":
            return st.tuples(st.sampled_from(SPANS))
        case "LAST_DAY":
            return st.tuples(st.sampled_from(SPANS[:-1]))
        case "TIMESTAMP_ADD" | "TIMESTAMP_SUB" | "TIMESTAMP_DIFF":
            return st.tuples(st.sampled_from(list(MICROSECONDS)))
        case "TIMESTAMP_TRUNC":
            return st.tuples(st.sampled_from(list(dict.fromkeys((*SPANS, *MICROSECONDS)))), st.sampled_from(ZONES))
        case "SPLIT[OFFSET]" | "SPLIT[SAFE_OFFSET]":
            return st.tuples(st.sampled_from([0, 0, 1, 2, 9]))
        case "FORMAT_DATE":
            return st.tuples(_formats(DATE_ELEMENTS))
        case "FORMAT_TIMESTAMP":
            return st.tuples(_formats(DATE_ELEMENTS | TIME_ELEMENTS), st.sampled_from(ZONES))
        case "PARSE_DATE":
            return st.tuples(st.sampled_from(DATE_FORMATS))
        case "PARSE_TIMESTAMP":
            return st.tuples(st.sampled_from((*DATE_FORMATS, *TIME_FORMATS)), st.sampled_from(ZONES))
        case "ML.HASH_BUCKETIZE":
            return st.tuples(st.sampled_from([1, 2, 7, 1000, 2**31 - 1]))
        case "ML.BUCKETIZE":
            return st.tuples(_points(), st.booleans(), st.sampled_from(BUCKET_FORMATS))
        case _:
            assert not FUNCTIONS[name].modifiers, f"draw modifiers for {name}"
            return st.just(())


def _formats(elements: frozenset[str]) -> st.SearchStrategy[str]:
    """Any elements with texts between them."""
    parts = st.one_of(st.sampled_from(sorted(f"%{element}" for element in elements)), st.sampled_from(AFFIXES[1:7]))
    return st.lists(parts, max_size=4).map("".join)


def _points() -> st.SearchStrategy[tuple[float, ...]]:
    finite = sorted({float(value) + 0.0 for value in POOLS[SqlType.FLOAT64] if math.isfinite(value)})
    some = st.lists(st.sampled_from(finite), min_size=3, max_size=6, unique=True)
    many = st.integers(20, 60).map(lambda count: [float(point) for point in range(-count, count)])
    return st.one_of(some, some, many).map(lambda points: tuple(sorted(points)))


def _whole_points() -> st.SearchStrategy[tuple[int, ...]]:
    """Points that are an INT64, a DATE and a TIMESTAMP."""
    points = st.integers(-700_000, 2_900_000)
    return st.lists(points, max_size=40).map(lambda points: tuple(sorted(points)))


@st.composite
def features(draw: st.DrawFn, depth: int = 4) -> Expression:
    """A tree of any type that reads a column, its root a call."""
    signature = draw(st.sampled_from(list(FUNCTIONS.values())))
    overload = draw(st.sampled_from(signature.overloads))
    return with_column(draw(calls(signature, overload, depth)))


def with_column(expression: Expression) -> Expression:
    """The expression, made to read a column where it reads none."""
    from hagane.sql.expression import columns_of

    if columns_of(expression):
        return expression
    if expression.type.is_array:
        return Call("ARRAY", (with_column(Literal(None, expression.type.element)),), expression.type)
    column = next(ColumnRef(c.name, c.type) for c in SCHEMA if c.type is expression.type)
    return Call("COALESCE", (expression, column), expression.type)
