"""`aligned_counts`: two histograms with buckets of their own, cut into the same pieces."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.monitoring.distribution import Bucket, Histogram

Counts = npt.NDArray[np.float64]


def aligned_counts(base: Histogram, study: Histogram) -> tuple[Counts, Counts]:
    """Counts of both histograms over the pieces between all their edges, then over their single values.

    Within a bucket values are taken to lie evenly, so that a bucket that is cut gives each piece its part by width. A
    bucket of one value stays one piece, and so does one that reaches to infinity: nothing is known of where its values
    lie. (TensorFlow Data Validation, `AlignHistograms`; there infinite buckets never match each other.)

    >>> left, right = Histogram.of_edges([0, 2, 4], [2, 2]), Histogram.of_edges([1, 3], [6])
    >>> [counts.tolist() for counts in aligned_counts(left, right)]
    [[1.0, 1.0, 1.0, 1.0], [0.0, 3.0, 3.0, 0.0]]
    """
    sides = [_taken_apart(histogram) for histogram in (base, study)]
    edges = np.array(sorted({edge for wide, _ in sides for bucket in wide for edge in (bucket.low, bucket.high)}))
    points = sorted({key for _, single in sides for key in single})
    both = [
        np.concatenate([_over(wide, edges), np.array([single.get(key, 0.0) for key in points])])
        for wide, single in sides
    ]
    return both[0], both[1]


def _taken_apart(histogram: Histogram) -> tuple[list[Bucket], dict[tuple[float, float], float]]:
    """Buckets of some width, and the counts of those that cannot be cut."""
    wide: list[Bucket] = []
    single: dict[tuple[float, float], float] = {}
    for bucket in histogram.buckets:
        if bucket.low < bucket.high and np.isfinite(bucket.low) and np.isfinite(bucket.high):
            wide.append(bucket)
        else:
            key = (bucket.low, bucket.high)
            single[key] = single.get(key, 0.0) + bucket.count
    return wide, single


def _over(buckets: list[Bucket], edges: Counts) -> Counts:
    """What lies between neighbouring edges."""
    counts = np.zeros(max(0, len(edges) - 1))
    for bucket in buckets:
        first, last = np.searchsorted(edges, [bucket.low, bucket.high])
        inside = edges[first : last + 1]
        counts[first:last] += bucket.count * (np.diff(inside / 2) / (bucket.high / 2 - bucket.low / 2))
    return counts
