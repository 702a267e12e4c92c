"""`carry_wide`: a linear part begins as an earlier one, although its features are not all the same."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from hagane.features.feature import Feature, FeatureKind
from hagane.models.warm_start import FRESH, WarmStart
from hagane.models.wide_deep_net import WidePart


def carry_wide(earlier: WidePart, part: WidePart, start: WarmStart, features: Sequence[Feature]) -> None:
    """Let `part`, over `features`, begin as `earlier`, over `start.features`: these are the linear part's own.

    Weights are found by the feature's name and the slot's value. What is new has the weight 0, with which it begins
    anyway; a value that the earlier vocabulary lacked has that of the unknown slot, which it was.
    """
    weights, earlier_weights = _by_feature(part, features), _by_feature(earlier, start.features)
    with torch.no_grad():
        for feature in features:
            found = earlier_weights.get((feature.name, feature.kind))
            if found is None:
                continue
            mine = weights[feature.name, feature.kind]
            if feature.kind is FeatureKind.DENSE:
                mine.copy_(found)
            elif not ((sources := start.slots(feature)) == FRESH).any():
                mine.copy_(found[torch.from_numpy(sources)])


def _by_feature(part: WidePart, features: Sequence[Feature]) -> dict[tuple[str, FeatureKind], Tensor]:
    """[outputs] of a number, [slots, outputs] of others: views of the parameters."""
    found: dict[tuple[str, FeatureKind], Tensor] = {}
    dense, ids, sparse = ([each for each in features if each.kind is kind] for kind in FeatureKind)
    for place, feature in enumerate(dense):
        assert part.weight is not None
        found[feature.name, feature.kind] = part.weight[place]
    for feature, offset in zip(ids, part.offsets, strict=True):
        assert part.table is not None
        found[feature.name, feature.kind] = part.table.weight[offset : offset + feature.cardinality]
    for feature, bag in zip(sparse, part.bags, strict=True):
        found[feature.name, feature.kind] = bag.weight
    return found
