"""`RankedScores`: how often positives are scored above negatives, from a histogram of the scores.

Bins are of equal width in log odds, so that rare classes, whose probabilities are all small, are told apart as well as
common ones. Scores of one bin count as equal.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.metrics.log_loss import clipped
from hagane.metrics.wilson_interval import Z
from hagane.monitoring.quality.check_mergeable import check_mergeable
from hagane.monitoring.quality.estimate import Estimate

Floats = npt.NDArray[np.float64]
FARTHEST = 14.0
"""Log odds beyond which all scores are alike: a probability of a millionth."""


class RankedScores(msgspec.Struct, frozen=True, kw_only=True):
    """Weighted rows by label and bin; only bins that have rows.

    >>> ranked = RankedScores.of(np.array([0.2, 0.9]), np.array([False, True]), np.ones(2), num_bins=64)
    >>> ranked.roc_auc(1.0, 1.0).value
    1.0
    """

    num_bins: int
    bins: dict[int, tuple[float, float]]
    """Bin → Σw of negative and of positive rows."""

    @staticmethod
    def of(scores: Floats, positive: npt.NDArray[np.bool_], weights: Floats, *, num_bins: int) -> RankedScores:
        """Of probabilities [n], labels [n] and weights [n]."""
        p = clipped(scores.astype(np.float64))
        odds = np.log(p) - np.log1p(-p)
        places = np.clip((odds / FARTHEST + 1) * (num_bins / 2), 0, num_bins - 1).astype(np.int64)
        below = np.bincount(places, np.where(positive, 0.0, weights), num_bins)
        above = np.bincount(places, np.where(positive, weights, 0.0), num_bins)
        used = np.flatnonzero(below + above)
        return RankedScores(num_bins=num_bins, bins={int(i): (float(below[i]), float(above[i])) for i in used})

    def merge(self, other: RankedScores) -> RankedScores:
        """Of both's rows. Raises DataError for other bins."""
        check_mergeable("bins", self.num_bins, other.num_bins)
        bins = dict(self.bins)
        for place, (negatives, positives) in other.bins.items():
            mine = bins.get(place, (0.0, 0.0))
            bins[place] = (mine[0] + negatives, mine[1] + positives)
        return RankedScores(num_bins=self.num_bins, bins=dict(sorted(bins.items())))

    def roc_auc(self, seen_positives: float, seen_negatives: float) -> Estimate:
        """With DeLong's error (1988), `seen_…` being the effective numbers of rows. Both kinds are there."""
        negatives, positives = self._columns()
        below = np.cumsum(negatives) - negatives / 2  # [b] negatives below, ties by half
        above = positives.sum() - np.cumsum(positives) + positives / 2
        beaten, won = below / negatives.sum(), above / positives.sum()
        area = float(positives @ beaten / positives.sum())
        spread = [float(w @ (share - area) ** 2 / w.sum()) for w, share in ((positives, beaten), (negatives, won))]
        variance = spread[0] / max(seen_positives - 1, 1) + spread[1] / max(seen_negatives - 1, 1)
        return Estimate.around(area, math.sqrt(variance), least=0.0, most=1.0)

    def pr_auc(self, seen_positives: float) -> Estimate:
        """Average precision, with the interval by its log odds (Boyd, Eng and Page 2013).

        A bin has the precision of its middle.
        """
        negatives, positives = self._columns()
        hits, rows = positives[::-1], (positives + negatives)[::-1]
        above, share = np.cumsum(hits) - hits / 2, hits / positives.sum()
        area = float(share @ (above / (np.cumsum(rows) - rows / 2)))
        if not 0.0 < area < 1.0:
            return Estimate(area, area, area)
        middle, reach = math.log(area / (1 - area)), Z / math.sqrt(max(seen_positives, 1) * area * (1 - area))
        return Estimate(area, *((1 + math.tanh(end / 2)) / 2 for end in (middle - reach, middle + reach)))

    def _columns(self) -> tuple[Floats, Floats]:
        """[b] negatives and [b] positives, by rising score."""
        found = np.array([self.bins[place] for place in sorted(self.bins)], np.float64).reshape(-1, 2)
        return found[:, 0], found[:, 1]
