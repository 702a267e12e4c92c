"""Thresholds out of what is usual: how often they are passed where nothing changes, by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from hagane.monitoring.derived_thresholds import LEAST_WINDOWS, derived_thresholds
from hagane.monitoring.finding import Finding
from hagane.monitoring.window_findings import WindowFindings
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window
from hagane.statistics.statistics import Statistics

EMPTY = Statistics(num_rows=0, columns=())
SUMMARY = WindowSummary(window=Window(0, 1), deployed_model_id="m", model="m", version="1", num_rows=9, traffic=9.0,
                        num_errors=0, inputs=EMPTY, predictions=EMPTY)  # fmt: skip


def window(value: float, *, is_judged: bool = True) -> WindowFindings:
    finding = Finding.of_distance("input", "fare", measure="L_INFTY", value=value, threshold=0.3, num_rows=9,
                                  is_judged=is_judged)  # fmt: skip
    return WindowFindings(summary=SUMMARY, is_judged=is_judged, findings=(finding,))


@pytest.mark.parametrize("count", [5, 14, 100])
def test_the_next_window_passes_it_as_seldom_as_it_should(count: int) -> None:
    """Of normal distances, once in 740 windows, however few there were to derive from."""
    random = np.random.default_rng(count)
    passed = 0
    for _ in range(1_500):
        *known, following = random.normal(0.05, 0.01, count + 1)
        limit = derived_thresholds([window(value) for value in known])["input/fare/L_INFTY"]
        passed += following > limit
    assert passed <= 8, "2 are to be expected; three plain deviations of 5 windows would give 40"


def test_of_many_windows_it_is_three_deviations() -> None:
    values = np.random.default_rng(1).normal(0.05, 0.01, 3_000)
    limit = derived_thresholds([window(value) for value in values])["input/fare/L_INFTY"]
    assert limit == pytest.approx(values.mean() + 3 * values.std(), rel=0.002)


def test_too_few_and_unjudged_windows_say_nothing() -> None:
    few = [window(0.01 * number) for number in range(LEAST_WINDOWS - 1)]
    assert derived_thresholds(few) == {}
    assert derived_thresholds([*few, window(9.0, is_judged=False)]) == {}
    assert derived_thresholds([*few, window(float("inf"))]) == {}
    assert list(derived_thresholds([*few, window(0.2)])) == ["input/fare/L_INFTY"]
