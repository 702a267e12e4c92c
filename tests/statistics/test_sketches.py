"""Our sketches against Apache DataSketches' own, and against the values themselves."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from datasketches import frequent_strings_sketch, hll_sketch, kll_doubles_sketch

from hagane.data.open_table import open_table
from hagane.statistics.count_distinct import count_distinct
from hagane.statistics.frequent_sketch import FrequentSketch, capacity
from hagane.statistics.quantile_sketch import QuantileSketch

FRACTIONS = [0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0]
SIZES = [1, 2, 3, 127, 128, 129, 1_000, 4_097, 123_457]


@pytest.mark.parametrize("size", SIZES)
def test_quantiles_lie_within_the_stated_error(size):
    ordered = np.sort(np.random.default_rng(size).normal(size=size))
    sketch = QuantileSketch.of(ordered, size, k=128)
    assert (sketch.count, sketch.sampling_error) == (size, 0.0)
    for fraction, value in zip(FRACTIONS, sketch.quantiles(FRACTIONS), strict=True):
        low, high = np.searchsorted(ordered, value, "left") / size, np.searchsorted(ordered, value, "right") / size
        assert low - sketch.rank_error <= fraction <= high + sketch.rank_error
    assert len(sketch.kll) < 1_200


@pytest.mark.parametrize("size", SIZES)
def test_the_library_reads_our_bytes_and_writes_them_back(size):
    ordered = np.arange(float(size))
    sketch = QuantileSketch.of(ordered, size, k=128)
    read = kll_doubles_sketch.deserialize(sketch.kll)
    assert (read.n, read.k, read.get_min_value(), read.get_max_value()) == (size, 128, 0.0, size - 1.0)
    again = kll_doubles_sketch.deserialize(read.serialize())
    assert list(again.get_quantiles(FRACTIONS)) == list(read.get_quantiles(FRACTIONS))
    assert read.num_retained <= 128 + 16


def test_the_same_values_give_the_same_bytes():
    ordered = np.sort(np.random.default_rng(0).normal(size=10_000))
    assert QuantileSketch.of(ordered, 10_000) == QuantileSketch.of(ordered, 10_000)


def test_a_sample_stands_for_all_and_says_so():
    values = np.random.default_rng(0).normal(size=1_000_000)
    sketch = QuantileSketch.of(np.sort(values[:20_000]), len(values), k=128)
    assert sketch.count == len(values)
    assert sketch.sampling_error == pytest.approx(0.0115, abs=1e-4)
    found = [float(np.mean(values <= value)) for value in sketch.quantiles([0.1, 0.5, 0.9])]
    assert found == [pytest.approx(fraction, abs=sketch.rank_error) for fraction in (0.1, 0.5, 0.9)]


def test_sketches_made_here_merge_with_the_librarys():
    random = np.random.default_rng(3)
    left, right = np.sort(random.normal(size=30_000)), random.normal(3, 1, size=70_000)
    theirs = kll_doubles_sketch(512)
    theirs.update(right)
    merged = QuantileSketch.of(left, len(left)).merge(QuantileSketch(theirs.serialize(), 0.01))
    both = np.concatenate([left, right])
    assert merged.count == 100_000
    for fraction, value in zip(FRACTIONS, merged.quantiles(FRACTIONS), strict=True):
        assert np.mean(both <= value) == pytest.approx(fraction, abs=merged.rank_error)


@pytest.mark.parametrize("type_", [pa.int64(), pa.float64(), pa.string(), pa.timestamp("us"), pa.date32()], ids=str)
@pytest.mark.parametrize("size", [0, 1, 5, 900, 60_000])
def test_distinct_values(type_, size):
    values = pa.array(np.arange(size).repeat(2), pa.int64())
    column = values.cast(pa.int32()).cast(type_) if pa.types.is_date(type_) else values.cast(type_)
    with_nulls = pa.concat_arrays([column, pa.nulls(3, type_)])
    sketch = count_distinct(open_table(pa.table({"x": with_nulls})), ["x"])["x"]
    low, high = sketch.bounds()
    assert low <= size <= max(high, size + 0.1)
    assert sketch.estimate() == pytest.approx(size, rel=0.06)
    assert hll_sketch.deserialize(sketch.hll).lg_config_k == 12


def test_nan_is_no_value_and_the_zeros_are_one():
    column = pa.array([0.0, -0.0, float("nan"), 1.0, float("inf")])
    assert round(count_distinct(open_table(pa.table({"x": column})), ["x"])["x"].estimate()) == 3


def test_a_union_of_distinct_values_is_that_of_all_rows():
    values = np.random.default_rng(0).integers(0, 50_000, 90_000)
    tables = [open_table(pa.table({"x": part})) for part in (values, values[:40_000], values[40_000:])]
    whole, *parts = (count_distinct(table, ["x"])["x"] for table in tables)
    assert parts[0].merge(parts[1]).estimate() == whole.estimate()


def test_frequent_values_stay_within_the_stated_error():
    random = np.random.default_rng(1)
    parts = [np.minimum(random.zipf(1.3, 5_000), 10**6) for _ in range(6)]
    sketches = [_frequent(part) for part in parts]
    merged = sketches[0]
    for sketch in sketches[1:]:
        merged = merged.merge(sketch)
    listed, truth = dict(merged.values()), Counter(map(str, np.concatenate(parts).tolist()))
    assert not merged.is_complete
    assert merged.error < 200
    assert max(abs(listed.get(value, 0) - count) for value, count in truth.items()) <= merged.error
    assert [value for value, _ in merged.values()[:3]] == [value for value, _ in truth.most_common(3)]
    assert frequent_strings_sketch.deserialize(merged.items).num_active_items == len(listed)


def _frequent(values: np.ndarray) -> FrequentSketch:
    counts = Counter(map(str, values.tolist())).most_common()
    return FrequentSketch.of(counts, log_size=6)


def test_few_values_are_complete_and_long_ones_are_not_kept():
    left = FrequentSketch.of([("a", 3), ("b", 1)])
    assert left.merge(FrequentSketch.of([("b", 4)])) == FrequentSketch.of([("b", 5), ("a", 3)])
    assert left.is_complete
    long = FrequentSketch.of([("x" * 1_000, 7), ("a", 3)])
    assert (long.values(), long.error, long.is_complete) == ([("a", 3)], 7, False)
    assert capacity(6) == 48
