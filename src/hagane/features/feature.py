"""One encoded feature: what the model sees under a name."""

from __future__ import annotations

import enum

import msgspec


class FeatureKind(enum.StrEnum):
    """How a feature is held.

    `dense`: one number a row. `id`: a whole number in [0, cardinality). `sparse`: any number of slots in
    [0, cardinality), each with a weight: a row of a matrix with `cardinality` columns that is nearly all zeros.
    """

    DENSE = "dense"
    ID = "id"
    SPARSE = "sparse"


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One feature, as `Transform` lists it.

    The slots of an id or a sparse feature: 0 = unknown (unseen or rarer than the threshold), 1 … V = `vocabulary` in
    order, V + 1 = NULL; so `cardinality` = V + 2.
    """

    name: str
    kind: FeatureKind
    columns: tuple[str, ...]
    """The raw columns it reads."""
    cardinality: int = 0
    """Number of slots of an id or a sparse feature, the unknown and the NULL slot counted; 0 for a dense one."""
    vocabulary: tuple[str, ...] = ()
    """What the slots 1 … V stand for, as text; empty for hash buckets (V = cardinality - 2 all the same)."""
    dropped_slot: int = -1
    """The slot that a linear model gives no weight (ML.ONE_HOT_ENCODER's 'most_frequent'); -1: none."""
