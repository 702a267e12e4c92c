"""Options of the nearest-neighbour families."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from hagane.errors import Fault
from hagane.features.feature import Feature, FeatureKind
from hagane.models.options import FamilyOptions


class KnnOptions(FamilyOptions, frozen=True, kw_only=True):
    """Options of both nearest-neighbour families."""

    num_neighbors: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 10
    """Training rows that a row is answered from; all of them where there are fewer."""
    neighbor_weights: Literal["uniform", "distance"] = "distance"
    """Whether they all have the same say, or one over their distance; rows at no distance are heard alone then."""
    standardize_features: bool = True
    """Whether numbers count by their deviations; else in their own units."""
    max_points: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 10_000
    """Training rows that the model keeps; of more a sample, by `training.seed`."""

    def feature_faults(self, features: Sequence[Feature], num_classes: int, num_labels: int = 1) -> Sequence[Fault]:
        """Words have no distance here."""
        del num_classes, num_labels
        step = "leave it out, make numbers of it, or train a linear model, trees or a network"
        return tuple(
            Fault(
                what=f"the feature '{feature.name}' has several values a row: neighbours have no distance in it",
                where=f"transform.{feature.name}",
                expected="numbers and categories",
                next_step=step,
            )
            for feature in features
            if feature.kind is FeatureKind.SPARSE
        )
