"""`HeldOutAnswers`: what an ensemble's members say of rows that they were not fitted on.

Of at most `MOST_ROWS` rows, drawn by the seed: more decide nothing. Without folds they are eval rows; with folds
training rows, each answered by the model of a member that was fitted without its fold.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.features.encoded import Encoded
from hagane.features.fold_rows import Fold
from hagane.models.ensemble_losses import row_losses
from hagane.models.ensemble_member import MemberView
from hagane.models.family import FittedModel
from hagane.models.training_data import weights_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MOST_ROWS = 100_000
ROWS_AT_ONCE = 8_192


class HeldOutAnswers:
    """Those to rows of `encoded`; `offsets` [c] are what rows of each class lack (`FitContext.class_offsets`)."""

    def __init__(self, encoded: Encoded, num_classes: int, seed: int, offsets: tuple[float, ...] = ()) -> None:
        self._encoded, self._num_classes = encoded, num_classes
        self.rows = _drawn(encoded.num_rows, seed)
        batches = [encoded.take(self.rows[start : start + ROWS_AT_ONCE]) for start in _starts(len(self.rows))]
        label = np.concatenate([batch.label for batch in batches])
        self.label = label.astype(np.int64 if num_classes else np.float64)
        """[n]"""
        self.weight: Floats = np.concatenate([weights_of(batch) for batch in batches])
        """[n] what each row counts among rows of which none were left out."""
        if offsets:
            self.weight = self.weight * np.exp(offsets)[self.label]
        self.answers: dict[int, Floats] = {}
        """Member → [n] or [n, c]."""

    def mean_loss(self, scores: Floats) -> float:
        """Of answers [n] or [n, c]."""
        return float(row_losses(scores, self.label) @ self.weight / self.weight.sum())

    def add(self, number: int, model: FittedModel, view: MemberView, fold: Fold | None) -> None:
        """What a model of the member says of the rows of its fold; of all without one."""
        places = np.arange(len(self.rows))
        if fold is not None:
            part = self._encoded.of_fold(fold)
            places = np.flatnonzero(np.isin(self.rows, part.places(0, part.num_rows), assume_unique=True))
        width = (len(self.rows), self._num_classes) if self._num_classes else (len(self.rows),)
        into = self.answers.setdefault(number, np.zeros(width))
        for start in _starts(len(places)):
            chosen = places[start : start + ROWS_AT_ONCE]
            batch = self._encoded.take(self.rows[chosen])
            into[chosen] = model.predict(*view.arrays(batch.dense, batch.ids, batch.sparse))


def _drawn(num_rows: int, seed: int) -> Ints:
    if num_rows <= MOST_ROWS:
        return np.arange(num_rows)
    return np.sort(np.random.default_rng(seed).choice(num_rows, MOST_ROWS, replace=False))


def _starts(num_rows: int) -> range:
    return range(0, max(num_rows, 1), ROWS_AT_ONCE)
