"""`sampling_noise`: how far two samples of one population lie apart by chance alone."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from hagane.monitoring.distribution import Distribution
from hagane.monitoring.measures.compared_counts import compared_counts
from hagane.monitoring.measures.compared_quantiles import compared_quantiles
from hagane.statistics.statistics import ColumnStatistics

Shares = npt.NDArray[np.float64]
TAIL = 0.00135
"""What is left above the mean and three standard deviations of a normal distribution."""
_NORMAL = NormalDist()


def sampling_noise(
    measure: str, base: ColumnStatistics, study: ColumnStatistics, both: tuple[Distribution, Distribution]
) -> float:
    """The distance below which 99.87 % of windows of so many rows lie as long as nothing moves; in closed form.

    With n rows on one side, N on the other and u = 1 / n + 1 / N, over k pieces or values: Σ (q - p)² / p is about
    u χ² of k - 1 degrees of freedom, which is PSI; the Jensen-Shannon divergence is a quarter of half of it, in bits
    (its second-order expansion), Cramér's V √(χ² / (n + N)). Kolmogorov and Smirnov's D has Smirnov's tail, the largest
    change of a share Bonferroni's normal one; Wasserstein's distance is √u ∫ |B(F)|, whose mean is √(2 / π) √u
    ∫ √(F (1 - F)), and whose tail is no heavier than that of the mean's (Borell's inequality). Shifts are in
    standard errors. Of few rows over many values it is too wide, not too narrow. Infinite without rows; raises KeyError
    for no measure.

    >>> from hagane.monitoring.distribution import Categories
    >>> from hagane.types import SqlType
    >>> column = ColumnStatistics(name="paid", type=SqlType.STRING, count=1000, num_nulls=0)
    >>> both = Categories({"cash": 500, "card": 500}), Categories({"cash": 510, "card": 490})
    >>> [round(sampling_noise(name, column, column, both), 3) for name in ("l_infty", "jensen_shannon_divergence")]
    [0.076, 0.004]
    """
    name = measure.upper()
    if name in ("MEAN_SHIFT", "VARIANCE_SHIFT"):
        return _NORMAL.inv_cdf(1 - TAIL / 2)
    if name == "WASSERSTEIN":
        return _wasserstein(base, study)
    num_base, num_study = (column.count - column.num_infinite for column in (base, study))
    counts = compared_counts(*both)
    if counts is None or num_base <= 0 or num_study <= 0:
        return math.inf
    shares = (counts[0] + counts[1]) / float(counts[0].sum() + counts[1].sum())
    unit = 1 / num_base + 1 / num_study
    return _NOISES[name](shares, unit, num_base + num_study)


def _jensen_shannon(shares: Shares, unit: float, num_rows: int) -> float:
    return min(1.0, unit * _chi_squared_quantile(shares) / (8 * math.log(2)))


def _stability_index(shares: Shares, unit: float, num_rows: int) -> float:
    return unit * _chi_squared_quantile(shares)


def _cramers_v(shares: Shares, unit: float, num_rows: int) -> float:
    return math.sqrt(_chi_squared_quantile(shares) / num_rows)


def _l_infinity(shares: Shares, unit: float, num_rows: int) -> float:
    score = _NORMAL.inv_cdf(1 - TAIL / (2 * max(1, int(np.count_nonzero(shares)))))
    return score * math.sqrt(unit * max(float((shares * (1 - shares)).max()), 1 / num_rows))


def _kolmogorov_smirnov(shares: Shares, unit: float, num_rows: int) -> float:
    return math.sqrt(math.log(2 / TAIL) / 2 * unit)


def _wasserstein(base: ColumnStatistics, study: ColumnStatistics) -> float:
    """By the quantiles that are compared: ∫ √(F (1 - F)) dx is each step between two, times √ at the rank between."""
    both = compared_quantiles(base, study)
    num_base, num_study = (column.count - column.num_infinite for column in (base, study))
    if both is None or num_base <= 0 or num_study <= 0:
        return math.inf
    if not base.stddev:
        return 0.0
    ranks = np.arange(1, len(both[0])) / len(both[0])
    area = float(np.sum(np.diff(both[0]) * np.sqrt(ranks * (1 - ranks))))
    score = _NORMAL.inv_cdf(1 - TAIL)
    return math.sqrt(1 / num_base + 1 / num_study) * (math.sqrt(2 / math.pi) * area / base.stddev + score)


def _chi_squared_quantile(shares: Shares) -> float:
    """Of k - 1 degrees of freedom, by Wilson and Hilferty's cube (1931)."""
    degrees = max(1, int(np.count_nonzero(shares)) - 1)
    step = 2 / (9 * degrees)
    return float(degrees * (1 - step + _NORMAL.inv_cdf(1 - TAIL) * math.sqrt(step)) ** 3)


_NOISES = {
    "JENSEN_SHANNON_DIVERGENCE": _jensen_shannon,
    "POPULATION_STABILITY_INDEX": _stability_index,
    "CHI_SQUARED": _cramers_v,
    "L_INFTY": _l_infinity,
    "KOLMOGOROV_SMIRNOV": _kolmogorov_smirnov,
}
"""Measure → a function of the pooled shares, u, and the rows of both sides."""
