"""How many numbers stand for a category: by a rule, or as the options say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec

from hagane.features.feature import Feature, FeatureKind

Width = Annotated[int, msgspec.Meta(ge=1, le=4096)]
EmbeddingDims = Literal["fastai", "fourth_root"] | dict[str, Width]
"""The option `embedding_dims`: a rule, or feature → width (features that it leaves out follow fastai's rule)."""
MAX_EMBEDDING_DIM = 32
LEAST_WIDTH = 2


def embedding_width(cardinality: int, rule: str = "fastai", most: int = MAX_EMBEDDING_DIM) -> int:
    """The power of two nearest to what the rule says for so many slots, from 2 to `most`.

    `fastai`: 1.6 V^0.56. `fourth_root`: V^0.25, TensorFlow's rule. Powers of two, so that features share tables.

    >>> [embedding_width(cardinality) for cardinality in (3, 9, 43, 1000)]
    [4, 4, 16, 32]
    >>> [embedding_width(cardinality, "fourth_root") for cardinality in (3, 9, 1000, 10**6)]
    [2, 2, 4, 32]
    """
    wished = 1.6 * cardinality**0.56 if rule == "fastai" else cardinality**0.25
    return int(min(most, max(LEAST_WIDTH, 2 ** round(math.log2(wished)))))


def embedding_widths(features: Sequence[Feature], dims: str | Mapping[str, int], most: int) -> tuple[int, ...]:
    """Of the id features, then of the sparse ones: those that `dims` names have its widths, the others the rule's."""
    rule, given = (dims, {}) if isinstance(dims, str) else ("fastai", dims)
    return tuple(
        given.get(feature.name) or embedding_width(feature.cardinality, rule, most)
        for kind in (FeatureKind.ID, FeatureKind.SPARSE)
        for feature in features
        if feature.kind is kind
    )
