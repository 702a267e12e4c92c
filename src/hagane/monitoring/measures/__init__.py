"""Measures of drift: how far one distribution lies from another, one file a measure.

`MEASURES` is the table: a function of the baseline's distribution and the other's, None where it says nothing of two
such distributions. `OF_STATISTICS` are functions of two columns' statistics: `SHIFTS`, those of moments, in standard
errors, and what ten buckets tell too little of (Wasserstein's distance, which of given histograms is one of these).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hagane.monitoring.distribution import Distribution
    from hagane.statistics.statistics import ColumnStatistics


class Measure(Protocol):
    """One measure."""

    def __call__(self, base: Distribution, study: Distribution, /) -> float | None:
        """How far `study` lies from `base`; None where the measure is not defined for the two."""


class ColumnMeasure(Protocol):
    """One measure of statistics."""

    def __call__(self, base: ColumnStatistics, study: ColumnStatistics, /) -> float | None:
        """How far `study` lies from `base`; None where the measure is not defined for the two."""


MEASURES = {
    "L_INFTY": "hagane.monitoring.measures.l_infinity:l_infinity",
    "JENSEN_SHANNON_DIVERGENCE": "hagane.monitoring.measures.jensen_shannon:jensen_shannon",
    "KOLMOGOROV_SMIRNOV": "hagane.monitoring.measures.kolmogorov_smirnov:kolmogorov_smirnov",
    "WASSERSTEIN": "hagane.monitoring.measures.wasserstein:wasserstein",
    "POPULATION_STABILITY_INDEX": "hagane.monitoring.measures.population_stability_index:population_stability_index",
    "CHI_SQUARED": "hagane.monitoring.measures.chi_squared:chi_squared",
}
"""Name → `module:function`; the first two are BigQuery ML's."""
SHIFTS = {
    "MEAN_SHIFT": "hagane.monitoring.measures.mean_shift:mean_shift",
    "VARIANCE_SHIFT": "hagane.monitoring.measures.variance_shift:variance_shift",
}
"""Name → `module:function`."""
OF_STATISTICS = {**SHIFTS, "WASSERSTEIN": "hagane.monitoring.measures.column_wasserstein:column_wasserstein"}
"""Name → `module:function`."""


def get_measure(name: str) -> Measure:
    """The measure called `name`. Raises KeyError.

    >>> from hagane.monitoring.distribution import Categories
    >>> get_measure("L_INFTY")(Categories({"a": 1, "b": 1}), Categories({"a": 3, "b": 1}))
    0.25
    """
    module, _, function = MEASURES[name].partition(":")
    measure: Measure = getattr(importlib.import_module(module), function)
    return measure


def get_column_measure(name: str) -> ColumnMeasure:
    """The measure of statistics called `name`. Raises KeyError.

    >>> get_column_measure("MEAN_SHIFT").__name__
    'mean_shift'
    """
    module, _, function = OF_STATISTICS[name].partition(":")
    measure: ColumnMeasure = getattr(importlib.import_module(module), function)
    return measure
