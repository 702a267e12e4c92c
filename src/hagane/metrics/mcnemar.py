"""McNemar's test: whether two classifiers are right equally often on the same rows (McNemar 1947), exactly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hagane.metrics.undefined import Bools


class McNemar(NamedTuple):
    """What the rows say on which one is right and the other wrong."""

    only_first: int
    """Rows on which the first alone is right."""
    only_second: int
    p_value: float
    """Two-sided: of so uneven a division, were each as likely as the other (binomial)."""


def mcnemar_test(first_right: Bools, second_right: Bools) -> McNemar:
    """Both [n]. Without a row on which they disagree the p-value is 1.

    >>> mcnemar_test(np.array([True] * 6 + [False]), np.array([False] * 6 + [True]))
    McNemar(only_first=6, only_second=1, p_value=0.125)
    """
    only_first = int(np.count_nonzero(first_right & ~second_right))
    only_second = int(np.count_nonzero(~first_right & second_right))
    return McNemar(only_first, only_second, _two_sided(only_first, only_second))


def _two_sided(one: int, other: int) -> float:
    from scipy.stats import binom

    return min(1.0, 2.0 * float(binom.cdf(min(one, other), one + other, 0.5))) if one + other else 1.0
