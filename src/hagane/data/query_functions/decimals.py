"""NUMERIC: nine decimals, halves away from zero, 29 digits before the point."""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

from hagane.data.query_functions.query_function import QueryFunction

_EXACT = Context(prec=100)
_STEP = Decimal("1e-9")
_MOST = Decimal("99999999999999999999999999999.999999999")
_NUMBER = re.compile(r"\s*([+-]?)\s*((?:\d[\d,]*)?(?:\.\d*)?(?:[eE][+-]?\d+)?)\s*([+-]?)\s*")
_MODES = {"half": ROUND_HALF_UP, "even": ROUND_HALF_EVEN, "down": ROUND_DOWN}


def numeric(number: Decimal) -> Decimal:
    """A number to nine decimals. Raises ValueError where it has more than 29 digits before them."""
    rounded = number.quantize(_STEP, ROUND_HALF_UP, _EXACT)
    if abs(rounded) > _MOST:
        raise ValueError("numeric overflow")
    return rounded


def divide(one: Decimal, two: Decimal) -> Decimal:
    """The exact quotient, rounded."""
    if not two:
        raise ValueError("division by zero")
    return numeric(_EXACT.divide(one, two))


def parse(text: str) -> Decimal:
    """PARSE_NUMERIC: a sign before or behind, commas between digits, blanks around the sign."""
    found = _NUMBER.fullmatch(text)
    if not found or not re.search(r"\d", found[2].split("e")[0].split("E")[0]) or (found[1] and found[3]):
        raise ValueError("this is no number")
    return numeric(Decimal((found[1] or found[3]) + found[2].replace(",", "")))


def round_to(number: Decimal, digits: int, mode: str) -> Decimal:
    """To so many decimals, before the point where negative."""
    if digits >= 9:
        return number
    if digits < -30:
        return Decimal(0)
    return numeric(number.quantize(Decimal(1).scaleb(-digits), _MODES[mode], _EXACT))


_TYPE = "DECIMAL(38, 9)"
FUNCTIONS: dict[str, QueryFunction] = {
    "numeric_divide": QueryFunction((_TYPE, _TYPE), _TYPE, divide),
    "numeric_multiply": QueryFunction((_TYPE, _TYPE), _TYPE, lambda one, two: numeric(_EXACT.multiply(one, two))),
    "numeric_round": QueryFunction((_TYPE, "BIGINT", "VARCHAR"), _TYPE, round_to),
    "parse_numeric": QueryFunction(("VARCHAR",), _TYPE, parse),
}
