"""Errors that are to be expected, against errors that are drawn; merging."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.monitoring.quality.expected_regression import ErrorModelFacts, ExpectedRegression

EXACT = ErrorModelFacts(num_rows=10**6, kurtosis=3.0, absolute_error=0.0, squared_error=0.0)


def test_intervals_cover_what_labels_show() -> None:
    """Normal errors of known scatter: the mean of |e| is σ √(2/π), that of e² is σ²."""
    random = np.random.default_rng(0)
    inside = np.zeros(2)
    for _ in range(300):
        scatter, weights = random.gamma(3.0, 1.0, 400), random.choice([1.0, 5.0], 400)
        found = ExpectedRegression.of(scatter * np.sqrt(2 / np.pi), scatter**2, weights, facts=EXACT).metrics()
        errors = random.normal(0, scatter)
        shown = (np.sqrt(np.average(errors**2, weights=weights)), np.average(np.abs(errors), weights=weights))
        inside += [each.low <= true <= each.high for each, true in zip(found.values(), shown, strict=True)]
    assert tuple(found) == ("root_mean_squared_error", "mean_absolute_error")
    assert all(0.91 <= share <= 0.99 for share in inside / 300), inside / 300


def test_what_the_held_out_rows_do_not_say_is_added() -> None:
    errors = np.ones(100_000)
    few = ErrorModelFacts(num_rows=400, kurtosis=3.0, absolute_error=0.05, squared_error=0.1)
    found = ExpectedRegression.of(errors, errors, errors, facts=few).metrics()["mean_absolute_error"]
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * 0.05, rel=0.01)


def test_no_rows_have_no_errors() -> None:
    nothing = np.empty(0)
    assert ExpectedRegression.of(nothing, nothing, nothing, facts=EXACT).metrics() == {}


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100), st.sampled_from([1.0, 9.0])), min_size=1),
       cut=st.integers(0, 10))  # fmt: skip
def test_parts_merge_into_the_whole(rows: list[tuple[float, float, float]], cut: int) -> None:
    absolute, more, weights = (np.array(each, np.float64) for each in zip(*rows, strict=True))
    squared = absolute**2 + more
    whole = ExpectedRegression.of(absolute, squared, weights, facts=EXACT)
    parts = [ExpectedRegression.of(absolute[part], squared[part], weights[part], facts=EXACT)
             for part in (slice(0, cut), slice(cut, None))]  # fmt: skip
    both = parts[0].merge(parts[1])
    assert both.num_seen == len(rows)
    for name, found in whole.metrics().items():
        other = both.metrics()[name]
        assert (other.value, other.low, other.high) == pytest.approx((found.value, found.low, found.high), abs=1e-6)
