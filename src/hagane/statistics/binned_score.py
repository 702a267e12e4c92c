"""How well bins predict a target on rows that they were not learned from.

Legend: b bins, c classes (or steps of a rank); every argument is a matrix of counts [b, c].
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_Counts = npt.NDArray[np.int64]
_PRIOR_ROWS = 1.0
"""A bin counts as if it had also held one row with the shares of the whole, so that an unseen bin predicts those."""


def roc_auc(learned: _Counts, scored: _Counts) -> float:
    """Area under the ROC curve of each class against the rest, averaged; a bin scores the class's share in `learned`.

    The area is the chance that a row of the class scores higher than one of the rest, ties counting half (Hanley and
    McNeil, The meaning and use of the area under a ROC curve, 1982).

    >>> roc_auc(np.array([[9, 0], [0, 9]]), np.array([[5, 0], [0, 5]]))
    1.0
    >>> roc_auc(np.array([[9, 9], [9, 9]]), np.array([[5, 0], [0, 5]]))
    0.5
    """
    shares = _shares(learned)
    classes = range(learned.shape[1]) if learned.shape[1] > 2 else [1]
    areas = [_area(shares[:, c], scored[:, c], scored.sum(axis=1) - scored[:, c]) for c in classes]
    return float(np.mean(areas))


def variance_explained(learned: _Counts, scored: _Counts) -> float:
    """R² of predicting the step 0 … c-1 by its mean in the bin, on the scored rows; below 0 if worse than their mean.

    >>> variance_explained(np.array([[900, 0], [0, 900]]), np.array([[5, 0], [0, 5]])) > 0.999
    True
    """
    if not scored.sum():
        return 0.0
    steps = np.arange(learned.shape[1])
    predicted = _shares(learned) @ steps
    mean = scored.sum(axis=0) @ steps / scored.sum()
    residual = (scored * (steps - predicted[:, None]) ** 2).sum()
    total = (scored * (steps - mean) ** 2).sum()
    return float(1 - residual / total) if total else 0.0


def _shares(learned: _Counts) -> npt.NDArray[np.float64]:
    """Share of each class in each bin, [b, c]."""
    prior = learned.sum(axis=0) / max(1, learned.sum())
    rows = learned.sum(axis=1, keepdims=True)
    shares: npt.NDArray[np.float64] = (learned + _PRIOR_ROWS * prior) / (rows + _PRIOR_ROWS)
    return shares


def _area(scores: npt.NDArray[np.float64], positives: _Counts, negatives: _Counts) -> float:
    _, order = np.unique(scores, return_inverse=True)
    positives, negatives = np.bincount(order, positives), np.bincount(order, negatives)
    below = np.cumsum(negatives) - negatives
    pairs = positives.sum() * negatives.sum()
    return float((positives * (below + negatives / 2)).sum() / pairs) if pairs else 0.5
