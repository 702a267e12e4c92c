"""`carry_over`: a network begins as the function that an earlier one is, although its features are not all the same.

The layers behind the first are taken as they are. Before them everything belongs to a feature: a column of the first
layer for each dense one, a stretch of columns and the rows of a table for the others. What is taken is found by the
feature's name and, in tables, by the value of the slot (`WarmStart`). The columns of a new feature are 0, so that it
begins without a say (its embedding is random: it learns). A wider embedding than before has zeros behind it.

What of the earlier function is lost is what its features that are no more had to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from hagane.features.feature import Feature, FeatureKind
from hagane.models.warm_start import FRESH, WarmStart


class EmbeddingNet(Protocol):
    """Dense features, then groups of id features of one width, then sparse features, all into `layers`."""

    num_dense: int
    groups: Sequence[Any]
    tables: nn.ModuleList
    bags: nn.ModuleList
    layers: nn.Sequential


class FeatureParts(NamedTuple):
    """What of a network belongs to one feature."""

    table: Tensor | None
    """[slots, width]: its rows of a table; None for a dense feature."""
    columns: slice
    """Its columns of the first layer."""


def carry_over(earlier: EmbeddingNet, net: EmbeddingNet, start: WarmStart, features: Sequence[Feature]) -> None:
    """Let `net`, over `features`, begin as `earlier`, over `start.features`. Their layers have the same widths."""
    first, earlier_first = _first_layer(net), _first_layer(earlier)
    parts, earlier_parts = feature_parts(net), feature_parts(earlier)
    with torch.no_grad():
        first.weight.zero_()
        first.bias.copy_(earlier_first.bias)
        for kind in FeatureKind:
            mine = [feature for feature in features if feature.kind is kind]
            for feature, part, place in zip(mine, parts[kind], start.places(features, kind), strict=True):
                if place != FRESH and _take_table(part, earlier_parts[kind][place], start.slots(feature)):
                    _take_columns(part, first.weight, earlier_parts[kind][place], earlier_first.weight)
    for layer, earlier_layer in zip(_learning(net)[1:], _learning(earlier)[1:], strict=True):
        layer.load_state_dict(earlier_layer.state_dict())


def feature_parts(net: EmbeddingNet) -> dict[FeatureKind, list[FeatureParts]]:
    """The parts of the features of each kind, in their order."""
    dense = [FeatureParts(None, slice(place, place + 1)) for place in range(net.num_dense)]
    ids: dict[int, FeatureParts] = {}
    at = net.num_dense
    for group, table in zip(net.groups, net.tables, strict=True):
        ends = (*group.offsets[1:], group.num_slots)
        for place, begin, end in zip(group.columns, group.offsets, ends, strict=True):
            ids[place] = FeatureParts(table.weight[begin:end], slice(at, at + group.width))
            at += group.width
    sparse = []
    for bag in net.bags:
        sparse.append(FeatureParts(bag.weight, slice(at, at + bag.embedding_dim)))
        at += bag.embedding_dim
    listed = [ids[place] for place in sorted(ids)]
    return {FeatureKind.DENSE: dense, FeatureKind.ID: listed, FeatureKind.SPARSE: sparse}


def _take_table(part: FeatureParts, earlier: FeatureParts, sources: npt.NDArray[np.int64]) -> bool:
    """The embedding of each slot from where it was; False where the slots of before mean something else."""
    if part.table is None or earlier.table is None:
        return True
    if (sources == FRESH).any():
        return False
    width = min(part.table.shape[1], earlier.table.shape[1])
    part.table[:, :width] = earlier.table[torch.from_numpy(sources)][:, :width]
    return True


def _take_columns(part: FeatureParts, weight: Tensor, earlier: FeatureParts, earlier_weight: Tensor) -> None:
    """The columns of the first layer, as wide as both are."""
    width = min(part.columns.stop - part.columns.start, earlier.columns.stop - earlier.columns.start)
    begin, earlier_begin = part.columns.start, earlier.columns.start
    weight[:, begin : begin + width] = earlier_weight[:, earlier_begin : earlier_begin + width]


def _first_layer(net: EmbeddingNet) -> nn.Linear:
    first = net.layers[0]
    assert isinstance(first, nn.Linear)
    return first


def _learning(net: EmbeddingNet) -> list[nn.Module]:
    """The layers that have a state: dropout may be new, or no more."""
    return [layer for layer in net.layers if layer.state_dict()]
