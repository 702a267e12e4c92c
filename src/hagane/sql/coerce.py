"""Types of arguments: which overload of a function fits, and the casts that make its arguments fit."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import replace

from hagane.sql import cast_patterns
from hagane.sql.expression import Call, Expression, Literal
from hagane.sql.functions import Overload, Signature
from hagane.types import SqlType

_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The first and the last µs of the years 1 to 9999."""
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_OFFSET = re.compile(r"([+-])(\d{1,2}):?(\d*)$")


def cast(argument: Expression, type_: SqlType, *, safe: bool = False) -> Expression:
    """`argument` as `type_`: itself, a literal of that type, or an explicit CAST."""
    if argument.type is type_:
        return argument
    if isinstance(argument, Literal) and (literal := literal_as(argument, type_)) is not None:
        return literal
    return Call("CAST", (argument,), type_, (safe,), span=argument.span)


def coerce(argument: Expression, type_: SqlType) -> Expression | None:
    """`argument` as `type_` where BigQuery does that unasked (INT64 to FLOAT64, in [1, 2] too, NULL, dates in
    quotes), else None."""
    if argument.type is type_:
        return argument
    if isinstance(argument, Literal) and argument.value is None and argument.type is SqlType.INT64:
        return Literal(None, type_, span=argument.span)
    if argument.type is SqlType.INT64 and type_ is SqlType.FLOAT64:
        return cast(argument, type_)
    if type_ is SqlType.ARRAY_FLOAT64 and isinstance(argument, Call) and argument.function == "ARRAY":
        return _as_floats(argument)
    is_quoted = isinstance(argument, Literal) and argument.type is SqlType.STRING
    return literal_as(argument, type_) if is_quoted and type_ in (SqlType.DATE, SqlType.TIMESTAMP) else None


def _as_floats(array: Call) -> Expression | None:
    """`[1, i]` as an array of FLOAT64."""
    elements = [coerce(element, SqlType.FLOAT64) for element in array.arguments]
    there = tuple(element for element in elements if element is not None)
    return replace(array, arguments=there, type=SqlType.ARRAY_FLOAT64) if len(there) == len(elements) else None


def resolve(signature: Signature, arguments: Sequence[Expression]) -> tuple[Overload, tuple[Expression, ...]] | None:
    """The first overload that takes these arguments, and the arguments as it wants them.

    >>> from hagane.sql.functions import FUNCTIONS
    >>> half, two = Literal(0.5, SqlType.FLOAT64), Literal(2, SqlType.INT64)
    >>> [literal.value for literal in resolve(FUNCTIONS["+"], (half, two))[1]]
    [0.5, 2.0]
    """
    for overload in signature.overloads:
        parameters = overload.parameters(len(arguments))
        if parameters is None:
            continue
        coerced = tuple(coerce(a, p) for a, p in zip(arguments, parameters, strict=True))
        if all(argument is not None for argument in coerced):
            return overload, tuple(argument for argument in coerced if argument is not None)
    return None


def literal_as(literal: Expression, type_: SqlType) -> Literal | None:
    """A constant converted while binding, or None where that cannot be (or is left to a CAST).

    >>> literal_as(Literal("2013-01-01", SqlType.STRING), SqlType.DATE).value
    15706
    """
    if not isinstance(literal, Literal):
        return None
    value: bool | int | float | None = None
    match literal.value, type_:
        case None, _:
            return Literal(None, type_, span=literal.span)
        case (bool(), _):
            return None
        case int(number), SqlType.FLOAT64 if literal.type is SqlType.INT64:
            value = float(number)
        case str(text), SqlType.FLOAT64:
            value = _float(text)
        case str(text), SqlType.INT64:
            value = _integer(text)
        case str(text), SqlType.BOOL:
            value = _bool(text)
        case str(text), SqlType.TIMESTAMP:
            value = timestamp_microseconds(text)
        case str(text), SqlType.DATE:
            value = date_days(text)
    return None if value is None else Literal(value, type_, span=literal.span)


def timestamp_microseconds(text: str) -> int | None:
    """µs since 1970 of a TIMESTAMP literal (UTC, or with an offset like +02:00), or None.

    >>> timestamp_microseconds("2013-01-01 00:00:00.5+01"), timestamp_microseconds("noon")
    (1356994800500000, None)
    """
    if not re.fullmatch(cast_patterns.TIMESTAMP, text):
        return None
    day, rest = re.split("[ Tt]", text + " ", maxsplit=1)
    days = date_days(day)
    clock = re.match(r"(\d+):(\d+):(\d+)(?:\.(\d+))?", rest)
    if days is None:
        return None
    hour, minute, second = (int(part) for part in clock.groups()[:3]) if clock else (0, 0, 0)
    fraction = int((clock[4] or "").ljust(6, "0")) if clock else 0
    minutes = hour * 60 + minute - _offset_minutes(rest.strip())
    moment = ((days * 1440 + minutes) * 60 + second) * 1_000_000 + fraction
    return moment if _FIRST <= moment <= _LAST else None


def date_days(text: str) -> int | None:
    """Days since 1970 of a DATE literal, or None."""
    if not re.fullmatch(cast_patterns.DATE, text):
        return None
    try:
        return (datetime.date(*(int(part) for part in text.split("-"))) - EPOCH.date()).days
    except ValueError:
        return None


def _offset_minutes(rest: str) -> int:
    found = _OFFSET.search(rest)
    return (int(found[2]) * 60 + int(found[3] or 0)) * (-1 if found[1] == "-" else 1) if found else 0


def _float(text: str) -> float | None:
    """NaN is left to a CAST: there is no constant NaN."""
    if re.fullmatch(cast_patterns.NOT_A_NUMBER, text) or re.fullmatch(cast_patterns.LONG_NUMBER, text):
        return None
    is_number = re.fullmatch(cast_patterns.NUMBER, text) or re.fullmatch(cast_patterns.INFINITE, text)
    return float(text) + 0.0 if is_number else None


def _integer(text: str) -> int | None:
    if re.fullmatch(cast_patterns.HEX, text):
        return int(text.strip(), 16)
    return int(text) if re.fullmatch(cast_patterns.DECIMAL, text) else None


def _bool(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower() if text.isascii() else "")
