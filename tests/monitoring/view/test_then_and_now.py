"""Buckets of a column then and now, against the rows themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.data.open_table import open_table
from hagane.monitoring.view.then_and_now import NUM_BUCKETS, NUM_VALUES, ThenAndNow, then_and_now
from hagane.statistics.measure import measure_statistics
from hagane.statistics.quantile_sketch import QuantileSketch
from hagane.statistics.statistics import ColumnStatistics
from hagane.types import SqlType


def column(values: Any) -> ColumnStatistics:
    return measure_statistics(open_table(pa.table({"x": values})))["x"]


def both(then: Any, now: Any) -> ThenAndNow:
    found = then_and_now("input", column(then), column(now))
    assert found is not None
    return found


def test_numbers_are_counted_as_numpy_does() -> None:
    random = np.random.default_rng(0)
    then, now = random.normal(0, 1, 4000), random.normal(1, 2, 3000)
    found = both(then, now)
    assert len(found.edges) == NUM_BUCKETS + 1
    assert found.then is not None
    for side, values in ((found.then, then), (found.now, now)):
        counts = np.histogram(values, found.edges)[0] / len(values)
        assert np.abs(counts - side.shares).max() < 0.015, "within the error of the sketch"
        assert side.below == pytest.approx((values < found.edges[0]).mean(), abs=0.015)
        assert side.mean == pytest.approx(values.mean())


def test_whole_numbers_have_a_bucket_each() -> None:
    found = both([1, 1, 2, 7], [7, 7, 7, 7])
    assert found.edges == tuple(number + 0.5 for number in range(8))
    assert found.then is not None
    assert found.then.shares == (0.5, 0.25, 0, 0, 0, 0, 0.25)
    assert found.now.shares == (0, 0, 0, 0, 0, 0, 1.0)


def test_categories_are_those_of_either_side() -> None:
    found = both([f"v{number}" for number in range(30)] + ["a"] * 30, ["b"] * 9 + ["a"])
    assert len(found.values) == NUM_VALUES
    assert set(found.values[:2]) == {"a", "b"}
    assert found.then is not None
    assert dict(zip(found.values, found.then.shares, strict=True))["a"] == 0.5
    assert dict(zip(found.values, found.now.shares, strict=True))["b"] == 0.9


def test_a_baseline_that_cannot_be_compared_is_left_out() -> None:
    found = then_and_now("input", column(["a", "b"]), column([1.0, 2.0]))
    assert found is not None
    assert found.then is None
    assert then_and_now("input", None, column([[1.0]])) is None, "of arrays nothing is kept"


NUMBERS = st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.just(0.0), min_size=1, max_size=30)
WHOLE = st.lists(st.integers(-(2**62), 2**62) | st.integers(0, 3), min_size=1, max_size=30)


def kept(values: list[float] | list[int], type_: SqlType) -> ColumnStatistics:
    """What is kept of these; `measure_statistics` without its database."""
    ordered = np.sort(np.array(values, np.float64))
    return ColumnStatistics(name="x", type=type_, count=len(ordered), num_nulls=1, min=min(values), max=max(values),
                            quantile_sketch=QuantileSketch.of(ordered, len(ordered)))  # fmt: skip


@given(
    st.tuples(st.just(SqlType.FLOAT64), NUMBERS, NUMBERS)
    | st.tuples(st.sampled_from([SqlType.INT64, SqlType.FLOAT64]), WHOLE, WHOLE)
)
@settings(max_examples=80, deadline=None)
def test_any_numbers_have_buckets(sides: tuple[SqlType, list[Any], list[Any]]) -> None:
    type_, then, now = sides
    found = then_and_now("input", kept(then, type_), kept(now, type_))
    assert found is not None
    assert all(low < high for low, high in zip(found.edges, found.edges[1:], strict=False))
    for side in (found.then, found.now):
        assert side is not None
        assert sum(side.shares) + side.below + side.above == pytest.approx(1.0, abs=1e-3)
        assert all(share >= -1e-9 for share in side.shares)
