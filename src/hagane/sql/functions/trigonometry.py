"""Trigonometric and hyperbolic functions; angles are in radians."""

from __future__ import annotations

from hagane.sql.functions.signature import FLOAT1, FLOAT2, Signature

_FAR = "|x| > 2^31"
_OVERFLOW = "the result overflows"
_ZERO = "x = 0"

TRIGONOMETRY = (
    Signature("SIN", "SIN(x)", "Sine.", FLOAT1, fails=_FAR, exact=False),
    Signature("COS", "COS(x)", "Cosine.", FLOAT1, fails=_FAR, exact=False),
    Signature("TAN", "TAN(x)", "Tangent.", FLOAT1, fails=_FAR, exact=False),
    Signature("COT", "COT(x)", "Cotangent.", FLOAT1, fails=f"{_ZERO} or {_FAR}", exact=False),
    Signature("SEC", "SEC(x)", "Secant.", FLOAT1, fails=_FAR, exact=False),
    Signature("CSC", "CSC(x)", "Cosecant.", FLOAT1, fails=f"{_ZERO} or {_FAR}", exact=False),
    Signature("ASIN", "ASIN(x)", "Inverse sine.", FLOAT1, fails="x < -1 or x > 1", exact=False),
    Signature("ACOS", "ACOS(x)", "Inverse cosine.", FLOAT1, fails="x < -1 or x > 1", exact=False),
    Signature("ATAN", "ATAN(x)", "Inverse tangent.", FLOAT1, exact=False),
    Signature("ATAN2", "ATAN2(y, x)", "The angle of the point (x, y).", FLOAT2, exact=False),
    Signature("SINH", "SINH(x)", "Hyperbolic sine.", FLOAT1, fails=_OVERFLOW, exact=False),
    Signature("COSH", "COSH(x)", "Hyperbolic cosine.", FLOAT1, fails=_OVERFLOW, exact=False),
    Signature("TANH", "TANH(x)", "Hyperbolic tangent.", FLOAT1, exact=False),
    Signature("COTH", "COTH(x)", "Hyperbolic cotangent.", FLOAT1, fails=_ZERO, exact=False),
    Signature("SECH", "SECH(x)", "Hyperbolic secant.", FLOAT1, exact=False),
    Signature("CSCH", "CSCH(x)", "Hyperbolic cosecant.", FLOAT1, fails=_ZERO, exact=False),
    Signature("ASINH", "ASINH(x)", "Inverse hyperbolic sine.", FLOAT1, exact=False),
    Signature("ACOSH", "ACOSH(x)", "Inverse hyperbolic cosine.", FLOAT1, fails="x < 1", exact=False),
    Signature("ATANH", "ATANH(x)", "Inverse hyperbolic tangent.", FLOAT1, fails="x <= -1 or x >= 1", exact=False),
)  # fmt: skip
