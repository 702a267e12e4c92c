"""Distributions out of kept statistics, against those of the rows themselves."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from hagane.data.open_table import open_table
from hagane.monitoring.distribution import Histogram
from hagane.monitoring.distribution_of import distribution_of
from hagane.monitoring.input_column import input_columns
from hagane.monitoring.measure_features import Detail, measure_features
from hagane.statistics.measure import measure_statistics


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    rng = np.random.default_rng(3)
    numbers = rng.normal(size=4_000)
    return pa.table(
        {
            "x": pa.array(numbers, mask=rng.random(4_000) < 0.1),
            "n": rng.poisson(3, 4_000),
            "job": [f"job {index}" for index in rng.geometric(0.1, 4_000)],
            "late": rng.random(4_000) < 0.3,
            "day": pa.array(rng.integers(0, 90, 4_000).astype("datetime64[D]")),
        }
    )


def test_statistics_keep_the_distribution(rows):
    statistics = measure_statistics(open_table(rows))
    connection = duckdb.connect()
    connection.register("input", rows)
    columns = input_columns(rows.schema)
    features = measure_features(connection, "SELECT * FROM input", columns, Detail(num_top_values=300))
    for feature in features:
        kept = distribution_of(statistics[feature.name], num_top_values=300)
        seen = feature.distribution
        if isinstance(kept, Histogram):
            assert isinstance(seen, Histogram)
            sketch = statistics[feature.name].quantile_sketch
            assert sketch is not None
            assert [bucket.low for bucket in kept.buckets] == [bucket.low for bucket in seen.buckets]
            difference = np.cumsum([k.count - s.count for k, s in zip(kept.buckets, seen.buckets, strict=True)])
            assert np.abs(difference).max() <= sketch.rank_error * kept.total
            assert kept.total == pytest.approx(seen.total)
        else:
            assert kept == seen


def test_what_was_not_kept_is_none():
    table = pa.table({"at": pa.array([0, 1], pa.timestamp("us", "UTC")), "tags": [["a"], ["b", "c"]]})
    statistics = measure_statistics(open_table(table))
    assert [distribution_of(column) for column in statistics] == [None, None]
    empty = measure_statistics(open_table(pa.table({"x": pa.array([None, None], pa.float64())})))
    assert distribution_of(empty["x"]) == Histogram(())
