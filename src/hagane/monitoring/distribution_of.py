"""`distribution_of`: a column's distribution out of the statistics that were kept of it, without its rows."""

from __future__ import annotations

import itertools
import math

from hagane.monitoring.distribution import Categories, Distribution, Histogram
from hagane.monitoring.equal_width_edges import equal_width_edges
from hagane.statistics.statistics import ColumnStatistics
from hagane.types import SqlType

_NUMBERS = (SqlType.INT64, SqlType.FLOAT64)


def distribution_of(
    column: ColumnStatistics, *, num_histogram_buckets: int = 10, num_top_values: int = 50
) -> Distribution | None:
    """Numbers as a histogram of equal width, BOOL, STRING and DATE as their most frequent values.

    The histogram's counts are within the sketch's `rank_error`; counts of values within the error of theirs. None of
    TIMESTAMP and arrays, of whose values nothing was kept.

    >>> from hagane.statistics.statistics import TopValue
    >>> known = ColumnStatistics(name="job", type=SqlType.STRING, count=3, num_nulls=1,
    ...                          top_values=(TopValue("nurse", 2), TopValue("pilot", 1)))
    >>> distribution_of(known)
    Categories(counts={'nurse': 2.0, 'pilot': 1.0})
    """
    if column.type in _NUMBERS:
        return _histogram(column, num_histogram_buckets)
    if column.type is SqlType.BOOL:
        counts = {"true": column.num_true or 0, "false": column.num_false or 0}
        return Categories({text: float(count) for text, count in counts.items() if count})
    if column.type not in (SqlType.STRING, SqlType.DATE):
        return None
    if column.frequent_sketch is not None:
        values = column.frequent_sketch.values()
    else:
        values = [(str(top.value), top.count) for top in column.top_values]
    return Categories({text: float(count) for text, count in values[:num_top_values]})


def _histogram(column: ColumnStatistics, num_buckets: int) -> Histogram | None:
    """None where values were seen but no sketch of them was kept (statistics of an older version)."""
    num_finite = column.count - column.num_infinite
    sketch, low, high = column.quantile_sketch, column.min, column.max
    if num_finite <= 0:
        return Histogram(())
    if sketch is None or not isinstance(low, int | float) or not isinstance(high, int | float):
        return None
    edges = equal_width_edges(float(low), float(high), num_buckets)
    below = sketch.ranks([math.nextafter(edge, -math.inf) for edge in edges[1:-1]])
    shares = [0.0, *below, 1.0]
    counts = [round((after - before) * num_finite, 6) for before, after in itertools.pairwise(shares)]
    return Histogram.of_edges(edges, counts)
