"""How far a share may lie from the truth."""

from __future__ import annotations


def binomial_interval(hits: int, num_rows: int, level: float = 0.95) -> tuple[float, float]:
    """Every share that `hits` of `num_rows` does not contradict at `level` (Clopper and Pearson 1934): never too short.

    >>> [round(end, 4) for end in binomial_interval(8, 10)], binomial_interval(0, 0)
    ([0.4439, 0.9748], (0.0, 1.0))
    """
    from scipy.stats import beta

    tail = (1.0 - level) / 2.0
    low = float(beta.ppf(tail, hits, num_rows - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1.0 - tail, hits + 1, num_rows - hits)) if hits < num_rows else 1.0
    return low, high
