"""Mathematical functions."""

from __future__ import annotations

from hagane.sql.functions.signature import (
    DATE,
    DIVISOR,
    FLOAT1,
    FLOAT2,
    FLOAT64,
    INT2,
    INT64,
    NUMBERS,
    TIMESTAMP,
    Signature,
    each,
    many,
)

MATHEMATICS = (
    Signature("LN", "LN(x)", "Natural logarithm.", FLOAT1, fails="x <= 0", exact=False),
    Signature("LOG10", "LOG10(x)", "Logarithm to base 10.", FLOAT1, fails="x <= 0", exact=False),
    Signature("LOG", "LOG(x, base)", "Logarithm to a base.", FLOAT2, exact=False,
              fails="x <= 0, base <= 0 or base = 1"),
    Signature("EXP", "EXP(x)", "e to the power of x.", FLOAT1, fails="the result overflows", exact=False),
    Signature("SQRT", "SQRT(x)", "Square root.", FLOAT1, fails="x < 0"),
    Signature("POW", "POW(x, y)", "x to the power of y.", FLOAT2, exact=False,
              fails="x < 0 is finite and y no integer, x = 0 and y < 0, or the result overflows"),
    Signature("ABS", "ABS(x)", "Absolute value.", each(NUMBERS, 1), fails="x is the smallest INT64"),
    Signature("SIGN", "SIGN(x)", "-1, 0 or 1; NaN for NaN.", each(NUMBERS, 1)),
    Signature("FLOOR", "FLOOR(x)", "The greatest whole number <= x.", FLOAT1),
    Signature("CEIL", "CEIL(x)", "The smallest whole number >= x.", FLOAT1),
    Signature("TRUNC", "TRUNC(x)", "x without its fraction.", FLOAT1),
    Signature("ROUND", "ROUND(x, n)", "x to n decimals (0 where left out), half away from zero.", FLOAT1,
              modifiers=("n",), fails="the result overflows (n < 0)"),
    Signature("LEAST", "LEAST(x, y, …)", "The smallest; NaN where one is NaN.",
              many((INT64, FLOAT64, TIMESTAMP, DATE))),
    Signature("GREATEST", "GREATEST(x, y, …)", "The greatest; NaN where one is NaN.",
              many((INT64, FLOAT64, TIMESTAMP, DATE))),
    Signature("DIV", "DIV(x, y)", "Whole quotient, towards zero.", INT2, fails=DIVISOR),
    Signature("MOD", "MOD(x, y)", "Remainder of DIV, with the sign of x.", INT2, fails="the divisor is 0"),
    Signature("SAFE_DIVIDE", "SAFE_DIVIDE(x, y)", "x / y, NULL where that fails.", FLOAT2, fails=DIVISOR, safe=True),
    Signature("IEEE_DIVIDE", "IEEE_DIVIDE(x, y)", "x / y by IEEE 754: ±inf and NaN instead of errors.", FLOAT2),
)  # fmt: skip
