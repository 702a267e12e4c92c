"""`EmbeddingOptions`: options of the torch families that embed categories and words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from hagane.errors import Fault
from hagane.features.feature import Feature, FeatureKind
from hagane.models.embedding_widths import MAX_EMBEDDING_DIM, EmbeddingDims, embedding_widths
from hagane.models.torch_options import TorchOptions
from hagane.models.unknown_features import unknown_features


class EmbeddingOptions(TorchOptions, frozen=True, kw_only=True):
    """How wide embeddings are."""

    embedding_dims: EmbeddingDims = "fastai"
    """A rule, fastai or fourth_root, or feature → width; features left out follow fastai's rule."""
    max_embedding_dim: Annotated[int, msgspec.Meta(ge=1, le=4096)] = MAX_EMBEDDING_DIM
    """No width that a rule chooses is larger."""

    def feature_faults(self, features: Sequence[Feature], num_classes: int, num_labels: int = 1) -> Sequence[Fault]:
        """A fault for each name that is no category and no words, besides those of every network."""
        named = [] if isinstance(self.embedding_dims, str) else list(self.embedding_dims)
        unknown = unknown_features("embedding_dims", named, with_slots(features), "category or sparse feature")
        return (*super().feature_faults(features, num_classes, num_labels), *unknown)

    def widths(self, features: Sequence[Feature]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Of the id features, and of the sparse ones."""
        found = embedding_widths(features, self.embedding_dims, self.max_embedding_dim)
        num_ids = sum(feature.kind is FeatureKind.ID for feature in features)
        return found[:num_ids], found[num_ids:]


def with_slots(features: Sequence[Feature]) -> list[Feature]:
    """Categories and sparse features."""
    return [feature for feature in features if feature.kind is not FeatureKind.DENSE]
