"""Forms of arrays that are no plain calls: elements, membership, words of a text, n-grams, norms and distances."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from sqlglot import exp

from hagane.errors import nearest
from hagane.sql.coerce import coerce
from hagane.sql.expression import Expression, Literal
from hagane.sql.functions import FUNCTIONS
from hagane.sql.functions.arrays import ANALYZER_NAMES, DISTANCES
from hagane.sql.patterns import pattern_fault
from hagane.sql.regex.extraction import plan_tokens
from hagane.sql.source import WAY_OUT
from hagane.types import SqlType

if TYPE_CHECKING:
    from hagane.sql.binder import Binder

MOST_ELEMENTS = 100_000
MOST_TOKENS = 32
WORDS = r"\b\w{2,}\b"
"""PATTERN_ANALYZER's default: two or more of A-Z a-z 0-9 _ (RE2's \\w knows no other letters)."""


class Normalizer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`{"normalizer": {"mode": "LOWER"}}`: one of TEXT_ANALYZE's token filters."""

    normalizer: dict[str, str]


class AnalyzerOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part of TEXT_ANALYZE's `analyzer_options` that can be compiled."""

    patterns: tuple[str, ...] = (WORDS,)
    token_filters: tuple[Normalizer, ...] = ()


def bind_element(binder: Binder, node: exp.Expression) -> Expression | None:
    """`array[OFFSET(k)]` and its kin, or None after noting the faults."""
    array = binder.bind(node.this)
    if len(node.expressions) != 1:
        return binder.refuse(node)
    index = binder.bind(node.expressions[0])
    if array is None or index is None:
        return None
    if not array.type.is_array:
        binder.source.fault("only an array has elements", node, expected="array[OFFSET(k)]", received=array.type.value)
        return None
    number = index.value if isinstance(index, Literal) else None
    first = node.args.get("offset") or 0
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number - first < MOST_ELEMENTS:
        binder.source.fault("the place of an element must be a constant", node.expressions[0],
                            expected=f"a whole number from {first} to {MOST_ELEMENTS - 1 + first:,}",
                            next_step=WAY_OUT)  # fmt: skip
        return None
    call = binder.call("ELEMENT", (array,), node, (number - first,))
    return binder.as_safe(call) if call is not None and node.args.get("safe") else call


def bind_in_unnest(binder: Binder, node: exp.In) -> Expression | None:
    """`x IN UNNEST(array)`, or None after noting the faults."""
    parts = binder.bind_each([node.this, *node.args["unnest"].expressions])
    return None if parts is None else binder.call("IN UNNEST", parts, node)


def bind_text_analyze(binder: Binder, node: exp.Anonymous) -> Expression | None:
    """`TEXT_ANALYZE(text, analyzer => …, analyzer_options => …)`, or None after noting the faults."""
    named = {str(part.this.name).lower(): part.expression for part in node.expressions if isinstance(part, exp.Kwarg)}
    plain = [part for part in node.expressions if not isinstance(part, exp.Kwarg)]
    known = ("analyzer", "analyzer_options")
    for name in named.keys() - set(known):
        binder.source.fault(f"TEXT_ANALYZE has no option {name}", named[name], nearest=nearest(name, known))
    if len(plain) != 1:
        binder.source.fault("TEXT_ANALYZE takes one text", node, expected=FUNCTIONS["TEXT_ANALYZE"].usage)
        return None
    text = binder.bind(plain[0])
    analyzer = _choice(binder, named.get("analyzer"), ANALYZER_NAMES, "analyzer")
    options = _analyzer_options(binder, named.get("analyzer_options"), analyzer)
    if text is None or analyzer is None or options is None or named.keys() - set(known):
        return None
    return binder.call("TEXT_ANALYZE", (text,), node, (analyzer, *options))


def _analyzer_options(binder: Binder, node: exp.Expression | None, analyzer: str | None) -> tuple[str, bool] | None:
    """The pattern, and whether letters are made small."""
    is_lower = analyzer != "NO_OP_ANALYZER"
    if node is None:
        return (WORDS if analyzer == "PATTERN_ANALYZER" else "", is_lower)
    bound = binder.bind(node)
    text = bound.value if isinstance(bound, Literal) else None
    expected = '{"patterns": ["…"], "token_filters": [{"normalizer": {"mode": "NONE" or "LOWER"}}]}'
    try:
        options = msgspec.json.decode(str(text), type=AnalyzerOptions)
    except msgspec.MsgspecError as error:
        binder.source.fault("these analyzer_options cannot be compiled", node, expected=expected, received=str(error))
        return None
    modes = [filter_.normalizer.get("mode") for filter_ in options.token_filters]
    if analyzer != "PATTERN_ANALYZER" or len(options.patterns) != 1 or not set(modes) <= {"NONE", "LOWER"}:
        binder.source.fault("these analyzer_options cannot be compiled", node, next_step=WAY_OUT,
                            expected=expected + " of PATTERN_ANALYZER")  # fmt: skip
        return None
    if reason := pattern_fault(options.patterns[0]):
        binder.source.fault("this is not an RE2 pattern", node, received=reason)
        return None
    try:
        plan_tokens(options.patterns[0])
    except ValueError as error:
        binder.source.fault("TEXT_ANALYZE cannot be compiled with this pattern", node, received=str(error),
                            next_step=WAY_OUT)  # fmt: skip
        return None
    return options.patterns[0], modes[-1:] != ["NONE"]


def bind_ngrams(binder: Binder, node: exp.Dot) -> Expression | None:
    """`ML.NGRAMS(tokens, [least, most] or count[, separator])`, or None after noting the faults."""
    arguments = _arguments(binder, node, "ML.NGRAMS", 2, 3)
    if arguments is None:
        return None
    tokens, size = binder.bind(arguments[0]), _sizes(binder, arguments[1])
    separator = _text(binder, arguments[2], "separator") if len(arguments) > 2 else " "
    if tokens is None or size is None or separator is None:
        return None
    return binder.call("ML.NGRAMS", (tokens,), node, (*size, separator))


def _sizes(binder: Binder, node: exp.Expression) -> tuple[int, int] | None:
    parts = binder.bind_each(node.expressions if isinstance(node, exp.Array) else [node])
    if parts is None:
        return None
    numbers = [part.value for part in parts if isinstance(part, Literal) and type(part.value) is int]
    if len(numbers) == len(parts) <= 2 and numbers and 1 <= numbers[0] <= numbers[-1] <= MOST_TOKENS:
        return int(numbers[0]), int(numbers[-1])
    binder.source.fault("these are no sizes of n-grams", node,
                        expected=f"a whole number from 1 to {MOST_TOKENS}, or two of them, ascending")  # fmt: skip
    return None


def bind_norm(binder: Binder, node: exp.Dot, name: str) -> Expression | None:
    """`ML.NORMALIZER(array[, p])` or `ML.LP_NORM(array, p)`, or None after noting the faults."""
    arguments = _arguments(binder, node, name, 1 if name == "ML.NORMALIZER" else 2, 2)
    if arguments is None:
        return None
    array = binder.bind(arguments[0])
    degree = _degree(binder, arguments[1]) if len(arguments) > 1 else 2.0
    return None if array is None or degree is None else binder.call(name, (array,), node, (degree,))


def _degree(binder: Binder, node: exp.Expression) -> float | None:
    bound = binder.bind(node)
    number = coerce(bound, SqlType.FLOAT64) if bound is not None else None
    value = number.value if isinstance(number, Literal) else None
    if isinstance(value, float) and (value == 0 or value >= 1):
        return math.inf if value == 0 else value
    if bound is not None:
        binder.source.fault("this is no degree of a norm", node,
                            expected="the constant 0, a number from 1 up, or CAST('+inf' AS FLOAT64)")  # fmt: skip
    return None


def bind_distance(binder: Binder, node: exp.Dot) -> Expression | None:
    """`ML.DISTANCE(a, b[, type])`, or None after noting the faults."""
    arguments = _arguments(binder, node, "ML.DISTANCE", 2, 3)
    if arguments is None:
        return None
    vectors = binder.bind_each(arguments[:2])
    kind = _choice(binder, arguments[2] if len(arguments) > 2 else None, DISTANCES, "type of distance")
    return None if vectors is None or kind is None else binder.call("ML.DISTANCE", vectors, node, (kind,))


def bind_named_distance(kind: str) -> Callable[[Binder, exp.Expression], Expression | None]:
    """`COSINE_DISTANCE(a, b)` or `EUCLIDEAN_DISTANCE(a, b)`: ML.DISTANCE of that kind."""

    def bind(binder: Binder, node: exp.Expression) -> Expression | None:
        vectors = binder.bind_each([node.this, node.expression])
        return None if vectors is None else binder.call("ML.DISTANCE", vectors, node, (kind,))

    return bind


def _arguments(binder: Binder, node: exp.Dot, name: str, least: int, most: int) -> list[exp.Expression] | None:
    arguments: list[exp.Expression] = node.expression.expressions
    if least <= len(arguments) <= most:
        return arguments
    binder.source.fault(f"{name} takes {least} to {most} arguments", node, expected=FUNCTIONS[name].usage)
    return None


def _choice(binder: Binder, node: exp.Expression | None, choices: tuple[str, ...], what: str) -> str | None:
    """One of `choices`, whatever its letters; the first where `node` is None."""
    if node is None:
        return choices[0]
    text = _text(binder, node, what)
    if text is None or text.upper() in choices:
        return None if text is None else text.upper()
    binder.source.fault(f"this is no {what}", node, expected=" or ".join(map(repr, choices)),
                        nearest=nearest(text.upper(), choices))  # fmt: skip
    return None


def _text(binder: Binder, node: exp.Expression, what: str) -> str | None:
    bound = binder.bind(node)
    if isinstance(bound, Literal) and isinstance(bound.value, str):
        return bound.value
    if bound is not None:
        binder.source.fault(f"the {what} must be a constant text", node)
    return None
