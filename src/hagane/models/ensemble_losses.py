"""What an ensemble loses: log loss of classes, squared error of a number, whatever its members were fitted by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.features.encoded import Encoded
from hagane.models.ensemble_model import EnsembleModel
from hagane.models.training_data import weights_of

Floats = npt.NDArray[np.float64]
LEAST_PROBABILITY = 1e-15
"""One of 0 costs as if it were this: LightGBM's own bound of log loss."""


def mean_loss(model: EnsembleModel, encoded: Encoded) -> float:
    """The mean over the rows, weighted as they are, block by block."""
    total = weight = 0.0
    for batch in encoded.blocks():
        scores = np.asarray(model.predict(batch.dense, batch.ids, batch.sparse), np.float64)
        weights = weights_of(batch)
        total += float(weights @ row_losses(scores, batch.label))
        weight += float(weights.sum())
    return total / weight


def row_losses(scores: Floats, label: npt.NDArray[np.generic]) -> Floats:
    """[n] of `scores` [n] of a number, [n, c] of classes.

    >>> row_losses(np.array([3.0]), np.array([1.0])).tolist()
    [4.0]
    >>> row_losses(np.array([[0.75, 0.25]]), np.array([1])).round(4).tolist()
    [1.3863]
    """
    if scores.ndim == 1:
        return np.asarray(np.square(scores - label.astype(np.float64)))
    answered = scores[np.arange(len(scores)), label.astype(np.intp)]
    return np.asarray(-np.log(np.maximum(answered, LEAST_PROBABILITY)))
