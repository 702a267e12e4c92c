"""Whether those who took part came in the shares in which they were to be divided."""

from __future__ import annotations

from collections.abc import Sequence

LEAST_EXPECTED = 5.0
"""Below so many in one part the test's distribution is not that of chi-squared."""


def sample_ratio_p_value(counts: Sequence[int], shares: Sequence[float]) -> float | None:
    """The probability of counts as far from these shares as these are, or farther, where the shares are the true ones.

    Pearson's chi-squared test. None where fewer than 5 are expected in any part. A low one is a sample ratio mismatch
    (SRM): what divided them, or what counts them, does something else than it should, and whatever else was measured
    may be an effect of that (Fabijan et al., "Diagnosing Sample Ratio Mismatch in Online Controlled Experiments",
    KDD 2019).

    >>> round(sample_ratio_p_value([821_588, 815_482], [50, 50]) * 1e6, 1)
    1.8
    >>> sample_ratio_p_value([50, 50], [1, 1]), sample_ratio_p_value([4, 4], [1, 1])
    (1.0, None)
    """
    from scipy.stats import chisquare

    total, whole = sum(counts), sum(shares)
    expected = [total * share / whole for share in shares]
    if min(expected) < LEAST_EXPECTED:
        return None
    return float(chisquare(counts, expected).pvalue)
