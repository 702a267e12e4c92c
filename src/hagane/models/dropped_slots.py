"""`dropped_slots`: the slot of each feature without a weight in a linear model: the others are measured against it."""

from __future__ import annotations

import numpy as np

from hagane.features.encoded import Encoded
from hagane.features.feature import FeatureKind
from hagane.models.design import slot_features


def dropped_slots(encoded: Encoded, *, dummy: bool) -> tuple[int, ...]:
    """One for each feature with slots, -1 for none: those of the transform, and with `dummy` the fullest of the others.

    Dummy encoding is BigQuery ML's: the most frequent category of the training rows, each counted with its weight, is
    left out (of equals the first). Multi-hot features keep all their slots: these do not add up to 1.
    """
    features = slot_features(encoded.features)
    found = [feature.dropped_slot for feature in features]
    if dummy:
        for index, feature in enumerate(features):
            if feature.kind is FeatureKind.ID and found[index] < 0:
                found[index] = _fullest(encoded, encoded.num_dense + index, feature.cardinality)
    return tuple(found)


def _fullest(encoded: Encoded, column: int, cardinality: int) -> int:
    counts = np.zeros(cardinality)
    for block in range(encoded.num_blocks):
        counts += np.bincount(encoded.columns(block)[column], encoded.weight(block), minlength=cardinality)
    return int(np.argmax(counts))
