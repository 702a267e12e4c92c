"""`measure_column`: one column of a window against its baseline, by one measure."""

from __future__ import annotations

from hagane.monitoring.distribution import Distribution
from hagane.monitoring.measures import OF_STATISTICS, get_column_measure, get_measure
from hagane.statistics.statistics import ColumnStatistics


def measure_column(
    measure: str, base: ColumnStatistics, study: ColumnStatistics, both: tuple[Distribution, Distribution]
) -> float | None:
    """By their statistics where the measure takes these, else by their distributions (`both`, of the same buckets).

    None where the measure is not defined for the two. Raises KeyError for a name that is no measure, in any case.

    >>> from hagane.monitoring.distribution import Categories
    >>> from hagane.types import SqlType
    >>> column = ColumnStatistics(name="paid", type=SqlType.STRING, count=4, num_nulls=0)
    >>> measure_column("l_infty", column, column, (Categories({"cash": 4}), Categories({"cash": 1, "card": 3})))
    0.75
    """
    name = measure.upper()
    return get_column_measure(name)(base, study) if name in OF_STATISTICS else get_measure(name)(*both)
