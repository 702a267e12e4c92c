"""The measures beside those of BigQuery ML, against scipy over rows, and against their own definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hagane.monitoring.distribution import Bucket, Categories, Histogram
from hagane.monitoring.measures.chi_squared import chi_squared
from hagane.monitoring.measures.kolmogorov_smirnov import kolmogorov_smirnov
from hagane.monitoring.measures.population_stability_index import LEAST_SHARE, population_stability_index
from hagane.monitoring.measures.wasserstein import wasserstein

VALUES = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=40)
TEXTS = st.dictionaries(st.sampled_from("abcdefg"), st.integers(1, 500).map(float), min_size=1)


def points(values: list[float]) -> Histogram:
    """Each value by itself: what the histogram says is what the rows say."""
    counts = zip(*np.unique(values, return_counts=True), strict=True)
    return Histogram(tuple(Bucket(float(value), float(value), float(count)) for value, count in counts))


@given(VALUES, VALUES)
def test_ks_of_single_values_is_that_of_the_rows(base: list[float], study: list[float]) -> None:
    found = kolmogorov_smirnov(points(base), points(study))
    assert found == pytest.approx(stats.ks_2samp(base, study, method="asymp").statistic, abs=1e-12)


@given(VALUES, VALUES)
def test_wasserstein_of_single_values_is_that_of_the_rows(base: list[float], study: list[float]) -> None:
    distance, deviation = stats.wasserstein_distance(base, study), float(np.std(base))
    found = wasserstein(points(base), points(study))
    if deviation:
        assert found == pytest.approx(distance / deviation, abs=1e-9)
    else:
        assert found == (math.inf if distance else 0.0)


@given(st.lists(st.integers(0, 30), min_size=4, max_size=4), st.lists(st.integers(0, 30), min_size=3, max_size=3))
def test_wasserstein_of_buckets_is_the_area_between_the_lines(before: list[int], after: list[int]) -> None:
    base = Histogram.of_edges([0, 1, 3, 4, 8], [1.0 + count for count in before])
    study = Histogram.of_edges([-1, 2, 5, 6], [1.0 + count for count in after])
    middles = (np.arange(-1, 8, 1e-4) + 0.5e-4).clip(max=8)
    lines = [
        np.interp(middles, edges, np.cumsum([0.0, *(bucket.count for bucket in side.buckets)]) / side.total)
        for side, edges in ((base, [0, 1, 3, 4, 8]), (study, [-1, 2, 5, 6]))
    ]
    area = float(np.sum(np.abs(lines[0] - lines[1])) * 1e-4)
    within = np.concatenate([np.linspace(b.low, b.high, 2001)[:-1] + (b.high - b.low) / 4000 for b in base.buckets])
    weights = np.repeat([b.count / 2000 for b in base.buckets], 2000)
    deviation = math.sqrt(float(np.cov(within, aweights=weights, ddof=0)))
    assert wasserstein(base, study) == pytest.approx(area / deviation, rel=1e-3, abs=1e-4)


@given(TEXTS, TEXTS)
def test_chi_squared_is_scipys(base: dict[str, float], study: dict[str, float]) -> None:
    names = sorted({*base, *study})
    table = np.array([[side.get(name, 0.0) for name in names] for side in (base, study)])
    found = chi_squared(Categories(base), Categories(study))
    if len(names) == 1:
        assert found == 0.0
    else:
        assert found == pytest.approx(stats.contingency.association(table.astype(int), method="cramer"), abs=1e-9)


@given(TEXTS, TEXTS)
def test_psi_is_jeffreys_divergence_both_ways(base: dict[str, float], study: dict[str, float]) -> None:
    found = population_stability_index(Categories(base), Categories(study))
    back = population_stability_index(Categories(study), Categories(base))
    assert found == pytest.approx(back)
    if set(base) == set(study):
        p, q = (np.array([side[name] for name in sorted(base)]) for side in (base, study))
        p, q = (np.maximum(each / each.sum(), LEAST_SHARE) for each in (p, q))
        assert found == pytest.approx(float(stats.entropy(p, q) * p.sum() + stats.entropy(q, p) * q.sum()), abs=2e-3)


@pytest.mark.parametrize("measure", [kolmogorov_smirnov, wasserstein, population_stability_index, chi_squared])
def test_numbers_and_text_are_not_compared(measure: object) -> None:
    assert callable(measure)
    assert measure(points([1.0]), Categories({"a": 1.0})) is None
    assert measure(Categories({}), Categories({"a": 1.0})) is None
    assert measure(points([1.0]), Histogram(())) is None


def test_values_at_infinity_have_no_distance_and_a_place_in_the_order() -> None:
    far = Histogram((Bucket(0.0, 0.0, 1.0), Bucket(math.inf, math.inf, 1.0)))
    assert wasserstein(points([0.0, 1.0]), far) is None
    assert kolmogorov_smirnov(points([0.0, 1.0]), far) == 0.5
