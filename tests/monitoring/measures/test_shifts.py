"""Shifts of mean and variance against scipy over the rows, and against how they scatter where nothing moves."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hagane.data.open_table import open_table
from hagane.monitoring.measures.mean_shift import mean_shift
from hagane.monitoring.measures.variance_shift import variance_shift
from hagane.statistics.measure import measure_statistics
from hagane.statistics.quantile_sketch import QuantileSketch
from hagane.statistics.statistics import ColumnStatistics
from hagane.types import SqlType

VALUES = st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 3)), min_size=2, max_size=30)


def column(values: np.ndarray) -> ColumnStatistics:
    """What the shifts read of a column."""
    return ColumnStatistics(
        name="x",
        type=SqlType.FLOAT64,
        count=len(values),
        num_nulls=0,
        mean=float(np.mean(values)),
        stddev=float(np.std(values, ddof=1)) if len(values) > 1 else None,
        quantile_sketch=QuantileSketch.of(np.sort(values), len(values)),
    )


@given(VALUES, VALUES)
def test_mean_shift_is_welchs_statistic(base: list[float], study: list[float]) -> None:
    found = mean_shift(column(np.array(base)), column(np.array(study)))
    error = math.hypot(*(np.std(side, ddof=1) / math.sqrt(len(side)) for side in (base, study)))
    if error > 1e-6:
        statistic = stats.ttest_ind(base, study, equal_var=False).statistic
        assert found == pytest.approx(abs(statistic), rel=1e-6, abs=1e-9)


def test_what_was_measured_of_rows_says_the_same() -> None:
    random = np.random.default_rng(3)
    sides = random.gamma(2.0, 3.0, 900), random.gamma(2.0, 3.3, 700)
    measured = [measure_statistics(open_table(pa.table({"x": [*side, math.inf, None]})))["x"] for side in sides]
    expected = abs(stats.ttest_ind(*sides, equal_var=False).statistic)
    assert mean_shift(measured[0], measured[1]) == pytest.approx(expected), "infinite values count for nothing"


@pytest.mark.parametrize(
    "draw",
    [
        lambda random, n: random.normal(5, 2, n),
        lambda random, n: random.uniform(0, 1, n),
        lambda random, n: random.gamma(4.0, 3.0, n),
        lambda random, n: (random.random(n) < 0.3).astype(float),
    ],
    ids=["normal", "uniform", "gamma", "two_values"],
)
def test_where_nothing_moves_they_scatter_as_standard_errors(
    draw: Callable[[np.random.Generator, int], np.ndarray],
) -> None:
    """Of 300 pairs about 5 % lie beyond 1.96, whatever the tails: errors are what they say."""
    random = np.random.default_rng(11)
    base = column(draw(random, 4_000))
    windows = [column(draw(random, 500)) for _ in range(300)]
    for shift in (mean_shift, variance_shift):
        values = np.array([shift(column(draw(random, 4_000)), window) or 0.0 for window in windows])
        assert 0.01 <= float(np.mean(values > 1.96)) <= 0.10, shift.__name__
        assert (values < 5.0).all()
    assert (variance_shift(base, column(2 * draw(random, 500) + 3)) or 0.0) > 5.0


def test_constants() -> None:
    same, other, wide = column(np.full(9, 2.0)), column(np.full(9, 3.0)), column(np.array([1.0, 2.0, 3.0]))
    assert (mean_shift(same, same), variance_shift(same, other)) == (0.0, 0.0)
    assert (mean_shift(same, other), variance_shift(same, wide)) == (math.inf, math.inf)
    single = column(np.array([2.0]))
    assert mean_shift(same, single) is None
    assert variance_shift(single, same) is None
    text = ColumnStatistics(name="t", type=SqlType.STRING, count=3, num_nulls=0)
    assert mean_shift(text, text) is None
    assert variance_shift(text, text) is None
