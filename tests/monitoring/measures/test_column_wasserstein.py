"""Wasserstein's distance of two summaries, against scipy's of the rows themselves."""

from __future__ import annotations

import functools
import math

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hagane.monitoring.measure_column import measure_column
from hagane.monitoring.paired_distributions import paired_distributions
from hagane.statistics.measure_array import measure_array
from hagane.statistics.quantile_sketch import LARGEST_K, SMALLEST_K, QuantileSketch
from hagane.statistics.statistics import ColumnStatistics

Rows = npt.NDArray[np.float64]


def measured(base: ColumnStatistics, study: ColumnStatistics) -> float:
    both = paired_distributions(base, study)
    assert both is not None
    value = measure_column("wasserstein", base, study, both)
    assert value is not None
    return value


def column(rows: Rows) -> ColumnStatistics:
    return measure_array("x", pa.array(rows))


def pairs() -> dict[str, tuple[Rows, Rows]]:
    random = np.random.default_rng(0)
    return {
        "normal, moved": (random.normal(0, 1, 20_000), random.normal(1, 1, 5_000)),
        "normal, moved a little": (random.normal(0, 1, 20_000), random.normal(0.2, 1, 5_000)),
        "normal, wider": (random.normal(0, 1, 20_000), random.normal(0, 2, 5_000)),
        "gamma, doubled": (random.gamma(2, 3, 20_000), 2 * random.gamma(2, 3, 5_000)),
        "lognormal, halved": (random.lognormal(0, 1, 20_000), 0.5 * random.lognormal(0, 1, 700)),
        "lognormal, a half more": (random.lognormal(0, 1, 20_000), 1.5 * random.lognormal(0, 1, 5_000)),
        "lognormal, threefold": (random.lognormal(0, 1.5, 20_000), 3 * random.lognormal(0, 1.5, 5_000)),
        "whole numbers": (random.poisson(3, 20_000) * 1.0, random.poisson(5, 300) * 1.0),
        "mostly nothing": (random.gamma(1, 1, 20_000) * (random.random(20_000) < 0.1),
                           random.gamma(1, 1, 5_000) * (random.random(5_000) < 0.3)),
    }  # fmt: skip


@pytest.mark.parametrize("name", pairs())
def test_it_is_scipys_within_a_few_per_cent(name: str) -> None:
    base, study = pairs()[name]
    exact = stats.wasserstein_distance(base, study) / base.std(ddof=1)
    assert measured(column(base), column(study)) == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_of_a_tail_in_which_few_rows_are_half_the_deviation_it_tells_most(seed: int) -> None:
    random = np.random.default_rng(seed)
    base, study = random.lognormal(0, 1.5, 20_000), 1.5 * random.lognormal(0, 1.5, 5_000)
    exact = stats.wasserstein_distance(base, study) / base.std(ddof=1)
    assert measured(column(base), column(study)) == pytest.approx(exact, rel=0.15)


@given(st.lists(st.integers(-50, 50).map(float), min_size=2, max_size=300), st.integers(-100, 100).map(float))
def test_of_values_that_moved_together_it_is_how_far(rows: list[float], step: float) -> None:
    base, study = np.array(rows), np.array(rows) + step
    deviation = float(base.std(ddof=1))
    if deviation:
        assert measured(column(base), column(study)) == pytest.approx(abs(step) / deviation)
    else:
        assert measured(column(base), column(study)) == (math.inf if step else 0.0)


@pytest.mark.parametrize("num_rows", [96, 100, 400, 1_000, 5_000])
@pytest.mark.parametrize("side", ["base", "study"])
def test_one_row_that_lies_far_off_is_no_distance(num_rows: int, side: str) -> None:
    random = np.random.default_rng(num_rows)
    window = random.normal(0, 1, num_rows)
    with_one = np.append(window[:-1], 1e4)
    base = column(random.normal(0, 1, 20_000))
    if side == "base":
        assert measured(column(with_one), base) < 0.01, "its deviation is that of the one row"
    else:
        assert measured(base, column(with_one)) == pytest.approx(measured(base, column(window)), abs=0.02)


@pytest.mark.parametrize("k", [SMALLEST_K, LARGEST_K])
@pytest.mark.parametrize("num_rows", [100, 129, 200, 513, 600, 1_440, 4_800])
def test_nor_after_hours_were_merged(num_rows: int, k: int) -> None:
    """A merge throws coins: the row is gone, or an item stands for it and others."""
    random = np.random.default_rng(num_rows)
    base = column(random.normal(0, 1, 5_000))
    for _ in range(6):
        rows = random.normal(0, 1, num_rows)
        rows[num_rows // 2] = 1e6
        sketches = [QuantileSketch.of(np.sort(hour), len(hour), k=k) for hour in np.array_split(rows, 24)]
        merged = functools.reduce(lambda left, right: left.merge(right) if left and right else None, sketches)
        window = msgspec.structs.replace(column(rows), quantile_sketch=merged)
        assert measured(base, window) < 0.5


def test_what_one_in_fifty_rows_does_is_seen() -> None:
    random = np.random.default_rng(2)
    base, study = random.normal(0, 1, 20_000), random.normal(0, 1, 5_000)
    study[:100] = 100.0
    exact = stats.wasserstein_distance(base, study) / base.std(ddof=1)
    assert measured(column(base), column(study)) == pytest.approx(exact, rel=0.1)


def test_numbers_near_the_end_of_their_range() -> None:
    far = column(np.array([-1.7e308, 1.7e308, 1.0]))
    some = column(np.array([0.0, 1.0, 2.0]))
    assert measured(some, far) > 1e300
    both = paired_distributions(far, some)
    assert both is not None
    assert measure_column("wasserstein", far, some, both) is None, "of squares that overflow there is no deviation"
