"""What two contenders cost in interleaved pairs, and the interval of the median of their ratios."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

from peers.contender import Cost


def interleaved(first: Callable[[], Cost], second: Callable[[], Cost], pairs: int) -> list[tuple[Cost, Cost]]:
    """Both in turn, the order changed from pair to pair; one pair before them warms up."""
    found: list[tuple[Cost, Cost]] = []
    for number in range(pairs + 1):
        pair = (first(), second()) if number % 2 else (second(), first())[::-1]
        if number:
            found.append(pair)
    return found


def median_clock(pairs: list[tuple[Cost, Cost]]) -> tuple[float, float]:
    """Of the first and of the second, in seconds."""
    return statistics.median(pair[0].clock for pair in pairs), statistics.median(pair[1].clock for pair in pairs)


def print_ratios(what: str, pairs: list[tuple[Cost, Cost]]) -> None:
    """The second's seconds by the first's: how many times as fast the first is."""
    for name in Cost._fields:
        ratios = [getattr(second, name) / getattr(first, name) for first, second in pairs]
        low, high = interval_of_median(ratios)
        told = f"{statistics.median(ratios):.3f}  ({low:.3f} to {high:.3f}, {len(pairs)} pairs)"
        print(f"  {what}, by {name:9}: {told}", flush=True)


def interval_of_median(values: list[float]) -> tuple[float, float]:
    """The order statistics between which the median lies with at least 95 % (binomial).

    Fewer than six values have no such interval: it is their range then.
    """
    ordered, n = sorted(values), len(values)
    below = 0
    while sum(math.comb(n, k) for k in range(below + 1)) / 2**n <= 0.025:
        below += 1
    return ordered[max(below - 1, 0)], ordered[n - max(below, 1)]
