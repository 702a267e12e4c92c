"""`measure_column`: one column of a window against its baseline, by one measure."""

from __future__ import annotations

from hagane.monitoring.distribution import Distribution
from hagane.monitoring.measures import SHIFTS, get_measure, get_shift
from hagane.statistics.statistics import ColumnStatistics


def measure_column(
    measure: str, base: ColumnStatistics, study: ColumnStatistics, both: tuple[Distribution, Distribution]
) -> float | None:
    """By a distance of their distributions (`both`, of the same buckets), or a shift of their moments.

    None where the measure is not defined for the two. Raises KeyError for a name that is no measure, in any case.

    >>> from hagane.monitoring.distribution import Categories
    >>> from hagane.types import SqlType
    >>> column = ColumnStatistics(name="paid", type=SqlType.STRING, count=4, num_nulls=0)
    >>> measure_column("l_infty", column, column, (Categories({"cash": 4}), Categories({"cash": 1, "card": 3})))
    0.75
    """
    name = measure.upper()
    return get_shift(name)(base, study) if name in SHIFTS else get_measure(name)(*both)
