"""A distribution in eight characters."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from hagane.statistics.statistics import ColumnStatistics

BLOCKS = "▁▂▃▄▅▆▇█"
NUM_BINS = 8


def histogram(column: ColumnStatistics) -> str:
    """Bars of eight equal bins from the 1 % to the 99 % quantile; empty where there is nothing to draw.

    Of up to eight values that are all known: a bar a value. Counted where the top values list every value, else drawn
    from the quantiles, evenly spread between each two.
    """
    if 1 < len(column.top_values) <= NUM_BINS and _all_known(column):
        return bars([top.count for top in sorted(column.top_values, key=lambda top: float(top.value))])
    if len(column.quantiles) < 2:
        return ""
    low, high = column.quantiles[0].value, column.quantiles[-1].value
    if not low < high:
        return ""
    edges = [low + (high - low) * index / NUM_BINS for index in range(NUM_BINS + 1)]
    return bars(_counted(column, edges) or _spread(column, edges))


def bars(heights: Sequence[float]) -> str:
    """One block a height, the tallest full; nothing at all is a space, a trace the lowest block.

    >>> bars([0, 1, 4, 8])
    ' ▁▄█'
    """
    tallest = max(heights, default=0)
    if tallest <= 0:
        return ""
    return "".join(BLOCKS[max(0, round(height / tallest * 8) - 1)] if height > 0 else " " for height in heights)


def _all_known(column: ColumnStatistics) -> bool:
    """Whether the top values are all the values that there are."""
    return sum(top.count for top in column.top_values) >= column.count


def _counted(column: ColumnStatistics, edges: Sequence[float]) -> list[float]:
    """Rows by bin, where all values are known; else nothing."""
    if not _all_known(column):
        return []
    heights = [0.0] * NUM_BINS
    for top in column.top_values:
        if isinstance(top.value, int | float) and edges[0] <= top.value <= edges[-1]:
            heights[min(bisect_right(edges, top.value) - 1, NUM_BINS - 1)] += top.count
    return heights


def _spread(column: ColumnStatistics, edges: Sequence[float]) -> list[float]:
    """The share of rows by bin, taking values as evenly spread between neighbouring quantiles."""
    heights = [0.0] * NUM_BINS
    for lower, upper in zip(column.quantiles, column.quantiles[1:], strict=False):
        share = upper.fraction - lower.fraction
        for index in range(NUM_BINS):
            heights[index] += share * _overlap(lower.value, upper.value, edges[index], edges[index + 1])
        if lower.value == upper.value:
            heights[min(bisect_right(edges, lower.value) - 1, NUM_BINS - 1)] += share
    return heights


def _overlap(low: float, high: float, start: float, end: float) -> float:
    """Which share of [low, high] lies in [start, end]."""
    return max(0.0, min(high, end) - max(low, start)) / (high - low) if high > low else 0.0
