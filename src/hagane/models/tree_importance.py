"""`TreeImportance`: how often, and to what avail, trees split on each feature, as ML.FEATURE_IMPORTANCE tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.models.lightgbm_trees import Trees


class FeatureImportance(msgspec.Struct, frozen=True, kw_only=True):
    """Of one feature; all 0 where no tree splits on it."""

    feature: str
    weight: int
    """How many splits look at it."""
    gain: float
    """What such a split gains, on average: G² / (H + l2) of its sides, less that of both together."""
    cover: float
    """The sum of the loss's second derivatives over the rows that come to such a split, on average: how many rows they
    are, where the loss is quadratic."""


class TreeImportance(msgspec.Struct, frozen=True, kw_only=True):
    """`feature_importance.json`, in the features' order."""

    features: tuple[FeatureImportance, ...]

    @staticmethod
    def from_json(document: bytes) -> TreeImportance:
        """What `to_json` wrote. Raises msgspec.DecodeError for anything else."""
        return msgspec.json.decode(document, type=TreeImportance)

    def to_json(self) -> bytes:
        """As a document of a bundle."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2)


@runtime_checkable
class HasTreeImportance(Protocol):
    """A fitted model that is made of trees."""

    def tree_importance(self) -> TreeImportance:
        """Of all its trees together."""


def tree_importance(trees: Trees, names: Sequence[str], owners: npt.NDArray[np.int64]) -> TreeImportance:
    """Of the features called `names`; `owners` [columns] says which of them each column belongs to."""
    looked = [owners[tree.features] for tree in trees.trees]
    feature = np.concatenate([np.zeros(0, np.int64), *looked])
    gains = np.concatenate([np.zeros(0), *(tree.gains for tree in trees.trees)])
    covers = np.concatenate([np.zeros(0), *(tree.node_weights for tree in trees.trees)])
    counts = np.bincount(feature, minlength=len(names))
    means = [np.bincount(feature, each, len(names)) / np.maximum(counts, 1) for each in (gains, covers)]
    columns = zip(names, counts.tolist(), *(each.tolist() for each in means), strict=True)
    return TreeImportance(
        features=tuple(
            FeatureImportance(feature=name, weight=count, gain=gain, cover=cover)
            for name, count, gain, cover in columns
        )
    )
