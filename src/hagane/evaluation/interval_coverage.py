"""`interval_coverage`: whether labels lie between the bounds as often as was promised."""

from __future__ import annotations

import math

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
    expected_low: float
    """Where the promise is kept, so many rows show at least this coverage, 39 times of 40; see `expected_high`."""
    expected_high: float
    """At most this, 39 times of 40: the bounds stand on a draw of eval rows, and these rows are a draw themselves."""
    mean_width: float
    median_width: float
    share_below: float
    """Labels below the lower bound."""
    share_above: float

    @property
    def verdict(self) -> str:
        """Whether the promise was kept, as far as these rows can tell."""
        if self.coverage < self.expected_low:
            return "less than promised"
        return "more than promised" if self.coverage > self.expected_high else "as promised"


def interval_coverage(
    labels: Doubles, bounds: Doubles, level: float, num_fitted: int | None = None
) -> IntervalCoverage | None:
    """Of `bounds` [n, 2] for `labels` [n]; None without rows. `num_fitted` eval rows were the bounds fitted on.

    With the k-th of m eval rows' errors as margin, k = ⌈(m + 1) level⌉, the number of new labels inside has the
    beta-binomial distribution of n, k and m + 1 − k (Vovk 2012, "Conditional validity of inductive conformal
    predictors"); where m is not known, the binomial one.

    >>> found = interval_coverage(np.arange(4.0), np.array([[-1.0, 1.0]] * 4), 0.5)
    >>> found.coverage, found.share_above, found.mean_width, found.verdict
    (0.5, 0.5, 2.0, 'as promised')
    """
    if not len(labels):
        return None
    below, above = labels < bounds[:, 0], labels > bounds[:, 1]
    hits = int(np.count_nonzero(~below & ~above))
    low, high = binomial_interval(hits, len(labels))
    expected = _expected(len(labels), level, num_fitted)
    widths = bounds[:, 1] - bounds[:, 0]
    return IntervalCoverage(
        level=level,
        coverage=hits / len(labels),
        low=low,
        high=high,
        expected_low=expected[0],
        expected_high=expected[1],
        mean_width=float(np.mean(widths)),
        median_width=float(np.median(widths)),
        share_below=float(np.mean(below)),
        share_above=float(np.mean(above)),
    )


def _expected(num_rows: int, level: float, num_fitted: int | None) -> tuple[float, float]:
    """Between which coverages 95 % of such draws lie."""
    from scipy.stats import betabinom, binom

    ends = (0.025, 0.975)
    if not num_fitted:
        low, high = (float(binom.ppf(end, num_rows, level)) for end in ends)
    else:
        rank = min(num_fitted, math.ceil((num_fitted + 1) * level - 1e-9))
        low, high = (float(betabinom.ppf(end, num_rows, rank, num_fitted + 1 - rank)) for end in ends)
    return low / num_rows, high / num_rows
