"""The difference of two means with an interval that holds at every look: stop whenever you like.

A usual 95 % interval holds for one look at a number of rows chosen beforehand; who looks after every row and stops at
the first that excludes 0 finds a difference where there is none, sooner or later always. These intervals hold at all
times at once: the chance that the true difference is ever outside is at most 5 %.

The normal mixture: of B less A, by rows so far, let V = var_A / n_A + var_B / n_B and I = 1 / V, its information. The
score S = I * difference is a Brownian motion with the true difference as its drift (Jennison and Turnbull, "Group
Sequential Methods", 2000, chapter 11), whatever the shares of A and B. Mixing the likelihood ratio over differences of
N(0, 1 / r) gives a martingale, sqrt(r / (r + I)) exp(S^2 / (2 (r + I))), which by Ville's inequality ever exceeds
1 / alpha with a chance of at most alpha. So with chance 1 - alpha at all times

    |difference - truth| <= sqrt((I + r) log((I + r) / (r alpha^2))) / I.

Robbins 1970, "Statistical methods related to the law of the iterated logarithm"; for A/B tests Johari, Koomen, Pekelis
and Walsh, "Always valid inference: continuous monitoring of A/B tests", Operations Research 70(3), 2022 (the mSPRT).
With variances that are estimated it is asymptotic, hence the least number of rows: Waudby-Smith, Arbour, Sinha, Kennedy
and Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences", Annals of Statistics 52, 2024.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from hagane.metrics.undefined import Floats

LEAST_ROWS = 100
"""Of each kind: before, nothing is said, since the variances are not known well enough."""


class Moments(NamedTuple):
    """Of a number a row, for the rows of one version."""

    num_rows: int
    mean: float
    variance: float

    @classmethod
    def of(cls, values: Floats) -> Moments:
        """Of `values` [n].

        >>> Moments.of(np.array([1.0, 2.0, 3.0]))
        Moments(num_rows=3, mean=2.0, variance=1.0)
        """
        variance = float(np.var(values, ddof=1)) if len(values) > 1 else math.nan
        return cls(len(values), float(np.mean(values)) if len(values) else math.nan, variance)

    @classmethod
    def of_share(cls, num_rows: int, hits: float) -> Moments:
        """Of `hits` ones among `num_rows` zeros and ones; two more rows, a 0 and a 1, keep the variance from 0.

        >>> Moments.of_share(2, 2)
        Moments(num_rows=2, mean=1.0, variance=0.1875)
        """
        share = (hits + 1) / (num_rows + 2)
        return cls(num_rows, hits / num_rows if num_rows else math.nan, share * (1 - share))

    def root(self) -> Moments:
        """Of the square root of the mean, by the delta method: the RMSE, where the values are squared errors.

        >>> Moments(100, 4.0, 16.0).root()
        Moments(num_rows=100, mean=2.0, variance=1.0)
        """
        variance = self.variance / (4 * self.mean) if self.mean > 0 else self.variance
        return Moments(self.num_rows, math.sqrt(self.mean), variance)


class AnytimeDifference(NamedTuple):
    """B less A."""

    difference: float
    lower: float
    """Infinite, as `upper`, while there are too few rows."""
    upper: float
    rows_needed: int
    """About how many rows there must be in all until the interval is as narrow as the resolution; 0 where it is."""


def anytime_difference(a: Moments, b: Moments, *, resolution: float, level: float = 0.95) -> AnytimeDifference:
    """The difference of the means, with bounds that hold at all looks together with a chance of at least `level`.

    `resolution` is the smallest difference that matters. It is chosen before the first look and stays: where the
    bounds come as close as it to the difference, they are as close as any such bounds can be.

    >>> narrow = anytime_difference(Moments(20_000, 0.80, 0.16), Moments(20_000, 0.83, 0.14), resolution=0.02)
    >>> [round(each, 4) for each in narrow[:3]]
    [0.03, 0.018, 0.042]
    >>> anytime_difference(Moments(99, 0.8, 0.16), Moments(20_000, 0.9, 0.09), resolution=0.02).lower
    -inf
    """
    alpha = 1 - level
    difference = b.mean - a.mean
    wanted, prior = wanted_information(resolution, alpha), prior_information(resolution, alpha)
    if min(a.num_rows, b.num_rows) < LEAST_ROWS:
        return AnytimeDifference(difference, -math.inf, math.inf, 0)
    variance = a.variance / a.num_rows + b.variance / b.num_rows
    if variance <= 0:
        return AnytimeDifference(difference, -math.inf, math.inf, 0)
    information = 1 / variance
    half = half_width(information, prior, alpha)
    needed = 0 if half <= resolution else math.ceil((a.num_rows + b.num_rows) * wanted / information)
    return AnytimeDifference(difference, difference - half, difference + half, needed)


def half_width(information: float, prior: float, alpha: float) -> float:
    """How far the bounds are from the difference, by its information and that of the mixture."""
    return math.sqrt((information + prior) * math.log((information + prior) / (prior * alpha**2))) / information


def wanted_information(resolution: float, alpha: float) -> float:
    """The information at which the bounds are `resolution` from the difference, with `prior_information`'s mixture.

    >>> round(half_width(wanted_information(0.02, 0.05), prior_information(0.02, 0.05), 0.05), 12)
    0.02
    """
    ratio = _ratio(alpha)
    return (1 + 1 / ratio) * (math.log(1 + ratio) - 2 * math.log(alpha)) / resolution**2


def prior_information(resolution: float, alpha: float) -> float:
    """Of the mixture whose bounds come to `resolution` with about the fewest rows: `r` above."""
    return wanted_information(resolution, alpha) / _ratio(alpha)


def _ratio(alpha: float) -> float:
    """Of the information at which bounds are narrowest to that of their mixture (Waudby-Smith et al., appendix B.2)."""
    wide = -2 * math.log(alpha)
    return wide + math.log(wide + 1)
