"""`equal_width_edges`: where the buckets of a standard histogram begin and end."""

from __future__ import annotations


def equal_width_edges(low: float, high: float, num_buckets: int) -> list[float]:
    """`num_buckets + 1` ascending edges; two where there is one value.

    No difference of the two is made, which for numbers near the end of FLOAT64's range would be no number.

    >>> equal_width_edges(0.0, 10.0, 4), equal_width_edges(3.0, 3.0, 4)
    ([0.0, 2.5, 5.0, 7.5, 10.0], [3.0, 3.0])
    """
    if low == high:
        return [low, high]
    inner = [low * (1 - step / num_buckets) + high * (step / num_buckets) for step in range(1, num_buckets)]
    return sorted({low, *(edge for edge in inner if low < edge < high), high})
