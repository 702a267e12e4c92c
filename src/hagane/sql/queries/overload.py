"""`Overload`: one signature of a function, as a line of a table says it: types of arguments, type of result, SQL."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from hagane.sql.queries.query_type import (
    BOOL,
    BYTES,
    DATE,
    DATETIME,
    FLOAT64,
    GEOGRAPHY,
    INT64,
    INTERVAL,
    JSON,
    NULL,
    NUMERIC,
    STRING,
    TIME,
    TIMESTAMP,
    UNKNOWN,
    QueryType,
)
from hagane.sql.queries.value import Value

_NAMED = {
    str(type_): type_
    for type_ in (
        BOOL,
        BYTES,
        DATE,
        DATETIME,
        FLOAT64,
        GEOGRAPHY,
        INT64,
        INTERVAL,
        JSON,
        NUMERIC,
        STRING,
        TIME,
        TIMESTAMP,
    )
}
_CONSTANT_TEXT = ("DATE", "DATETIME", "TIME", "TIMESTAMP", "BYTES")
_STEPS = {
    ("INT64", "NUMERIC"): 1, ("NUMERIC", "FLOAT64"): 1, ("INT64", "FLOAT64"): 2, ("BIGNUMERIC", "FLOAT64"): 2,
    ("NUMERIC", "BIGNUMERIC"): 1, ("BIGNUMERIC", "NUMERIC"): 1, ("INT64", "BIGNUMERIC"): 2, ("DATE", "DATETIME"): 2,
    ("DATETIME", "TIMESTAMP"): 2, ("DATE", "TIMESTAMP"): 3,
}  # fmt: skip
"""What becomes what unasked, and how far a step it is."""


@dataclass(frozen=True, slots=True)
class Overload:
    """`STRING, INT64 -> STRING: left({0}, {1})`."""

    takes: tuple[QueryType, ...]
    gives: QueryType
    sql: str


@lru_cache(maxsize=2048)
def overload(line: str) -> Overload:
    """The signature that a line says.

    >>> overload("ARRAY<T>, INT64 -> T: {0}[{1}]").takes[0].kind
    'ARRAY'
    """
    head, sql = line.split(": ", 1)
    takes, gives = head.split("->")
    parts = [part.strip() for part in takes.split(",")] if takes.strip() else []
    return Overload(tuple(_type(part) for part in parts), _type(gives.strip()), sql)


def _type(text: str) -> QueryType:
    if text.startswith("ARRAY<"):
        return QueryType("ARRAY", element=_type(text[6:-1]))
    return _NAMED.get(text) or QueryType(text)


def matched(signature: Overload, values: list[Value]) -> tuple[int, dict[str, QueryType]] | None:
    """How far the arguments are from what the signature takes, and what its letters stand for; None where they are not."""
    if len(values) != len(signature.takes):
        return None
    total, letters = 0, dict[str, QueryType]()
    for wanted, value in zip(signature.takes, values, strict=True):
        step = _distance(wanted, value, letters)
        if step is None:
            return None
        total += step
    return total, letters


def _distance(wanted: QueryType, value: Value, letters: dict[str, QueryType]) -> int | None:
    have = value.type
    if have in (NULL, UNKNOWN) or wanted.kind == "ANY":
        return 0
    if len(wanted.kind) == 1:
        return _letter(wanted.kind, value, letters)
    if wanted.kind == "ARRAY":
        if have.kind != "ARRAY":
            return None
        assert wanted.element is not None
        return _distance(wanted.element, Value("", have.element or INT64), letters)
    return step(value, wanted)


def _letter(letter: str, value: Value, letters: dict[str, QueryType]) -> int | None:
    bound = letters.get(letter)
    if bound is None or bound == NULL:
        letters[letter] = value.type
        return 0
    if step(value, bound) is not None:
        return step(value, bound)
    if step(Value("", bound), value.type) is not None:
        letters[letter] = value.type
        return step(Value("", bound), value.type)
    return None


def step(value: Value, wanted: QueryType) -> int | None:
    """How far a value's type is from another that it becomes unasked: 0 is the same, None never."""
    have = value.type
    if have in (NULL, UNKNOWN) or (have.kind == wanted.kind and have.kind not in ("ARRAY", "STRUCT", "RANGE")):
        return 0
    if have.kind == "STRING" and value.is_constant and wanted.kind in _CONSTANT_TEXT:
        return 4
    if have.kind == wanted.kind == "ARRAY":
        return step(Value("", have.element or NULL), wanted.element or NULL) if have.element != wanted.element else 0
    if have.kind == wanted.kind == "STRUCT":
        pairs = zip(have.fields, wanted.fields, strict=False)
        steps = [step(Value("", mine), theirs) for (_, mine), (_, theirs) in pairs]
        known = [found for found in steps if found is not None]
        return sum(known) if len(known) == len(steps) and len(have.fields) == len(wanted.fields) else None
    if have.kind == wanted.kind:
        return 0
    return _STEPS.get((have.kind, wanted.kind))
