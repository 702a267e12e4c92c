"""A window's summary merged with others: parts that one has not, and parts of different forms."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from hagane.errors import DataError
from hagane.monitoring.expected_binary import ExpectedBinary
from hagane.monitoring.quality.binary_quality import BinaryQuality
from hagane.monitoring.quality.window_quality import SliceQuality, WindowQuality
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window
from hagane.statistics.statistics import ColumnStatistics, Statistics
from hagane.types import SqlType


def of(*names: str, count: int = 2) -> Statistics:
    columns = (ColumnStatistics(name=name, type=SqlType.INT64, count=count, num_nulls=0) for name in names)
    return Statistics(num_rows=count, columns=tuple(columns))


def summary(start: int, *, inputs: Statistics, features: Statistics | None = None) -> WindowSummary:
    return WindowSummary(window=Window(start, start + 10), deployed_model_id="d", model="m", version="1", num_rows=2,
                         traffic=20.0, num_errors=1, inputs=inputs, predictions=of("p"), features=features)  # fmt: skip


def test_sums_add_and_a_part_of_one_is_that_of_both() -> None:
    first, second = summary(20, inputs=of("a"), features=of("f")), summary(0, inputs=of("a"))
    both = first.merge(second)
    assert both.window == Window(0, 30)
    assert (both.num_rows, both.traffic, both.num_errors, both.inputs["a"].count) == (4, 40.0, 2, 4)
    assert both.features == second.merge(first).features == of("f")


def test_parts_of_different_forms_are_left_out_and_columns_must_agree() -> None:
    first, second = (summary(0, inputs=of("a"), features=of(name)) for name in ("f", "g"))
    assert first.merge(second).features is None
    with pytest.raises(DataError, match="different columns"):
        first.merge(summary(0, inputs=of("b")))


def test_answers_judged_by_another_threshold_are_left_out() -> None:
    p, labels = np.array([0.2, 0.7]), np.array([0, 1])

    def judged(threshold: float) -> WindowSummary:
        sums = BinaryQuality.of(p, labels, np.ones(2), threshold=threshold)
        quality = WindowQuality(num_rows=2, num_labelled=2, each=(SliceQuality(label="y", sums=sums),))
        expected = ExpectedBinary.of(p, threshold=threshold)
        return msgspec.structs.replace(summary(0, inputs=of("a")), expected=expected, quality=quality)

    same, other = judged(0.5).merge(judged(0.5)), judged(0.5).merge(judged(0.4))
    assert (same.expected is None, same.quality is None) == (False, False)
    assert (other.expected, other.quality) == (None, None)
    assert other.num_rows == 4
