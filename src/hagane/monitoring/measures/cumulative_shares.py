"""`cumulative_shares`: two histograms as cumulative distributions over the same edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hagane.monitoring.distribution import Histogram

Shares = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CumulativeShares:
    """F of the baseline and G of the study at each edge; they jump at single values, and rise evenly in between."""

    edges: Shares
    """[k] ascending: every edge of either."""
    base: Shares
    """[k] F(edge): the share of values up to and with it."""
    study: Shares
    """[k] G(edge)."""
    base_below: Shares
    """[k] the share of values below the edge."""
    study_below: Shares
    """[k]"""


def cumulative_shares(base: Histogram, study: Histogram) -> CumulativeShares | None:
    """Both over the edges of both; None where one has no values.

    >>> shares = cumulative_shares(Histogram.of_edges([0, 4], [1]), Histogram.of_edges([2, 2], [1]))
    >>> shares.edges.tolist(), shares.base.tolist(), shares.study_below.tolist(), shares.study.tolist()
    ([0.0, 2.0, 4.0], [0.0, 0.5, 1.0], [0.0, 0.0, 1.0], [0.0, 1.0, 1.0])
    """
    if not base.total or not study.total:
        return None
    buckets = (*base.buckets, *study.buckets)
    edges = np.array(sorted({float(edge) for bucket in buckets for edge in (bucket.low, bucket.high)}))
    with_base, below_base = _shares(base, edges)
    with_study, below_study = _shares(study, edges)
    return CumulativeShares(edges, with_base, with_study, below_base, below_study)


def _shares(histogram: Histogram, edges: Shares) -> tuple[Shares, Shares]:
    """The share of values up to and with each edge, and below it."""
    upto, below = np.zeros(len(edges)), np.zeros(len(edges))
    for bucket in histogram.buckets:
        if bucket.low == bucket.high:
            upto += bucket.count * (edges >= bucket.low)
            below += bucket.count * (edges > bucket.low)
        else:
            risen = bucket.count * _risen(edges, bucket.low, bucket.high)
            upto, below = upto + risen, below + risen
    return upto / histogram.total, below / histogram.total


def _risen(edges: Shares, low: float, high: float) -> Shares:
    """[k] which part of a bucket lies below each edge; all of one that reaches to infinity lies at its high end."""
    if not np.isfinite(low) or not np.isfinite(high):
        whole: Shares = (edges >= high).astype(np.float64)
        return whole
    part: Shares = np.clip((edges / 2 - low / 2) / (high / 2 - low / 2), 0.0, 1.0)
    return part
