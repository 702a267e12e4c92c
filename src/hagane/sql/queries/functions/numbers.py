"""Mathematical functions: where BigQuery raises, so does the SQL; where DuckDB gives inf or NaN instead."""

from __future__ import annotations

from typing import Any

from hagane.sql.queries.call import Call
from hagane.sql.queries.conversions import convert, join_types
from hagane.sql.queries.operators import may_be_nan
from hagane.sql.queries.query_type import BOOL, FLOAT64, INT64, NULL, UNKNOWN
from hagane.sql.queries.value import Value


def _real(sql: str) -> list[str]:
    return [f"FLOAT64 -> FLOAT64: {sql}"]


def _within(condition: str, sql: str, what: str) -> list[str]:
    """An error where `condition` holds."""
    return _real(f"CASE WHEN {condition} THEN {{fail|{what}}} ELSE {sql} END")


def _finite(sql: str, what: str) -> list[str]:
    """An error where a finite argument gives an infinite result."""
    return _real(f"CASE WHEN isinf({sql}) AND NOT isinf({{0}}) THEN {{fail|{what}}} ELSE {sql} END")


def _angle(sql: str) -> list[str]:
    return _real(f"CASE WHEN isinf({{0}}) THEN 'nan'::DOUBLE ELSE {sql} END")


_LOG = "CASE WHEN {0} <= 0 THEN {fail|logarithm of a number that is not positive} ELSE ln({0}) END"
_ROUNDS = ("round", "trunc")


def extreme(call: Call) -> Value:
    """GREATEST and LEAST: NULL where one is, NaN where one is."""
    values = call.values()
    type_ = join_types(values)
    if type_ is None or not values:
        return call.refuse(
            f"the arguments of {call.name} have no common type", received=", ".join(str(v.type) for v in values)
        )
    if type_.kind in ("ARRAY", "STRUCT", "JSON", "GEOGRAPHY"):
        return call.refuse(f"{call.name} takes no {type_.kind}")
    parts = [convert(call.rewriter, value, type_) for value in values]
    listed = ", ".join(part.sql for part in parts)
    null = " OR ".join(f"{part.sql} IS NULL" for part in parts if not part.is_constant or part.constant is None)
    nan = " OR ".join(f"isnan({part.sql})" for part in parts if may_be_nan(part)) if type_ == FLOAT64 else ""
    sql = f"{call.name.lower()}({listed})"
    if nan:
        sql = f"CASE WHEN {nan} THEN 'nan'::DOUBLE ELSE {sql} END"
    return Value(f"CASE WHEN {null} THEN NULL ELSE {sql} END" if null else sql, INT64 if type_ == NULL else type_)


def whole_division(call: Call) -> Value:
    """DIV and MOD."""
    if not call.count(2):
        return Value("NULL", UNKNOWN)
    one, two = call.value(0), call.value(1)
    type_ = join_types([one, two])
    if type_ == FLOAT64 or type_ is None:
        return call.refuse(f"{call.name} takes INT64 or NUMERIC", received=f"{one.type}, {two.type}")
    type_ = INT64 if type_ == NULL else type_
    x, d = convert(call.rewriter, one, type_), convert(call.rewriter, two, type_)
    if call.name == "DIV":
        quotient = f"{x.sql} // {{}}" if type_ == INT64 else f"CAST(trunc({x.sql} / {{}}) AS DECIMAL(38, 9))"
    else:
        quotient = f"{x.sql} % {{}}"
    from hagane.sql.queries.operators import divided

    call.rewriter.safe = call.safe
    return Value(divided(call.rewriter, x, d, quotient), type_)


def range_bucket(call: Call) -> Value:
    """RANGE_BUCKET: how many points are not above the value; they ascend and are not NULL."""
    if not call.count(2):
        return Value("NULL", UNKNOWN)
    point, array = call.value(0), call.value(1)
    if array.type.kind != "ARRAY":
        return call.refuse("RANGE_BUCKET takes an array of points", 1, received=str(array.type))
    element = join_types([point, Value("", array.type.element or NULL)])
    if element is None:
        return call.refuse("the point and the array are of different types", received=f"{point.type}, {array.type}")
    if element == NULL:
        return Value("CAST(NULL AS BIGINT)", INT64)
    from hagane.sql.queries.query_type import QueryType

    x = convert(call.rewriter, point, element)
    points = convert(call.rewriter, array, QueryType("ARRAY", element=element))
    call.rewriter.safe = call.safe
    failure = call.rewriter.fail("the points of RANGE_BUCKET ascend, and none is NULL")
    nan = f" OR isnan({x.sql})" if element == FLOAT64 and may_be_nan(x) else ""
    numbers = array.constant if array.is_constant else None
    fine = isinstance(numbers, list) and None not in numbers and numbers == sorted(numbers)
    count = "len(list_filter({1}, lambda hagane_p: hagane_p <= {0}))"
    check = "" if fine else f"WHEN list_count({{1}}) < len({{1}}) OR list_sort({{1}}) <> {{1}} THEN {failure} "
    return Value(
        call.rewriter.bind(
            [x, points],
            lambda p, a: (
                f"CASE WHEN {p} IS NULL OR {a} IS NULL{nan} THEN NULL {check.format(p, a)}ELSE {count.format(p, a)} END"
            ),
        ),
        INT64,
    )


def rounded(call: Call) -> Value:
    """ROUND and TRUNC."""
    if not call.count(1, 3 if call.name == "ROUND" else 2):
        return Value("NULL", UNKNOWN)
    value = call.value(0)
    if value.type in (UNKNOWN,):
        return value
    word = call.name.lower()
    if value.type.kind in ("NUMERIC", "BIGNUMERIC"):
        return _decimal_rounded(call, value, word)
    x = call.as_type(value, FLOAT64, 0)
    if len(call.arguments) == 1:
        return Value(f"{word}({x.sql})", FLOAT64)
    digits = call.typed(1, INT64)
    return Value(call.rewriter.bind([x, digits], lambda v, n: _digits(word, v, n)), FLOAT64)


def _digits(word: str, x: str, n: str) -> str:
    """By powers of ten in FLOAT64, as `docs/semantics.md` defines it for features."""
    up, down = f"({x} * power(10e0, {n}))", f"({x} / power(10e0, -({n})))"
    fine = f"CASE WHEN abs({up}) >= 4503599627370496e0 OR NOT isfinite({up}) THEN {x} ELSE {word}({up}) / power(10e0, {n}) END"
    return f"CASE WHEN {n} > 0 THEN {fine} WHEN {n} = 0 THEN {word}({x}) ELSE {word}({down}) * power(10e0, -({n})) END"


def _decimal_rounded(call: Call, value: Value, word: str) -> Value:
    even = False
    if len(call.arguments) == 3:
        mode = str(call.constant(2, "the mode")).upper()
        if mode not in ("ROUND_HALF_EVEN", "ROUND_HALF_AWAY_FROM_ZERO"):
            return call.refuse(
                f"there is no rounding mode {mode}", 2, expected="ROUND_HALF_EVEN or ROUND_HALF_AWAY_FROM_ZERO"
            )
        even = mode == "ROUND_HALF_EVEN"
    digits = call.typed(1, INT64).sql if len(call.arguments) > 1 else "0::BIGINT"
    call.rewriter.safe = call.safe
    mode = "even" if even else "half" if word == "round" else "down"
    done = call.rewriter.call(
        "hagane_numeric_round", value.type, f"CAST({value.sql} AS DECIMAL(38, 9))", digits, f"'{mode}'"
    )
    return Value(done.sql, value.type if value.type.width is None else convert(call.rewriter, value, value.type).type)


FUNCTIONS: dict[str, Any] = {
    "ABS": ["INT64 -> INT64: abs({0})", "NUMERIC -> NUMERIC: abs({0})", "FLOAT64 -> FLOAT64: abs({0})"],
    "ACOS": _within(
        "abs({0}) > 1 AND isfinite({0})",
        "CASE WHEN isfinite({0}) THEN acos({0}) ELSE 'nan'::DOUBLE END",
        "ACOS of a number beyond 1",
    ),
    "ACOSH": _within("{0} < 1", "acosh({0})", "ACOSH of a number below 1"),
    "ASIN": _within(
        "abs({0}) > 1 AND isfinite({0})",
        "CASE WHEN isfinite({0}) THEN asin({0}) ELSE 'nan'::DOUBLE END",
        "ASIN of a number beyond 1",
    ),
    "ASINH": _real("asinh({0})"),
    "ATAN": _real("atan({0})"),
    "ATAN2": ["FLOAT64, FLOAT64 -> FLOAT64: atan2({0}, {1})"],
    "ATANH": _within("abs({0}) >= 1", "atanh({0})", "ATANH of a number beyond 1"),
    "CBRT": _real("cbrt({0})"),
    **dict.fromkeys(
        ("CEIL", "CEILING"),
        [
            "FLOAT64 -> FLOAT64: ceil({0})",
            "NUMERIC -> NUMERIC: CAST(ceil({0}) AS DECIMAL(38, 9))",
            "INT64 -> FLOAT64: CAST({0} AS DOUBLE)",
        ],
    ),
    "COS": _angle("cos({0})"),
    "COSH": _finite("cosh({0})", "floating point overflow: COSH"),
    "COT": _within("{0} = 0", "CASE WHEN isinf({0}) THEN 'nan'::DOUBLE ELSE 1e0 / tan({0}) END", "COT of 0"),
    "COTH": _within("{0} = 0", "1e0 / tanh({0})", "COTH of 0"),
    "CSC": _within("{0} = 0", "CASE WHEN isinf({0}) THEN 'nan'::DOUBLE ELSE 1e0 / sin({0}) END", "CSC of 0"),
    "CSCH": _within("{0} = 0", "1e0 / sinh({0})", "CSCH of 0"),
    "COSINE_DISTANCE": [
        "ARRAY<FLOAT64>, ARRAY<FLOAT64> -> FLOAT64: CASE WHEN len({0}) <> len({1}) THEN {fail|vectors of different lengths} "
        "WHEN list_sum(list_transform({0}, lambda hagane_x: abs(hagane_x))) = 0 OR list_sum(list_transform({1}, lambda hagane_x: abs(hagane_x))) = 0 "
        "THEN {fail|a vector of zeros has no direction} ELSE 1e0 - list_cosine_similarity({0}, {1}) END"
    ],
    "DIV": whole_division,
    "EUCLIDEAN_DISTANCE": [
        "ARRAY<FLOAT64>, ARRAY<FLOAT64> -> FLOAT64: CASE WHEN len({0}) <> len({1}) THEN {fail|vectors of different lengths} ELSE list_distance({0}, {1}) END"
    ],
    "EXP": _finite("exp({0})", "floating point overflow: EXP"),
    "FLOOR": [
        "FLOAT64 -> FLOAT64: floor({0})",
        "NUMERIC -> NUMERIC: CAST(floor({0}) AS DECIMAL(38, 9))",
        "INT64 -> FLOAT64: CAST({0} AS DOUBLE)",
    ],
    "GREATEST": extreme,
    "IEEE_DIVIDE": [
        "FLOAT64, FLOAT64 -> FLOAT64: CASE WHEN {1} = 0 AND ({0} = 0 OR isnan({0})) THEN 'nan'::DOUBLE ELSE {0} / {1} END"
    ],
    "IS_INF": ["FLOAT64 -> BOOL: isinf({0})"],
    "IS_NAN": ["FLOAT64 -> BOOL: isnan({0})"],
    "LEAST": extreme,
    "LN": _real(_LOG),
    "LOG": [
        f"FLOAT64 -> FLOAT64: {_LOG}",
        "FLOAT64, FLOAT64 -> FLOAT64: CASE WHEN {0} <= 0 OR {1} <= 0 OR {1} = 1 THEN {fail|LOG takes positive numbers, and no base of 1} "
        "WHEN {1} = 10 THEN log10({0}) WHEN {1} = 2 THEN log2({0}) ELSE ln({0}) / ln({1}) END",
    ],
    "LOG10": _within("{0} <= 0", "log10({0})", "logarithm of a number that is not positive"),
    "MOD": whole_division,
    **dict.fromkeys(
        ("POW", "POWER"),
        [
            "FLOAT64, FLOAT64 -> FLOAT64: CASE WHEN isfinite({0}) AND isfinite({1}) AND NOT isfinite(power({0}, {1})) "
            "THEN {fail|floating point error in POW} ELSE power({0}, {1}) END"
        ],
    ),
    "RAND": [" -> FLOAT64: random()"],
    "RANGE_BUCKET": range_bucket,
    "ROUND": rounded,
    "SAFE_ADD": [
        f"{t} -> {r}: TRY({{0}} + {{1}})" for t, r in (("INT64, INT64", "INT64"), ("NUMERIC, NUMERIC", "NUMERIC"))
    ]
    + [
        "FLOAT64, FLOAT64 -> FLOAT64: CASE WHEN isfinite({0} + {1}) OR NOT isfinite({0}) OR NOT isfinite({1}) THEN {0} + {1} END"
    ],
    "SAFE_SUBTRACT": [
        f"{t} -> {r}: TRY({{0}} - {{1}})" for t, r in (("INT64, INT64", "INT64"), ("NUMERIC, NUMERIC", "NUMERIC"))
    ]
    + [
        "FLOAT64, FLOAT64 -> FLOAT64: CASE WHEN isfinite({0} - {1}) OR NOT isfinite({0}) OR NOT isfinite({1}) THEN {0} - {1} END"
    ],
    "SAFE_MULTIPLY": [
        "INT64, INT64 -> INT64: TRY({0} * {1})",
        "NUMERIC, NUMERIC -> NUMERIC: hagane_numeric_multiply(CAST({0} AS DECIMAL(38, 9)), CAST({1} AS DECIMAL(38, 9)))",
        "FLOAT64, FLOAT64 -> FLOAT64: CASE WHEN isfinite({0} * {1}) OR NOT isfinite({0}) OR NOT isfinite({1}) THEN {0} * {1} END",
    ],
    "SAFE_DIVIDE": [
        "INT64, INT64 -> FLOAT64: CASE WHEN {1} <> 0 THEN {0} / {1} END",
        "FLOAT64, FLOAT64 -> FLOAT64: CASE WHEN {1} <> 0 AND (isfinite({0} / {1}) OR NOT isfinite({0}) OR NOT isfinite({1})) THEN {0} / {1} END",
        "NUMERIC, NUMERIC -> NUMERIC: hagane_numeric_divide_safe(CAST({0} AS DECIMAL(38, 9)), CAST({1} AS DECIMAL(38, 9)))",
    ],
    "SAFE_NEGATE": [
        "INT64 -> INT64: CASE WHEN {0} > -9223372036854775808 THEN -{0} END",
        "NUMERIC -> NUMERIC: (-{0})",
        "FLOAT64 -> FLOAT64: (-{0})",
    ],
    "SEC": _real("CASE WHEN isinf({0}) THEN 'nan'::DOUBLE ELSE 1e0 / cos({0}) END"),
    "SECH": _real("1e0 / cosh({0})"),
    "SIGN": [
        "INT64 -> INT64: CAST(sign({0}) AS BIGINT)",
        "NUMERIC -> NUMERIC: CAST(sign({0}) AS DECIMAL(38, 9))",
        "FLOAT64 -> FLOAT64: CASE WHEN isnan({0}) THEN {0} ELSE CAST(sign({0}) AS DOUBLE) END",
    ],
    "SIN": _angle("sin({0})"),
    "SINH": _finite("sinh({0})", "floating point overflow: SINH"),
    "SQRT": _within("{0} < 0", "sqrt({0})", "SQRT of a negative number"),
    "TAN": _angle("tan({0})"),
    "TANH": _real("tanh({0})"),
    "TRUNC": rounded,
    "BIT_COUNT": [
        "INT64 -> INT64: CAST(bit_count({0}) AS BIGINT)",
        "BYTES -> INT64: CAST(bit_count(CAST({0} AS BIT)) AS BIGINT)",
    ],
}

__all__ = ["BOOL", "FUNCTIONS"]
