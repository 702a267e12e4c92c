"""`feature_values`: a point or a direction of a feature space, told feature by feature as BigQuery ML tells it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.features.feature import Feature, FeatureKind
from hagane.models.feature_space import FeatureSpace

NULL_FILLER, UNKNOWN = "_null_filler", "_unknown"
"""NULL among the categories; and what was too rare to have a slot of its own, as nothing is with BigQuery ML."""


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
            for slot, category in zip(slots, _categories(feature), strict=True)
            if space.kept[first + slot] and (with_zeros or point[d + first + slot])
        )
        yield FeatureValue(feature.name, None, tuple(told))


def _categories(feature: Feature) -> list[str]:
    """What each slot stands for; buckets of hashes have numbers."""
    between = list(feature.vocabulary) or [str(number) for number in range(feature.cardinality - 2)]
    return [UNKNOWN, *between, NULL_FILLER][: feature.cardinality]
