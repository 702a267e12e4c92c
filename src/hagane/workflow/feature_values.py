"""`feature_values`: a point or a direction of a feature space, told feature by feature as BigQuery ML tells it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.features.feature import FeatureKind
from hagane.features.slot_names import slot_names
from hagane.models.feature_space import FeatureSpace


class FeatureValue(NamedTuple):
    """What one feature has to say."""

    feature: str
    numerical_value: float | None
    """None of a category."""
    categorical_value: tuple[tuple[str, float], ...]
    """Category, value; none of a number."""


def feature_values(space: FeatureSpace, point: npt.NDArray[np.float64], *, with_zeros: bool) -> Iterator[FeatureValue]:
    """The coordinates [w] of each feature, in the features' order; categories that no training row has are left out.

    `with_zeros`: whether those of value 0 are told.
    """
    d = space.num_dense
    offsets = iter(space.offsets.tolist())
    for place, feature in enumerate(space.features):
        if feature.kind is FeatureKind.DENSE:
            yield FeatureValue(feature.name, float(point[place]), ())
            continue
        first = next(offsets)
        slots = range(feature.cardinality)
        told = (
            (category, float(point[d + first + slot]))
            for slot, category in zip(slots, slot_names(feature), strict=True)
            if space.kept[first + slot] and (with_zeros or point[d + first + slot])
        )
        yield FeatureValue(feature.name, None, tuple(told))
