"""The bound on what sketches make wrong, against the rows that they were made of."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pyarrow as pa
import pytest

from hagane.monitoring.distribution import Bucket, Categories, Distribution, Histogram
from hagane.monitoring.measures import get_measure
from hagane.monitoring.paired_distributions import paired_distributions
from hagane.monitoring.sketch_error import sketch_error
from hagane.statistics.measure_array import measure_array
from hagane.statistics.statistics import ColumnStatistics


def merged(values: np.ndarray) -> ColumnStatistics:
    """As of a day of hours: the sketch of sketches."""
    parts = [measure_array("x", pa.array(part)) for part in np.array_split(values, 12)]
    return reduce(lambda one, other: one.merge(other), parts)


def counted(values: np.ndarray, like: Distribution) -> Histogram:
    """The rows themselves in the same buckets."""
    assert isinstance(like, Histogram)
    counts = [
        np.count_nonzero(values == low) if low == high else np.count_nonzero((values > low) & (values <= high))
        for low, high in ((bucket.low, bucket.high) for bucket in like.buckets)
    ]
    return Histogram(tuple(Bucket(b.low, b.high, float(n)) for b, n in zip(like.buckets, counts, strict=True)))


@pytest.mark.parametrize("measure", ["JENSEN_SHANNON_DIVERGENCE", "KOLMOGOROV_SMIRNOV"])
@pytest.mark.parametrize("shift", [0.0, 0.3, 2.0])
def test_the_rows_own_value_lies_within(measure: str, shift: float) -> None:
    random = np.random.default_rng(int(shift * 10))
    for _ in range(4):
        rows = random.gamma(2.0, 2.0, 30_000), random.gamma(2.0, 2.0, 20_000) + shift
        base, study = merged(rows[0]), merged(rows[1])
        both = paired_distributions(base, study)
        assert both is not None
        value = get_measure(measure)(*both)
        exact = get_measure(measure)(*(counted(side, like) for side, like in zip(rows, both, strict=True)))
        assert value is not None
        assert exact is not None
        bound = sketch_error(measure, base, study, both, value)
        assert bound is not None
        assert abs(value - exact) <= bound / 3, "a bound of the worst case"
        assert 0 < bound < 0.3


def test_of_values_that_a_sketch_could_not_hold() -> None:
    random = np.random.default_rng(4)
    sides = []
    for low in (1.15, 1.4):
        texts = np.array([f"v{number}" for number in np.minimum(random.zipf(low, 20_000), 10**6)])
        column = reduce(lambda one, other: one.merge(other),
                        [measure_array("x", pa.array(part)) for part in np.array_split(texts, 6)])  # fmt: skip
        values, counts = np.unique(texts, return_counts=True)
        sides.append((column, Categories({str(v): float(n) for v, n in zip(values, counts, strict=True)})))
    (base, exact_base), (study, exact_study) = sides
    both = paired_distributions(base, study)
    assert both is not None
    assert study.frequent_sketch is not None
    assert not study.frequent_sketch.is_complete
    value, exact = get_measure("L_INFTY")(*both), get_measure("L_INFTY")(exact_base, exact_study)
    assert value is not None
    assert exact is not None
    bound = sketch_error("l_infty", base, study, both, value)
    assert bound is not None
    assert abs(value - exact) <= bound


def test_what_was_counted_whole_is_exact_and_some_measures_say_nothing() -> None:
    column = measure_array("x", pa.array(["a", "b", "b"]))
    both = paired_distributions(column, column)
    assert both is not None
    assert sketch_error("jensen_shannon_divergence", column, column, both, 0.0) == 0.0
    assert sketch_error("chi_squared", column, column, both, 0.0) is None
