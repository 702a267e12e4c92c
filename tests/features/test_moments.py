"""Means and deviations, by exact rational arithmetic."""

from __future__ import annotations

import functools
import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.data.open_table import open_table
from hagane.features.moments import Moments, double, measure_moments


def measured(values: list, type_: pa.DataType) -> Moments:
    table = open_table(pa.table({"x": pa.array(values, type_)}))
    return measure_moments(lambda sql: table.query(sql, keep_nan=True, with_block=True), ["x"])[0]


def exact(values: list) -> tuple[float, float]:
    finite = [Fraction(value) for value in values if value is not None and math.isfinite(value)]
    mean = sum(finite) / len(finite)
    variance = sum((value - mean) ** 2 for value in finite) / (len(finite) - 1)
    with localcontext(prec=50):
        return float(mean), float((Decimal(variance.numerator) / variance.denominator).sqrt())


@given(st.lists(st.one_of(st.none(), st.integers(-(2**62), 2**62)), min_size=3, max_size=40))
@settings(max_examples=15, deadline=None)
def test_whole_numbers(values: list) -> None:
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return
    mean, stddev = exact(values)
    found = measured(values, pa.int64())
    assert found.stddev == pytest.approx(stddev, rel=1e-9, abs=1e-300)
    assert found.mean == pytest.approx(mean, abs=1e-9 * stddev + 1e-15 * abs(mean))


@pytest.mark.parametrize(
    "values",
    [
        [1e9 + i % 7 for i in range(5_000)],
        [float(i) for i in range(5_000)],
        [0.0] * 4_000 + [1e12],
        [1e300, -1e300, 2e300],
        [5e-324, 1e-310, 0.0],
        [1e200 * (-1) ** i for i in range(3_000)],
        [-1e-200, 0.0, 1e-200],
        [5e-324, 0.0, 5e-324, 5e-324],
        [1.7e308, 1.7e308, -1.7e308, 1.7e308, 1.7e308],
        [math.nan, 1.0, math.inf, 2.0, None, 4.0],
    ],
    ids=["offset", "sorted", "outlier", "huge", "tiny", "large", "lost squares", "least", "largest", "not finite"],
)
def test_hard_columns(values: list) -> None:
    mean, stddev = exact(values)
    found = measured(values, pa.float64())
    assert found.stddev == pytest.approx(stddev, rel=1e-9)
    assert found.mean == pytest.approx(mean, rel=1e-12, abs=1e-9 * stddev)


@pytest.mark.parametrize("value", [0.1, 1e9 + 0.1, -3.0])
def test_a_constant_column_has_no_deviation(value: float) -> None:
    assert measured([value] * 3_000, pa.float64()).stddev == 0


def test_too_few_values() -> None:
    assert measured([None, None], pa.float64()) == Moments(None, None)
    assert measured([], pa.float64()) == Moments(None, None)
    assert measured([2.5, None], pa.float64()) == Moments(2.5, None)


def test_the_same_rows_give_the_same_bits() -> None:
    random = np.random.default_rng(0)
    table = open_table(pa.table({"x": random.normal(1e6, 3, 600_000)}))
    assert len({measure_moments(functools.partial(table.query, with_block=True), ["x"])[0] for _ in range(5)}) == 1


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=30, deadline=None)
def test_double_literals_are_exact(value: float) -> None:
    table = open_table(pa.table({"x": [0]}))
    assert table.query(f"SELECT {double(value)} AS y FROM data")["y"][0].as_py() == value
