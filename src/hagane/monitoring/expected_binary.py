"""`ExpectedBinary`: how good a binary classifier's answers are to be expected, before anybody knows the labels.

Confidence-based performance estimation: if probabilities mean what they say, a row of probability p is positive with
probability p, and every count of a confusion matrix has an expectation. What is assumed, and what nobody can see
without labels: the probabilities are calibrated, and a row of certain features is as often positive as in training
(drift of the inputs is seen, drift of the concept is not).
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.monitoring.quality.check_mergeable import check_mergeable
from hagane.monitoring.quality.estimate import Estimate

Floats = npt.NDArray[np.float64]
NUM_BINS = 256
"""Bins of equal width over the probabilities, for what depends on their order."""
_LEAST = 1e-15
_ROWS_A_STEP = 8_192
"""So few that what is made on the way stays in the processor's cache: three times as fast as all at once."""


class ExpectedBinary(msgspec.Struct, frozen=True, kw_only=True, tag="binary"):
    """Sums over the rows of a window, some kilobytes, mergeable with those of any other rows of the same threshold.

    >>> answers = ExpectedBinary.of(np.array([0.9, 0.9, 0.2]), threshold=0.5)
    >>> round(answers.metrics()["accuracy"].value, 6), round(answers.metrics()["recall"].value, 6)
    (0.866667, 0.9)
    """

    threshold: float
    num_seen: int
    """Rows that were looked at, whatever each stands for."""
    num_positive_answers: float
    """Rows whose probability is at least the threshold."""
    num_negative_answers: float
    true_positives: float
    """Σ p over the positive answers: how many of them are expected to be right."""
    false_negatives: float
    """Σ p over the negative answers."""
    positive_variance: float
    """Σ p (1 - p) over the positive answers: the variance of how many of them are right."""
    negative_variance: float
    log_loss: float
    """Σ of the entropies: -p ln p - (1 - p) ln(1 - p)."""
    log_loss_variance: float
    """Σ p (1 - p) ln²(p / (1 - p))."""
    brier_score: float
    """Σ p (1 - p) of all rows."""
    bin_counts: tuple[float, ...]
    """[256] rows by probability, from 0 to 1."""
    bin_positives: tuple[float, ...]
    """[256] Σ p of them."""

    @staticmethod
    def of(probabilities: Floats, *, threshold: float, weights: Floats | None = None) -> ExpectedBinary:
        """Of calibrated probabilities [n] of the positive class; `weights` [n]: for how many rows each stands."""
        w = np.ones(len(probabilities)) if weights is None else weights.astype(np.float64)
        sums, bins = np.zeros(9), np.zeros((2, NUM_BINS))
        for start in range(0, len(w), _ROWS_A_STEP):
            here = slice(start, start + _ROWS_A_STEP)
            _add_sums(sums, bins, probabilities[here].astype(np.float64), w[here], threshold)
        names = ExpectedBinary.__struct_fields__[2:11]
        return ExpectedBinary(
            threshold=threshold,
            num_seen=len(w),
            bin_counts=tuple(bins[0].tolist()),
            bin_positives=tuple(bins[1].tolist()),
            **dict(zip(names, sums.tolist(), strict=True)),
        )

    def merge(self, other: ExpectedBinary) -> ExpectedBinary:
        """Of both windows together. Raises DataError for another threshold: it is of another deployment."""
        check_mergeable("thresholds", self.threshold, other.threshold)
        sums: dict[str, float | tuple[float, ...]] = {}
        for name in self.__struct_fields__[1:]:
            mine, theirs = getattr(self, name), getattr(other, name)
            both = isinstance(mine, tuple)
            sums[name] = tuple(a + b for a, b in zip(mine, theirs, strict=True)) if both else mine + theirs
        return msgspec.structs.replace(self, **sums)

    @property
    def num_rows(self) -> float:
        """Rows, weighted."""
        return self.num_positive_answers + self.num_negative_answers

    def metrics(self) -> dict[str, Estimate]:
        """By BigQuery ML's names; what is undefined (no positive answer has no precision) is left out.

        Each interval is that of the metric which the labels will show: labels scatter even where probabilities are
        perfectly calibrated. Ratios by the delta method, `roc_auc` by Hanley and McNeil (The Meaning and Use of the
        Area under a Receiver Operating Characteristic (ROC) Curve, 1982).
        """
        rows, answers = self.num_rows, self.num_positive_answers
        tp, fn = self.true_positives, self.false_negatives
        a, b = self.positive_variance, self.negative_variance
        found: dict[str, Estimate] = {}
        if rows:
            correct = tp + self.num_negative_answers - fn
            found["accuracy"] = _within(correct / rows, math.sqrt(a + b) / rows)
            found["log_loss"] = _within(self.log_loss / rows, math.sqrt(self.log_loss_variance) / rows, most=math.inf)
        if answers:
            found["precision"] = _within(tp / answers, math.sqrt(a) / answers)
        positives = tp + fn
        if positives > 0:
            found["recall"] = _within(tp / positives, math.sqrt(fn**2 * a + tp**2 * b) / positives**2)
            total = answers + positives
            slopes = 2 * (total - tp) / total**2, 2 * tp / total**2
            found["f1_score"] = _within(2 * tp / total, math.sqrt(slopes[0] ** 2 * a + slopes[1] ** 2 * b))
        if 0 < positives < rows:
            found["roc_auc"] = self._roc_auc(positives, rows - positives)
        return found

    def _roc_auc(self, positives: float, negatives: float) -> Estimate:
        hits = np.array(self.bin_positives)
        misses = np.array(self.bin_counts) - hits
        below = np.cumsum(misses) - misses
        auc = float(np.sum(hits * (below + misses / 2))) / (positives * negatives)
        q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
        seen = self.num_seen / self.num_rows
        positives, negatives = positives * seen, negatives * seen
        spread = auc * (1 - auc) + (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)
        return _within(auc, math.sqrt(max(0.0, spread) / (positives * negatives)))


def _within(value: float, error: float, *, most: float = 1.0) -> Estimate:
    return Estimate.around(value, error, least=0.0, most=most)


def _add_sums(sums: Floats, bins: Floats, probabilities: Floats, w: Floats, threshold: float) -> None:
    """Add to `sums` [9], in the order of the fields, and to `bins` [2, 256] those of n rows."""
    p = np.clip(probabilities, 0.0, 1.0)
    above = (p >= threshold).astype(np.float64)
    positives = w * p
    variance, inside = positives * (1 - p), np.clip(p, _LEAST, 1 - _LEAST)
    scatter, below = w * variance, 1 - above
    log_p, log_q = np.log(inside), np.log(1 - inside)
    sums += (
        _dot(w, above), _dot(w, below), _dot(positives, above), _dot(positives, below),
        _dot(scatter, above), _dot(scatter, below),
        -_dot(w, p * log_p + (1 - p) * log_q), _dot(scatter, np.square(log_p - log_q)),
        variance.sum(),
    )  # fmt: skip
    places = np.minimum((p * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    bins[0] += np.bincount(places, w, NUM_BINS)
    bins[1] += np.bincount(places, positives, NUM_BINS)


def _dot(one: Floats, other: Floats) -> float:
    """Σ one · other, without BLAS: it would spin threads of its own beside those that read."""
    return float(np.einsum("i,i", one, other))
