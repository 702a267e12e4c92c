"""`FeatureLosses`: what a fitted model loses on its eval rows, row by row, as they are and with a feature shuffled.

The features that the model sees are shuffled, not the columns that they are made of: of two expressions over one column
each has a figure of its own. Permutation importance: Breiman 2001, "Random forests", §10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from hagane.features.batch import Batch
from hagane.features.encoded import Encoded
from hagane.features.feature import Feature, FeatureKind
from hagane.models.family import FittedModel

Doubles = npt.NDArray[np.float64]
MOST_ROWS = 10_000
"""Of more eval rows so many are shuffled: the first of a seeded order."""
NUM_REPEATS = 5
LEAST_PROBABILITY = 1e-15


class FeatureLosses:
    """Of `model` on the rows of `encoded`; log loss of classes, squared error of numbers."""

    def __init__(self, model: FittedModel, encoded: Encoded, *, is_classes: bool, seed: int) -> None:
        self._model, self._features, self._is_classes = model, encoded.features, is_classes
        self._random = np.random.default_rng(seed)
        rows = np.arange(encoded.num_rows)
        if len(rows) > MOST_ROWS:
            rows = np.sort(self._random.permutation(rows)[:MOST_ROWS])
        self._batch = encoded.take(rows)
        self.base = self._losses(self._batch)

    def increases(self, groups: Mapping[str, Sequence[str]]) -> dict[str, Doubles]:
        """For each group of features [n] by how much the loss of each row grows where they are shuffled together,
        in the mean over `NUM_REPEATS` shuffles."""
        return {name: self._increase(set(features)) for name, features in groups.items()}

    def _increase(self, features: set[str]) -> Doubles:
        total = np.zeros_like(self.base)
        for _ in range(NUM_REPEATS):
            order = self._random.permutation(self._batch.num_rows)
            total += self._losses(_shuffled(self._batch, self._features, features, order)) - self.base
        return np.asarray(total / NUM_REPEATS)

    def _losses(self, batch: Batch) -> Doubles:
        scores = np.asarray(self._model.predict(batch.dense, batch.ids, batch.sparse), np.float64)
        return row_losses(batch.label, scores, is_classes=self._is_classes)


def row_losses(labels: npt.NDArray[np.generic], scores: Doubles, *, is_classes: bool) -> Doubles:
    """[n] the loss of each row: −ln of its class's probability [n, c] (or [n] of the positive one), or squared error.

    >>> row_losses(np.array([1, 0]), np.array([[0.5, 0.5], [1.0, 0.0]]), is_classes=True).round(3).tolist()
    [0.693, 0.0]
    """
    if not is_classes:
        return np.asarray((scores.reshape(len(labels)) - labels.astype(np.float64)) ** 2)
    places = labels.astype(np.int64)
    of_class = np.where(places == 1, scores, 1 - scores) if scores.ndim == 1 else (
        np.take_along_axis(scores, places[:, None], axis=1)[:, 0])  # fmt: skip
    return np.asarray(np.abs(np.log(np.clip(of_class, LEAST_PROBABILITY, 1.0))))


def _shuffled(batch: Batch, features: Sequence[Feature], names: set[str], order: npt.NDArray[np.intp]) -> Batch:
    """The rows with the values of these features in another order."""
    by_kind = {kind: [f.name in names for f in features if f.kind is kind] for kind in FeatureKind}
    dense, ids = batch.dense.copy(), batch.ids.copy()
    for columns, kind in ((dense, FeatureKind.DENSE), (ids, FeatureKind.ID)):
        chosen = np.flatnonzero(by_kind[kind])
        columns[:, chosen] = columns[order][:, chosen]
    sparse = [each.take(order) if is_chosen else each
              for each, is_chosen in zip(batch.sparse, by_kind[FeatureKind.SPARSE], strict=True)]  # fmt: skip
    return batch._replace(dense=dense, ids=ids, sparse=tuple(sparse))
