"""One sort of the scores, from which every threshold, curve and ranking metric follows."""

from __future__ import annotations

import dataclasses

import numpy as np

from hagane.metrics.undefined import Bools, Floats, Ints


@dataclasses.dataclass(frozen=True)
class RankedCounts:
    """What each possible threshold counts, highest first; k is the number of distinct scores.

    A row is predicted positive when its score is >= the threshold, so `thresholds[i]` takes every row whose score is at
    least the i-th highest distinct score.
    """

    thresholds: Floats
    """[k] distinct scores, falling."""
    true_positives: Ints
    """[k] positive rows scored >= the threshold."""
    false_positives: Ints
    """[k] negative rows scored >= the threshold."""
    num_positives: int
    num_negatives: int


def ranked_counts(positive: Bools, scores: Floats) -> RankedCounts:
    """Count both kinds of row at every distinct score. `positive` [n], `scores` [n] without NaN; O(n log n).

    >>> ranked = ranked_counts(np.array([True, False, True]), np.array([0.9, 0.5, 0.5]))
    >>> ranked.thresholds.tolist(), ranked.true_positives.tolist(), ranked.false_positives.tolist()
    ([0.9, 0.5], [1, 2], [0, 1])
    """
    order = np.argsort(scores)[::-1]
    falling = scores[order]
    last_of_tie = (
        np.flatnonzero(np.append(falling[1:] != falling[:-1], True)) if len(falling) else np.empty(0, np.int64)
    )
    true_positives = np.cumsum(positive[order], dtype=np.int64)[last_of_tie]
    false_positives = last_of_tie + 1 - true_positives
    num_positives = int(np.count_nonzero(positive))
    return RankedCounts(
        falling[last_of_tie].astype(np.float64),
        true_positives,
        false_positives,
        num_positives,
        len(positive) - num_positives,
    )
