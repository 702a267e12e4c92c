"""Each function, by small hand-written expectations; `tests/oracle` holds all of them against DuckDB."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from hagane.errors import ExpressionError
from hagane.features.scalar import SCALAR
from hagane.sql.bind import bind
from hagane.sql.expression import Call, ColumnRef
from hagane.sql.functions import FUNCTIONS
from hagane.types import Column, Schema, SqlType

B, INT64, F, S, T, D = (SqlType(name) for name in ("BOOL", "INT64", "FLOAT64", "STRING", "TIMESTAMP", "DATE"))
ERR = object()
"""NULL and an error."""
INF, NAN = math.inf, math.nan
MIN, MAX = -(2**63), 2**63 - 1
Evaluate = Callable[..., tuple[list[Any], list[bool]]]


def is_same(expected: Any, found: Any) -> bool:
    if isinstance(expected, float) and isinstance(found, float):
        return math.isclose(expected, found, rel_tol=1e-15) or (math.isnan(expected) and math.isnan(found))
    return expected is found or (expected == found and type(expected) is type(found))


def check(evaluate: Evaluate, sql: str, expected: Sequence[Any], **columns: tuple[SqlType, Sequence[Any]]) -> None:
    expression = bind(sql, Schema(tuple(Column(name, type_) for name, (type_, _) in columns.items())))
    values, errors = evaluate(expression, **columns)
    got = [ERR if error and value is None else value for value, error in zip(values, errors, strict=True)]
    same = [is_same(wanted, found) for wanted, found in zip(expected, got, strict=True)]
    assert all(same), f"{sql}: {got}"


def test_every_function_of_the_language_is_compiled() -> None:
    assert {name for name in SCALAR if not name.startswith("$")} == set(FUNCTIONS)


X = (F, [3.0, -2.5, 0.0, None, INF, 1e308])


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("x + 1", [4.0, -1.5, 1.0, None, INF, 1e308]),
        ("x * 10", [30.0, -25.0, 0.0, None, INF, ERR]),
        ("x + x", [6.0, -5.0, 0.0, None, INF, ERR]),
        ("x - x", [0.0, 0.0, 0.0, None, NAN, 0.0]),
        ("-x", [-3.0, 2.5, 0.0, None, -INF, -1e308]),
        ("x / 2", [1.5, -1.25, 0.0, None, INF, 5e307]),
        ("x / 0", [ERR, ERR, ERR, None, ERR, ERR]),
        ("1 / x", [1 / 3, -0.4, ERR, None, 0.0, 1e-308]),
        ("x / 0.01", [300.0, -250.0, 0.0, None, INF, ERR]),
        ("SAFE_DIVIDE(1, x)", [1 / 3, -0.4, None, None, 0.0, 1e-308]),
        ("IEEE_DIVIDE(x, 0)", [INF, -INF, NAN, None, INF, INF]),
        ("LN(x)", [math.log(3), ERR, ERR, None, INF, math.log(1e308)]),
        ("LOG10(x)", [math.log10(3), ERR, ERR, None, INF, 308.0]),
        ("LOG(x, 3)", [1.0, ERR, ERR, None, INF, math.log(1e308) / math.log(3)]),
        ("LOG(8, x)", [math.log(8) / math.log(3), ERR, ERR, None, NAN, math.log(8) / math.log(1e308)]),
        ("EXP(x)", [math.exp(3), math.exp(-2.5), 1.0, None, INF, ERR]),
        ("SQRT(x)", [math.sqrt(3), ERR, 0.0, None, INF, 1e154]),
        ("POW(x, 2)", [9.0, 6.25, 0.0, None, INF, ERR]),
        ("POW(x, 0.5)", [math.sqrt(3), ERR, 0.0, None, INF, 1e154]),
        ("POW(x, -1)", [1 / 3, -0.4, ERR, None, 0.0, 1e-308]),
        ("ABS(x)", [3.0, 2.5, 0.0, None, INF, 1e308]),
        ("SIGN(x)", [1.0, -1.0, 0.0, None, 1.0, 1.0]),
        ("FLOOR(x)", [3.0, -3.0, 0.0, None, INF, 1e308]),
        ("CEIL(x)", [3.0, -2.0, 0.0, None, INF, 1e308]),
        ("TRUNC(x)", [3.0, -2.0, 0.0, None, INF, 1e308]),
        ("ROUND(x)", [3.0, -3.0, 0.0, None, INF, 1e308]),
        ("ROUND(x / 7, 2)", [0.43, -0.36, 0.0, None, INF, 1e308 / 7]),
        ("ROUND(x * 111, -2)", [300.0, -300.0, 0.0, None, INF, ERR]),
        ("TRUNC(x / 7, 2)", [0.42, -0.35, 0.0, None, INF, 1e308 / 7]),
        ("TRUNC(x * 41, -2)", [100.0, -100.0, 0.0, None, INF, ERR]),
        ("SIN(x)", [math.sin(3), math.sin(-2.5), 0.0, None, NAN, ERR]),
        ("COT(x)", [1 / math.tan(3), 1 / math.tan(-2.5), ERR, None, NAN, ERR]),
        ("ACOS(x)", [ERR, ERR, math.pi / 2, None, NAN, ERR]),
        ("ACOSH(x)", [math.acosh(3), ERR, ERR, None, INF, math.acosh(1e308)]),
        ("ATAN2(0, x)", [0.0, math.pi, 0.0, None, 0.0, 0.0]),
        ("COSH(x)", [math.cosh(3), math.cosh(2.5), 1.0, None, INF, ERR]),
        ("COTH(x)", [1 / math.tanh(3), 1 / math.tanh(-2.5), ERR, None, 1.0, 1.0]),
        ("CBRT(x)", [math.cbrt(3), math.cbrt(-2.5), 0.0, None, INF, math.cbrt(1e308)]),
        ("IS_INF(x)", [False, False, False, None, True, False]),
        ("IS_NAN(x - x)", [False, False, False, None, True, False]),
        ("SAFE.LN(x)", [math.log(3), None, None, None, INF, math.log(1e308)]),
        ("x - x IS DISTINCT FROM x - x", [False] * 6),
        ("x IS DISTINCT FROM NULL", [True, True, True, False, True, True]),
        ("RANGE_BUCKET(x, [-2.5, 0, 0, 3])", [4, 1, 3, None, 4, 4]),
        ("LEAST(x, 1)", [1.0, -2.5, 0.0, None, 1.0, 1.0]),
        ("GREATEST(x, 1)", [3.0, 1.0, 1.0, None, INF, 1e308]),
        ("LEAST(x - x, 1)", [0.0, 0.0, 0.0, None, NAN, 0.0]),
        ("CAST(x AS INT64)", [3, -3, 0, None, ERR, ERR]),
        ("SAFE_CAST(x AS INT64)", [3, -3, 0, None, None, None]),
        ("x > 0", [True, False, False, None, True, True]),
        ("x - x = x - x", [True, True, True, None, False, True]),
        ("x - x != x - x", [False, False, False, None, True, False]),
        ("x IN (3, 0)", [True, False, True, None, False, False]),
        ("x IN (3, NULL)", [True, None, None, None, None, None]),
        ("x IS NULL", [False, False, False, True, False, False]),
        ("NULLIF(x, 0)", [3.0, -2.5, None, None, INF, 1e308]),
        ("COALESCE(x, -1)", [3.0, -2.5, 0.0, -1.0, INF, 1e308]),
        ("IF(x > 0, LN(x), 0)", [math.log(3), 0.0, 0.0, 0.0, INF, math.log(1e308)]),
        ("ML.BUCKETIZE(x, [-2.5, 0, 3])", ["bin_4", "bin_2", "bin_3", None, "bin_4", "bin_4"]),
        ("ML.BUCKETIZE(x - x, [0, 1])", ["bin_2", "bin_2", "bin_2", None, None, "bin_2"]),
    ],
)  # fmt: skip
def test_float64(evaluate: Evaluate, sql: str, expected: list[Any]) -> None:
    check(evaluate, sql, expected, x=X)


I1, I2 = (INT64, [7, -7, MIN, MAX, None, 5]), (INT64, [2, 2, -1, 1, 1, 0])


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("i + j", [9, -5, ERR, ERR, None, 5]),
        ("i - j", [5, -9, MIN + 1, MAX - 1, None, 5]),
        ("i * j", [14, -14, ERR, MAX, None, 0]),
        ("-i", [-7, 7, ERR, -MAX, None, -5]),
        ("ABS(i)", [7, 7, ERR, MAX, None, 5]),
        ("SIGN(i)", [1, -1, -1, 1, None, 1]),
        ("DIV(i, j)", [3, -3, ERR, MAX, None, ERR]),
        ("MOD(i, j)", [1, -1, 0, 0, None, ERR]),
        ("DIV(i, -1)", [-7, 7, ERR, -MAX, None, -5]),
        ("MOD(i, -1)", [0, 0, 0, 0, None, 0]),
        ("DIV(i, 2)", [3, -3, MIN // 2, MAX // 2, None, 2]),
        ("i & j", [2, 0, MIN, 1, None, 0]),
        ("i | j", [7, -5, -1, MAX, None, 5]),
        ("i ^ j", [5, -5, MAX, MAX - 1, None, 5]),
        ("~i", [-8, 6, MAX, MIN, None, -6]),
        ("i << j", [28, -28, ERR, -2, None, 5]),
        ("i >> j", [1, 2**62 - 2, ERR, 2**62 - 1, None, 5]),
        ("i >> 63", [0, 1, 1, 0, None, 0]),
        ("i << 64", [0, 0, 0, 0, None, 0]),
        ("BIT_COUNT(i)", [3, 62, 1, 63, None, 2]),
        ("SAFE_ADD(i, j)", [9, -5, None, None, None, 5]),
        ("SAFE.DIV(i, j)", [3, -3, None, MAX, None, None]),
        ("i / j", [3.5, -3.5, 2.0**63, 2.0**63, None, ERR]),
        ("LEAST(i, j)", [2, -7, MIN, 1, None, 0]),
        ("GREATEST(i, j, 3)", [7, 3, 3, MAX, None, 5]),
        ("i < j", [False, True, True, False, None, False]),
        ("i = 9223372036854775807", [False, False, False, True, None, False]),
        ("CAST(i AS STRING)", ["7", "-7", str(MIN), str(MAX), None, "5"]),
        ("CAST(i AS BOOL)", [True, True, True, True, None, True]),
        ("CAST(i AS FLOAT64)", [7.0, -7.0, -(2.0**63), 2.0**63, None, 5.0]),
        ("IF(j = 0, NULL, DIV(i, j))", [3, -3, ERR, MAX, None, None]),
        ("COALESCE(DIV(i, j), 1)", [3, -3, 1, MAX, 1, 1]),
        ("DIV(1, j) * j", [0, 0, 1, 1, 1, ERR]),
        ("MOD(ABS(i), 10) + 9223372036854775800", [MAX, MAX, ERR, MAX, None, MAX - 2]),
    ],
)  # fmt: skip
def test_int64(evaluate: Evaluate, sql: str, expected: list[Any]) -> None:
    check(evaluate, sql, expected, i=I1, j=I2)


TRUTH = [True, True, True, False, False, False, None, None, None]
OTHER = [True, False, None] * 3


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a AND b", [True, False, None, False, False, False, None, False, None]),
        ("a OR b", [True, True, True, True, False, None, True, None, None]),
        ("NOT a", [False] * 3 + [True] * 3 + [None] * 3),
        ("a = b", [True, False, None, False, True, None, None, None, None]),
        ("a < b", [False, False, None, True, False, None, None, None, None]),
        ("a IS NULL", [False] * 6 + [True] * 3),
        ("a IS TRUE", [True] * 3 + [False] * 6),
        ("COALESCE(a, b)", [True] * 3 + [False] * 3 + [True, False, None]),
        ("IF(a, b, NULL)", [True, False, None] + [None] * 6),
        ("CASE WHEN a THEN 1 WHEN b THEN 2 ELSE 3 END", [1, 1, 1, 2, 3, 3, 2, 3, 3]),
        ("CAST(a AS STRING)", ["true"] * 3 + ["false"] * 3 + [None] * 3),
        ("CAST(a AS INT64) + 1", [2] * 3 + [1] * 3 + [None] * 3),
        ("NULLIF(a, b)", [None, True, True, False, None, False, None, None, None]),
        ("IF(a AND NOT b, 'x', CAST(b AS STRING))", ["true", "x", None, "true", "false", None, "true", "false", None]),
    ],
)
def test_three_valued_logic(evaluate: Evaluate, sql: str, expected: list[Any]) -> None:
    check(evaluate, sql, expected, a=(B, TRUTH), b=(B, OTHER))


TEXTS = ["  Ab ", "", None, "é\0", "STRASSE 😀"]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("LOWER(s)", ["  ab ", "", None, "é\0", "strasse 😀"]),
        ("UPPER(s)", ["  AB ", "", None, "É\0", "STRASSE 😀"]),
        ("LENGTH(s)", [5, 0, None, 2, 9]),
        ("TRIM(s)", ["Ab", "", None, "é\0", "STRASSE 😀"]),
        ("LTRIM(s)", ["Ab ", "", None, "é\0", "STRASSE 😀"]),
        ("RTRIM(s)", ["  Ab", "", None, "é\0", "STRASSE 😀"]),
        ("s || '-' || s", ["  Ab -  Ab ", "-", None, "é\0-é\0", "STRASSE 😀-STRASSE 😀"]),
        ("STARTS_WITH(s, 'S')", [False, False, None, False, True]),
        ("ENDS_WITH(s, '')", [True, True, None, True, True]),
        ("REGEXP_CONTAINS(s, r'^\\s+A|S{2}')", [True, False, None, False, True]),
        ("REGEXP_EXTRACT(s, r'\\w+')", ["Ab", None, None, None, "STRASSE"]),
        ("REPEAT(s, 3)", ["  Ab   Ab   Ab ", "", None, "é\0é\0é\0", "STRASSE 😀STRASSE 😀STRASSE 😀"]),
        ("REPEAT(s, 0)", ["", "", None, "", ""]),
        ("REGEXP_EXTRACT(s, r'[A-Z]*')", ["", "", None, "", "STRASSE"]),
        ("REGEXP_EXTRACT(s, r'(?i)s(.*?)s')", [None, None, None, None, "TRA"]),
        ("REGEXP_EXTRACT(s, r'[^ ]$') IS NULL", [True, True, True, False, False]),
        ("s LIKE '%A%'", [True, False, None, False, True]),
        ("s = ''", [False, True, None, False, False]),
        ("s != ''", [True, False, None, True, True]),
        ("s IN ('', 'é')", [False, True, None, False, False]),
        ("s IN ('', '1', '2', '3', '4', '5', '6', '7', '8', '9')", [False, True, None, False, False]),
        ("COALESCE(s, 'none')", ["  Ab ", "", "none", "é\0", "STRASSE 😀"]),
        ("NULLIF(s, '')", ["  Ab ", None, None, "é\0", "STRASSE 😀"]),
        ("IF(s = '', 'empty', s)", ["  Ab ", "empty", None, "é\0", "STRASSE 😀"]),
        ("ML.FEATURE_CROSS(STRUCT(s AS a, s AS b))", ["  Ab _  Ab ", "_", None, "é\0_é\0", "STRASSE 😀_STRASSE 😀"]),
    ],
)
def test_strings(evaluate: Evaluate, sql: str, expected: list[Any]) -> None:
    check(evaluate, sql, expected, s=(S, TEXTS))


def test_hash_is_murmur3(evaluate: Evaluate) -> None:
    """MurmurHash3_x86_32 of 'hello' with seed 0 is 0x248bfa47 (SMHasher's reference)."""
    check(evaluate, "ML.HASH_BUCKETIZE(s, 1000)", [0x248BFA47 % 1000, 0, None], s=(S, ["hello", "", None]))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("EXTRACT(YEAR FROM t)", [2013, 1969, None]),
        ("EXTRACT(HOUR FROM t)", [17, 23, None]),
        ("EXTRACT(MICROSECOND FROM t)", [500_000, 999_999, None]),
        ("EXTRACT(DAYOFWEEK FROM d)", [3, 4, None]),
        ("EXTRACT(ISOWEEK FROM d)", [1, 1, None]),
        ("UNIX_SECONDS(t)", [1_357_059_600, -1, None]),
        ("UNIX_MILLIS(t)", [1_357_059_600_500, -1, None]),
        ("UNIX_MICROS(t)", [1_357_059_600_500_000, -1, None]),
        ("UNIX_DATE(d)", [15_706, -1, None]),
        ("d >= '2013-01-01'", [True, False, None]),
        ("GREATEST(d, '2000-01-01')", [15_706, 10_957, None]),
    ],
)
def test_time(evaluate: Evaluate, sql: str, expected: list[Any]) -> None:
    check(evaluate, sql, expected, t=(T, [1_357_059_600_500_000, -1, None]), d=(D, [15_706, -1, None]))


@pytest.mark.parametrize(
    ("sql", "values", "errors"),
    [
        ("x > 0 AND 1 / y > 2", [False, None], [True, True]),
        ("LN(x) IS NULL", [True, True], [True, False]),
        ("COALESCE(y, 1 / y)", [0.0, 0.0], [False, False]),
        ("COALESCE(1 / y, x)", [-1.0, None], [True, True]),
        ("CASE WHEN x > 0 THEN 1 WHEN 1 / y > 0 THEN 2 ELSE 3 END", [3, 3], [True, True]),
        ("CASE WHEN x < 0 THEN 1 WHEN 1 / y > 0 THEN 2 ELSE 3 END", [1, 3], [False, True]),
        ("LN(SAFE_DIVIDE(-1, y))", [None, None], [False, False]),
        ("SQRT(LN(x))", [None, None], [True, False]),
        ("SAFE_DIVIDE(LN(x), y)", [None, None], [True, False]),
    ],
)
def test_errors_count_where_they_are_evaluated(
    evaluate: Evaluate, sql: str, values: list[Any], errors: list[bool]
) -> None:
    """x = -1, then NULL; y = 0."""
    expression = bind(sql, Schema((Column("x", F), Column("y", F))))
    assert evaluate(expression, x=(F, [-1.0, None]), y=(F, [0.0, 0.0])) == (values, errors)


def internal(function: str, type_: SqlType, argument: Any, *modifiers: object) -> Call:
    return Call(function, (argument,), type_, modifiers)


def test_internal_functions(evaluate: Evaluate) -> None:
    s, i, x = ColumnRef("s", S), ColumnRef("i", INT64), ColumnRef("x", F)
    found = internal("$LOOKUP", INT64, s, ("b", "a"))
    texts, numbers = (S, ["a", "zz", None]), (INT64, [7, 2**53 + 1, None])
    assert evaluate(found, s=texts)[0] == [2, 0, None]
    assert evaluate(internal("$SLOT", INT64, found, 3), s=texts)[0] == [2, 0, 3]
    assert evaluate(internal("$TABLE", S, found, ("?", "B", "A")), s=texts)[0] == ["A", "?", None]
    assert evaluate(internal("$TABLE", F, found, (0.5, 1.5, 2.5)), s=texts)[0] == [2.5, 0.5, None]
    assert evaluate(internal("$LOOKUP", INT64, i, (2**53 + 1, 2**53)), i=numbers)[0] == [0, 1, None]
    bucket = internal("$BUCKET", INT64, x, (-INF, 0.0, 2.0))
    assert evaluate(bucket, x=(F, [-INF, -1.0, 0.0, 5.0, None]))[0] == [1, 1, 2, 3, None]


def test_a_slot_keeps_the_error(evaluate: Evaluate) -> None:
    x = internal("$BUCKET", INT64, Call("LN", (ColumnRef("x", F),), F), (0.0,))
    assert evaluate(internal("$SLOT", INT64, x, 2), x=(F, [-1.0, None, 3.0])) == ([2, 2, 1], [True, False, False])


def test_casts_that_would_lose_digits_are_refused(evaluate: Evaluate) -> None:
    with pytest.raises(ExpressionError, match="FLOAT64 to STRING"):
        evaluate(Call("CAST", (ColumnRef("x", F),), S, (False,)), x=(F, [1.0]))


def test_a_pattern_that_re2_refuses(evaluate: Evaluate) -> None:
    from hagane.sql.expression import Literal

    with pytest.raises(ExpressionError, match="not a regular expression"):
        evaluate(Call("REGEXP_CONTAINS", (ColumnRef("s", S), Literal("a(", S)), B), s=(S, ["a"]))
