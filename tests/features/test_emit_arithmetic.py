"""Exact integers, and FLOAT64 rounding, against Python's own numbers."""

from __future__ import annotations

import decimal
import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from hagane.features import emit_float, emit_integer
from hagane.features.emit import Emitter
from hagane.runtime.session import Session

MIN, MAX = -(2**63), 2**63 - 1
WHOLE = [0, 1, -1, 2, -2, 3, -3, 7, -7, 10**9, 3_037_000_499, 3_037_000_500, -3_037_000_500, 2**31, 2**32 + 1, -(2**32),
         2**53 + 1, -(2**53) - 1, 2**62, -(2**62), MAX - 1, MAX, MIN + 1, MIN]  # fmt: skip
PAIRS = list(itertools.product(WHOLE, WHOLE))


def truncated(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def binary(emit: Callable[[Emitter, str, str], tuple[str, str]], pairs: list[tuple[int, int]]) -> list[int | None]:
    e = Emitter()
    result, failed = emit(e, e.input("a", np.int64, ("n", 1)), e.input("b", np.int64, ("n", 1)))
    e.output("result", result, np.int64, ("n", 1))
    e.output("failed", failed, np.bool_, ("n", 1))
    a, b = np.array(pairs, np.int64).T.reshape(2, -1, 1)
    got = Session(e.model().SerializeToString()).run({"a": a, "b": b}, ["result", "failed"])
    return [
        None if failed else value
        for value, failed in zip(got["result"][:, 0].tolist(), got["failed"][:, 0], strict=True)
    ]


@pytest.mark.parametrize(
    ("emit", "exact"),
    [
        (emit_integer.add, lambda a, b: a + b),
        (emit_integer.subtract, lambda a, b: a - b),
        (emit_integer.multiply, lambda a, b: a * b),
        (emit_integer.divide, lambda a, b: truncated(a, b) if b else None),
        (emit_integer.remainder, lambda a, b: a - b * truncated(a, b) if b else None),
    ],
)
def test_integers_are_exact_or_fail(
    emit: Callable[..., tuple[str, str]], exact: Callable[[int, int], int | None]
) -> None:
    expected = [exact(a, b) for a, b in PAIRS]
    assert binary(emit, PAIRS) == [value if value is not None and MIN <= value <= MAX else None for value in expected]


def test_random_products_are_exact_or_fail() -> None:
    random = np.random.default_rng(0)
    shifts = random.integers(0, 63, (4000, 2))
    pairs = [(int(a), int(b)) for a, b in random.integers(MIN, MAX, (4000, 2)) >> shifts]
    expected = [a * b if MIN <= a * b <= MAX else None for a, b in pairs]
    assert binary(emit_integer.multiply, pairs) == expected
    assert 500 < sum(value is None for value in expected) < 3500


@pytest.mark.parametrize("divisor", [2, 7, 60, 146_097, 86_400_000_000])
def test_floor_division_and_modulo(divisor: int) -> None:
    e = Emitter()
    a = e.input("a", np.int64, ("n", 1))
    e.output("quotient", emit_integer.divide_floor(e, a, divisor), np.int64, ("n", 1))
    e.output("rest", emit_integer.modulo(e, a, divisor), np.int64, ("n", 1))
    got = Session(e.model().SerializeToString()).run({"a": np.array(WHOLE)[:, None]}, ["quotient", "rest"])
    assert got["quotient"][:, 0].tolist() == [value // divisor for value in WHOLE]
    assert got["rest"][:, 0].tolist() == [value % divisor for value in WHOLE]


def test_division_of_constants_does_not_end_the_process() -> None:
    """Constants are folded while the graph loads, by the same kernels."""
    e = Emitter()
    smallest, minus_one = e.row(MIN, np.int64), e.row(-1, np.int64)
    e.input("x", np.int64, ("n", 1))
    for name, emit in {"quotient": emit_integer.divide, "rest": emit_integer.remainder}.items():
        e.output(name, e.full(emit(e, smallest, minus_one)[0], 1), np.int64, ("n", 1))
    got = Session(e.model().SerializeToString()).run({"x": np.array([[1]])}, ["quotient", "rest"])
    assert got["rest"].tolist() == [[0]]


def unary(emit: Callable[[Emitter, str], str], values: list[float], dtype: type = np.float64) -> list[float]:
    e = Emitter()
    e.output("y", emit(e, e.input("x", np.float64, ("n", 1))), dtype, ("n", 1))
    return Session(e.model().SerializeToString()).run({"x": np.array(values)[:, None]}, ["y"])["y"][:, 0].tolist()


def half_away(value: float) -> float:
    if not math.isfinite(value):
        return value
    return float(decimal.Decimal(value).quantize(decimal.Decimal(1), decimal.ROUND_HALF_UP, decimal.Context(400)))


HALVES = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999999999999994, -0.49999999999999994, 4503599627370495.5, 2.0**52 + 1,
          0.0, 1e300, -1e300, 5e-324, math.inf, -math.inf, 123.5, -7.2]  # fmt: skip


def test_round_half_away_from_zero() -> None:
    assert unary(emit_float.round_half_away, HALVES) == [half_away(value) for value in HALVES]
    assert math.isnan(unary(emit_float.round_half_away, [math.nan])[0])


def test_truncate() -> None:
    finite = [value for value in HALVES if math.isfinite(value)]
    assert unary(emit_float.truncate, finite) == [float(math.trunc(value)) for value in finite]


def test_log10_is_exact_for_powers_of_ten() -> None:
    exponents = list(range(-22, 23))
    assert unary(emit_float.log10, [float(f"1e{exponent}") for exponent in exponents]) == exponents
    values = np.random.default_rng(0).lognormal(0, 50, 3000).tolist()
    got, true = np.array(unary(emit_float.log10, values)), np.array([math.log10(value) for value in values])
    assert (np.abs(got - true) <= 4 * np.spacing(np.abs(true))).all()


def test_float_to_int64() -> None:
    e = Emitter()
    data, failed = emit_float.to_int64(e, e.input("x", np.float64, ("n", 1)))
    e.output("data", data, np.int64, ("n", 1))
    e.output("failed", failed, np.bool_, ("n", 1))
    values = [0.5, -2.5, 2.0**63, -(2.0**63), 2.0**63 - 1024, math.nan, math.inf, -math.inf, 1e300]
    got = Session(e.model().SerializeToString()).run({"x": np.array(values)[:, None]}, ["data", "failed"])
    assert got["failed"][:, 0].tolist() == [False, False, True, False, False, True, True, True, True]
    assert got["data"][:5, 0].tolist()[:2] == [1, -3]
    assert got["data"][3:5, 0].tolist() == [MIN, 2**63 - 1024]
