"""`Estimate`: one metric, and how far it may lie from the truth."""

from __future__ import annotations

import math

import msgspec

from hagane.metrics.wilson_interval import Z, wilson_interval


class Estimate(msgspec.Struct, frozen=True):
    """A figure and its 95 % interval.

    >>> Estimate.around(0.9, 0.1, most=1.0).high, Estimate.of_share(0.5, 100).low
    (1.0, 0.4038315303659956)
    """

    value: float
    low: float
    high: float

    @staticmethod
    def around(value: float, error: float, *, least: float = -math.inf, most: float = math.inf) -> Estimate:
        """By the normal distribution, given the standard error."""
        exact = float(value)  # numpy's own numbers are no JSON
        return Estimate(exact, max(least, exact - Z * float(error)), min(most, exact + Z * float(error)))

    @staticmethod
    def of_share(share: float, num_rows: float) -> Estimate:
        """By Wilson's interval; of weighted rows `num_rows` is their effective number."""
        return Estimate(share, *wilson_interval(share, num_rows))
