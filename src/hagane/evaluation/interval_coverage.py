"""`interval_coverage`: whether labels lie between the bounds as often as was promised."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.metrics.binomial_interval import binomial_interval

Doubles = npt.NDArray[np.float64]


class IntervalCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """Prediction intervals on rows that they were not fitted on."""

    level: float
    """The share that was promised."""
    coverage: float
    """The share of the rows whose label lies between its bounds."""
    low: float
    """Coverages from here to `high` are not contradicted by these rows (95 %, Clopper-Pearson)."""
    high: float
    mean_width: float
    median_width: float
    share_below: float
    """Labels below the lower bound."""
    share_above: float

    @property
    def verdict(self) -> str:
        """Whether the promise was kept, as far as these rows can tell."""
        if self.high < self.level:
            return "less than promised"
        return "more than promised" if self.low > self.level else "as promised"


def interval_coverage(labels: Doubles, bounds: Doubles, level: float) -> IntervalCoverage | None:
    """Of `bounds` [n, 2] for `labels` [n]; None without rows.

    >>> found = interval_coverage(np.arange(4.0), np.array([[-1.0, 1.0]] * 4), 0.5)
    >>> found.coverage, found.share_above, found.mean_width, found.verdict
    (0.5, 0.5, 2.0, 'as promised')
    """
    if not len(labels):
        return None
    below, above = labels < bounds[:, 0], labels > bounds[:, 1]
    hits = int(np.count_nonzero(~below & ~above))
    low, high = binomial_interval(hits, len(labels))
    widths = bounds[:, 1] - bounds[:, 0]
    return IntervalCoverage(
        level=level,
        coverage=hits / len(labels),
        low=low,
        high=high,
        mean_width=float(np.mean(widths)),
        median_width=float(np.median(widths)),
        share_below=float(np.mean(below)),
        share_above=float(np.mean(above)),
    )
