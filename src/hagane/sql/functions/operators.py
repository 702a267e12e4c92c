"""Arithmetic, comparison and logic."""

from __future__ import annotations

from hagane.sql.functions.signature import (
    ALL,
    ARRAYS,
    BOOL,
    DIVISOR,
    FLOAT2,
    INT2,
    INT64,
    NUMBERS,
    ORDERED,
    OVERFLOW,
    Overload,
    Signature,
    each,
)

OPERATORS = (
    Signature("+", "x + y", "Sum.", each(NUMBERS, 2), fails=OVERFLOW),
    Signature("-", "x - y", "Difference.", each(NUMBERS, 2), fails=OVERFLOW),
    Signature("*", "x * y", "Product.", each(NUMBERS, 2), fails=OVERFLOW),
    Signature("/", "x / y", "Quotient, always FLOAT64.", FLOAT2, fails=DIVISOR),
    Signature("NEG", "-x", "Negation.", each(NUMBERS, 1), fails="x is the smallest INT64"),
    Signature("=", "x = y", "Equal.", each(ALL, 2, BOOL)),
    Signature("!=", "x != y", "Not equal.", each(ALL, 2, BOOL)),
    Signature("<", "x < y", "Less.", each(ORDERED, 2, BOOL)),
    Signature("<=", "x <= y", "Less or equal.", each(ORDERED, 2, BOOL)),
    Signature(">", "x > y", "Greater.", each(ORDERED, 2, BOOL)),
    Signature(">=", "x >= y", "Greater or equal.", each(ORDERED, 2, BOOL)),
    Signature("AND", "x AND y", "Three-valued and; evaluates both.", each((BOOL,), 2), strict=False),
    Signature("OR", "x OR y", "Three-valued or; evaluates both.", each((BOOL,), 2), strict=False),
    Signature("NOT", "NOT x", "Three-valued not.", each((BOOL,), 1)),
    Signature("IS NULL", "x IS NULL", "Whether x is NULL; never NULL.", each((*ALL, *ARRAYS), 1, BOOL), strict=False),
    Signature("IS DISTINCT FROM", "x IS DISTINCT FROM y", "Not equal, where NULL equals NULL and NaN NaN; never NULL.",
              each(ALL, 2, BOOL), strict=False),
    Signature("&", "x & y", "Bits set in both.", INT2),
    Signature("|", "x | y", "Bits set in one or both.", INT2),
    Signature("^", "x ^ y", "Bits set in one alone.", INT2),
    Signature("~", "~x", "Every bit turned.", each((INT64,), 1)),
    Signature("<<", "x << y", "Bits moved up by y, zeros behind; 0 for y >= 64.", INT2, fails="y < 0"),
    Signature(">>", "x >> y", "Bits moved down by y, zeros before; 0 for y >= 64.", INT2, fails="y < 0"),
    Signature("IN", "x IN (a, b, …)", "Equal to one of the constants.",
              tuple(Overload((t,), BOOL, repeated=(t,)) for t in ALL), strict=False, literals=(-1,)),
)  # fmt: skip
