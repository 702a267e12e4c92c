"""Types of arguments: which overload of a function fits, and the casts that make its arguments fit."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence

from hagane.sql.expression import Call, Expression, Literal
from hagane.sql.functions import Overload, Signature
from hagane.types import SqlType

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_TIMESTAMP = re.compile(
    r"\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6}))?)?)?"
    r"\s*(Z|UTC|[+-]\d{1,2}(?::?\d{2})?)?\s*",
    re.IGNORECASE,
)


def cast(argument: Expression, type_: SqlType, *, safe: bool = False) -> Expression:
    """`argument` as `type_`: itself, a literal of that type, or an explicit CAST."""
    if argument.type is type_:
        return argument
    if isinstance(argument, Literal) and (literal := literal_as(argument, type_)) is not None:
        return literal
    return Call("CAST", (argument,), type_, (safe,), span=argument.span)


def coerce(argument: Expression, type_: SqlType) -> Expression | None:
    """`argument` as `type_` where BigQuery does that unasked (INT64 to FLOAT64, NULL, dates in quotes), else None."""
    if argument.type is type_:
        return argument
    if isinstance(argument, Literal) and argument.value is None and argument.type is SqlType.INT64:
        return Literal(None, type_, span=argument.span)
    if argument.type is SqlType.INT64 and type_ is SqlType.FLOAT64:
        return cast(argument, type_)
    is_quoted = isinstance(argument, Literal) and argument.type is SqlType.STRING
    return literal_as(argument, type_) if is_quoted and type_ in (SqlType.DATE, SqlType.TIMESTAMP) else None


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
            value = {"true": True, "false": False}.get(text.strip().lower())
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
    found = _TIMESTAMP.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second = (int(group or 0) for group in found.groups()[:6])
    try:
        moment = datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.UTC)
    except ValueError:
        return None
    microseconds = int((found[7] or "0").ljust(6, "0"))
    offset = _offset_minutes(found[8] or "")
    if offset is None:
        return None
    return (moment - EPOCH) // datetime.timedelta(microseconds=1) + microseconds - offset * 60_000_000


def date_days(text: str) -> int | None:
    """Days since 1970 of a DATE literal, or None."""
    found = re.fullmatch(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})\s*", text)
    if not found:
        return None
    try:
        return (datetime.date(*(int(group) for group in found.groups())) - EPOCH.date()).days
    except ValueError:
        return None


def _offset_minutes(text: str) -> int | None:
    if text.upper() in ("", "Z", "UTC"):
        return 0
    digits = text[1:].replace(":", "")
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    return (hours * 60 + minutes) * (-1 if text[0] == "-" else 1) if hours <= 14 and minutes < 60 else None


def _float(text: str) -> float | None:
    name = text.strip().lower().lstrip("+")
    if name in ("inf", "-inf", "infinity", "-infinity"):
        return -math.inf if name[0] == "-" else math.inf
    if not re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def _integer(text: str) -> int | None:
    if not re.fullmatch(r"\s*[+-]?\d{1,19}\s*", text):
        return None
    value = int(text)
    return value if -(2**63) <= value < 2**63 else None
