"""Wide and deep: a linear model and a network, trained together, whose outputs are added up.

Cheng et al. 2016, "Wide & Deep Learning for Recommender Systems" (arXiv 1606.07792), §3: the wide part remembers single
categories and crosses of them, the deep part generalises over their embeddings. Shapes: dense [n, d], ids [n, k], c
outputs. A category of the wide part is a row [c] of a table, looked up, never a one-hot vector.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from hagane.models.embedded_features import LARGE_TABLE
from hagane.models.tabular_net import TabularNet


class WidePart(nn.Module):  # type: ignore[misc]
    """The linear model over some of the features: Σ weight · number + Σ table[slot] + Σ word's weight · table[word].

    `dense`, `ids` and `sparse` are the places of its features among those of their kind. All weights begin at 0, and
    there is no intercept: the deep part has one. Tables of many slots have sparse gradients.
    """

    def __init__(
        self,
        num_outputs: int,
        *,
        dense: Sequence[int] = (),
        ids: Sequence[int] = (),
        cardinalities: Sequence[int] = (),
        sparse: Sequence[int] = (),
        sparse_cardinalities: Sequence[int] = (),
    ) -> None:
        super().__init__()
        self.dense, self.ids, self.sparse = tuple(dense), tuple(ids), tuple(sparse)
        self.offsets = tuple(sum(cardinalities[:index]) for index in range(len(cardinalities)))
        num_slots = sum(cardinalities)
        self.weight = nn.Parameter(torch.zeros(len(self.dense), num_outputs)) if self.dense else None
        self.table = nn.Embedding(num_slots, num_outputs, sparse=num_slots > LARGE_TABLE) if self.ids else None
        self.bags = nn.ModuleList(
            nn.EmbeddingBag(slots, num_outputs, mode="sum", include_last_offset=True, sparse=slots > LARGE_TABLE)
            for slots in sparse_cardinalities
        )
        for table in (*([self.table] if self.table is not None else []), *self.bags):
            nn.init.zeros_(table.weight)
        self.register_buffer("_dense", torch.tensor(self.dense, dtype=torch.int64), persistent=False)
        self.register_buffer("_ids", torch.tensor(self.ids, dtype=torch.int64), persistent=False)
        self.register_buffer("_offsets", torch.tensor(self.offsets, dtype=torch.int64), persistent=False)

    @property
    def large_tables(self) -> list[nn.Parameter]:
        """The parameters whose gradients are sparse."""
        tables = [*([self.table] if self.table is not None else []), *self.bags]
        return [table.weight for table in tables if table.sparse]

    def forward(self, dense: Tensor, ids: Tensor, *entries: Tensor) -> Tensor | float:
        """As `EmbeddedFeatures.embed` → [n, c]; 0 where it has no features."""
        total: Tensor | float = 0.0
        if self.weight is not None:
            total = total + dense.index_select(1, self.get_buffer("_dense")) @ self.weight
        if self.table is not None:
            slots = ids.index_select(1, self.get_buffer("_ids")) + self.get_buffer("_offsets")
            total = total + self.table(slots).sum(dim=1)
        for place, bag in zip(self.sparse, self.bags, strict=True):
            offsets, slots, weights = entries[3 * place : 3 * place + 3]
            total = total + bag(slots, offsets, per_sample_weights=weights)
        return total


class WideDeepNet(nn.Module):  # type: ignore[misc]
    """Both parts over the same inputs; `deep_dense`, `deep_ids`, `deep_sparse` are the places of the deep part's."""

    def __init__(
        self,
        wide: WidePart,
        deep: TabularNet,
        *,
        num_dense: int,
        num_ids: int,
        deep_dense: Sequence[int],
        deep_ids: Sequence[int],
        deep_sparse: Sequence[int],
    ) -> None:
        super().__init__()
        self.wide, self.deep = wide, deep
        self.num_dense, self.num_ids = num_dense, num_ids
        self.deep_dense, self.deep_ids, self.deep_sparse = tuple(deep_dense), tuple(deep_ids), tuple(deep_sparse)
        self.register_buffer("_dense", torch.tensor(self.deep_dense, dtype=torch.int64), persistent=False)
        self.register_buffer("_ids", torch.tensor(self.deep_ids, dtype=torch.int64), persistent=False)

    def forward(self, dense: Tensor, ids: Tensor, *entries: Tensor) -> Tensor:
        """As `EmbeddedFeatures.embed` → [n, c]."""
        chosen = [entries[3 * place + part] for place in self.deep_sparse for part in range(3)]
        deep = self.deep(self._of(dense, "_dense"), self._of(ids, "_ids"), *chosen)
        result: Tensor = deep + self.wide(dense, ids, *entries)
        return result

    def _of(self, columns: Tensor, places: str) -> Tensor:
        """The deep part's columns, without a copy where it has all of them."""
        index = self.get_buffer(places)
        return columns if len(index) == columns.shape[1] else columns.index_select(1, index)
