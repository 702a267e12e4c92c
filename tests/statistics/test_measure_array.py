"""Values in memory are summed up as the engine sums up a table of them."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.data.open_table import open_table
from hagane.statistics.measure import measure_statistics
from hagane.statistics.measure_array import measure_array
from hagane.statistics.statistics import ColumnStatistics

FLOATS = st.lists(st.none() | st.sampled_from([0.0, -1.5, 2.0, math.inf, -math.inf, math.nan]), max_size=30)
COLUMNS = (
    FLOATS.map(lambda values: pa.array(values, pa.float64()))
    | st.lists(st.none() | st.integers(-5, 5), max_size=30).map(lambda values: pa.array(values, pa.int64()))
    | st.lists(st.none() | st.booleans(), max_size=30).map(lambda values: pa.array(values, pa.bool_()))
    | st.lists(st.none() | st.sampled_from(["a", "", "é", "long text"]), max_size=30).map(
        lambda values: pa.array(values, pa.string())
    )
)


def same(found: ColumnStatistics, expected: ColumnStatistics) -> None:
    """But for the last bits of moments, and the sketch that only the engine makes."""
    for mine, theirs in ((found.mean, expected.mean), (found.stddev, expected.stddev)):
        assert mine is theirs is None or mine == pytest.approx(theirs, rel=1e-9, abs=1e-12)
    listed = [column.frequent_sketch for column in (found, expected)]
    assert (listed[0] is None) == (listed[1] is None)
    if listed[0] is not None and listed[1] is not None:
        assert listed[0].values() == listed[1].values()
        assert (listed[0].error, listed[0].is_complete) == (listed[1].error, listed[1].is_complete)
    rest = {"mean": None, "stddev": None, "distinct_sketch": None, "frequent_sketch": None}
    assert msgspec.structs.replace(found, **rest) == msgspec.structs.replace(expected, **rest)


@settings(max_examples=60)
@given(COLUMNS)
def test_it_says_what_the_engine_says(values: pa.Array) -> None:
    same(measure_array("x", values), measure_statistics(open_table(pa.table({"x": values})))["x"])


def test_many_values_and_their_dictionary() -> None:
    random = np.random.default_rng(5)
    texts = pa.array([f"v{number}" for number in random.zipf(1.3, 3_000)])
    numbers = pa.array(random.normal(size=3_000))
    measured = measure_statistics(open_table(pa.table({"t": texts, "x": numbers})))
    same(measure_array("t", texts.dictionary_encode()), measured["t"])
    same(measure_array("x", numbers), measured["x"])
