"""`mean_shift`: how many standard errors two means lie apart."""

from __future__ import annotations

import math

from hagane.statistics.statistics import ColumnStatistics


def mean_shift(base: ColumnStatistics, study: ColumnStatistics) -> float | None:
    """|mean difference| / √(s₁² / n₁ + s₂² / n₂), over the finite values: Welch's statistic (1947), without its sign.

    It grows with the rows: of a million of them it tells a change that nobody would notice. Infinite where two
    constants differ. None of what are no numbers, or where a side has fewer than two values.

    >>> from hagane.types import SqlType
    >>> sides = [ColumnStatistics(name="x", type=SqlType.FLOAT64, count=50, num_nulls=0, mean=mean, stddev=5.0)
    ...          for mean in (20.0, 23.0)]
    >>> round(mean_shift(*sides), 6)
    3.0
    """
    sides = []
    for column in (base, study):
        num_values = column.count - column.num_infinite
        if column.mean is None or column.stddev is None or num_values < 2:
            return None
        sides.append((column.mean, column.stddev / math.sqrt(num_values)))
    (before, error_before), (after, error_after) = sides
    error = math.hypot(error_before, error_after)
    if error == 0:
        return 0.0 if before == after else math.inf
    return abs(after - before) / error
