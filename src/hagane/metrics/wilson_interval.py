"""How far a share may lie from the truth, where rows have weights."""

from __future__ import annotations

import math

Z = 1.959963984540054
"""Of 95 %, two-sided."""


def wilson_interval(share: float, num_rows: float, z: float = Z) -> tuple[float, float]:
    """Wilson's score interval (1927) of a share of `num_rows`, which need be no whole number: never of width 0.

    Of weighted rows `num_rows` is Kish's effective number (Survey Sampling, 1965), (Σw)² / Σw².

    >>> [round(end, 4) for end in wilson_interval(0.8, 10)], wilson_interval(0.5, 0)
    ([0.4902, 0.9433], (0.0, 1.0))
    """
    if num_rows <= 0:
        return 0.0, 1.0
    square = z * z / num_rows
    middle = (share + square / 2) / (1 + square)
    reach = z / (1 + square) * math.sqrt(share * (1 - share) / num_rows + square / (4 * num_rows))
    return max(0.0, min(share, middle - reach)), min(1.0, max(share, middle + reach))
