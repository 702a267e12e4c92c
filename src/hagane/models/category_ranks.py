"""`category_ranks`: the order of a category's slots in which a tree looks for the best two sets of them.

Shapes: s slots, o outputs (1 for a number or two classes, else one a class).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.features.encoded import Encoded
from hagane.models.training_data import weights_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def category_ranks(train: Encoded, places: tuple[int, ...], num_classes: int) -> dict[int, Ints]:
    """Place among the ids → rank [s] of each slot by the label's mean in it; one pass over the rows.

    Of three classes and more by the first principal component of their shares. A slot without rows stands where the
    mean of all rows does.
    """
    if not places:
        return {}
    sizes = [feature.cardinality for feature in train.features if feature.cardinality]
    outputs = num_classes if num_classes > 2 else 1
    sums = {place: np.zeros((sizes[place], 1 + outputs)) for place in places}
    for batch in train.blocks():
        weight = weights_of(batch)
        label = batch.label.astype(np.float64)
        targets = label[:, None] if outputs == 1 else (label[:, None] == np.arange(outputs)).astype(np.float64)
        columns = np.column_stack([weight, weight[:, None] * targets])
        for place, total in sums.items():
            slots = batch.ids[:, place].astype(np.int64)
            for column in range(1 + outputs):
                total[:, column] += np.bincount(slots, columns[:, column], minlength=len(total))
    return {place: _ranks(total) for place, total in sums.items()}


def _ranks(sums: Floats) -> Ints:
    """From Σ weights and Σ targets of each slot, [s, 1 + o].

    >>> _ranks(np.array([[0.0, 0.0], [2.0, 2.0], [4.0, 0.0]])).tolist()
    [1, 2, 0]
    """
    rows, totals = sums[:, 0], sums[:, 1:]
    mean = totals.sum(axis=0) / max(rows.sum(), 1e-300)
    apart = np.where(rows[:, None] > 0, totals / np.maximum(rows, 1e-300)[:, None] - mean, 0.0)
    order = apart[:, 0]
    if apart.shape[1] > 1:
        _, vectors = np.linalg.eigh((apart * rows[:, None]).T @ apart)
        first = vectors[:, -1] * np.sign(vectors[np.argmax(np.abs(vectors[:, -1])), -1])
        order = apart @ first
    ranks = np.empty(len(order), np.int64)
    ranks[np.argsort(order, kind="stable")] = np.arange(len(order))
    return ranks
