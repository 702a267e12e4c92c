"""`paired_distributions`: two summaries of a column as distributions over the same buckets."""

from __future__ import annotations

import itertools

from hagane.monitoring.distribution import Bucket, Distribution, Histogram
from hagane.monitoring.distribution_of import distribution_of
from hagane.statistics.statistics import ColumnStatistics
from hagane.types import SqlType

NUM_BUCKETS = 10
_NUMBERS = (SqlType.INT64, SqlType.FLOAT64)


def paired_distributions(
    base: ColumnStatistics, study: ColumnStatistics, *, num_buckets: int = NUM_BUCKETS
) -> tuple[Distribution, Distribution] | None:
    """Both columns, comparable; None where they are not, or nothing was kept of the values.

    Numbers are counted between the baseline's quantiles, so that each bucket has the same share of the baseline and the
    same edges on both sides. Histograms that each cut their own range into equal widths (TensorFlow Data Validation)
    have to guess where within a bucket the values lie, and of a column with a long tail the guess is wrong: two samples
    of the same rows then lie far apart. Counts are within the sketches' `rank_error`.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> from hagane.statistics.measure import measure_statistics
    >>> tables = [pa.table({"x": values}) for values in ([0, 0, 0, 9], [0, 9, 9, 12])]
    >>> sides = [measure_statistics(open_table(table))["x"] for table in tables]
    >>> [[bucket.count for bucket in side.buckets] for side in paired_distributions(*sides)]
    [[3.0, 1.0, 0.0], [1.0, 2.0, 1.0]]
    """
    if base.type not in _NUMBERS or study.type not in _NUMBERS:
        if base.type is not study.type:
            return None
        both = distribution_of(base), distribution_of(study)
        return (both[0], both[1]) if both[0] is not None and both[1] is not None else None
    sides = (base, study)
    if not all(_has_sketch(side) for side in sides):
        return None
    edges = _edges(base, study, num_buckets)
    return _counted(base, edges), _counted(study, edges)


def _has_sketch(column: ColumnStatistics) -> bool:
    return column.quantile_sketch is not None and isinstance(column.min, int | float)


def _edges(base: ColumnStatistics, study: ColumnStatistics, num_buckets: int) -> list[float]:
    """Ascending, from the least value of both sides to the greatest; the quantiles of the baseline in between."""
    assert base.quantile_sketch is not None
    fractions = [step / num_buckets for step in range(1, num_buckets)]
    ends = [float(value) for side in (base, study) for value in (side.min, side.max) if isinstance(value, int | float)]
    quantiles = (*base.quantile_sketch.quantiles(fractions), *(ends[:2]))
    return sorted({min(ends), *quantiles, max(ends)})


def _counted(column: ColumnStatistics, edges: list[float]) -> Histogram:
    """The least value by itself, then the values above each edge and up to the next."""
    assert column.quantile_sketch is not None
    num_values = column.count - column.num_infinite
    ranks = column.quantile_sketch.ranks(edges)
    shares = [ranks[0], *(after - before for before, after in itertools.pairwise(ranks))]
    sides = [(edges[0], edges[0]), *itertools.pairwise(edges)]
    buckets = (
        Bucket(low, high, round(share * num_values, 6)) for (low, high), share in zip(sides, shares, strict=True)
    )
    return Histogram(tuple(buckets))
