"""`EmbeddedFeatures`: dense features, and embeddings of ids and words, side by side; what networks begin with.

Shapes: dense [n, d], ids [n, k]. Id features whose embeddings have the same width share one table, so that a
thousand of them are a few look-ups: group g of k_g features and width e_g gives [n, k_g · e_g]. A sparse feature of
width e gives [n, e]: the embeddings of its entries, times their weights, added up. All of it side by side: the dense
features first, then the groups, then the sparse features.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

LARGE_TABLE = 65_536
"""Slots of a table from which a step touches only the rows that its batch looks up."""


class Group(NamedTuple):
    """Id features of one embedding width: their places among the ids, and where each one's slots begin in the table."""

    width: int
    columns: tuple[int, ...]
    offsets: tuple[int, ...]
    num_slots: int


def group_by_width(cardinalities: Sequence[int], widths: Sequence[int]) -> tuple[Group, ...]:
    """The tables for id features of these cardinalities and embedding widths, narrow ones first.

    >>> [(group.width, group.columns, group.offsets) for group in group_by_width([9, 1000, 3], [4, 32, 4])]
    [(4, (0, 2), (0, 9)), (32, (1,), (0,))]
    """
    groups = []
    for width in sorted(set(widths)):
        columns = tuple(i for i, each in enumerate(widths) if each == width)
        ends = [0]
        for column in columns:
            ends.append(ends[-1] + cardinalities[column])
        groups.append(Group(width, columns, tuple(ends[:-1]), ends[-1]))
    return tuple(groups)


class EmbeddedFeatures(nn.Module):  # type: ignore[misc]
    """The tables of the id features, by width, and of the sparse ones; `width` columns come out."""

    def __init__(
        self,
        num_dense: int,
        cardinalities: Sequence[int],
        widths: Sequence[int],
        *,
        sparse_cardinalities: Sequence[int] = (),
        sparse_widths: Sequence[int] = (),
    ) -> None:
        super().__init__()
        self.num_dense = num_dense
        self.groups = group_by_width(cardinalities, widths)
        self.tables = nn.ModuleList(
            nn.Embedding(group.num_slots, group.width, sparse=group.num_slots > LARGE_TABLE) for group in self.groups
        )
        self.bags = nn.ModuleList(
            _bag(cardinality, width) for cardinality, width in zip(sparse_cardinalities, sparse_widths, strict=True)
        )
        for table in (*self.tables, *self.bags):
            nn.init.normal_(table.weight, std=0.1)
        for index, group in enumerate(self.groups):
            self.register_buffer(f"columns{index}", torch.tensor(group.columns), persistent=False)
            self.register_buffer(f"offsets{index}", torch.tensor(group.offsets), persistent=False)
        self.width = num_dense + sum(len(group.columns) * group.width for group in self.groups)
        self.width += sum(bag.embedding_dim for bag in self.bags)

    @property
    def large_tables(self) -> list[nn.Parameter]:
        """The parameters whose gradients are sparse."""
        return [table.weight for table in (*self.tables, *self.bags) if table.sparse]

    @property
    def feature_of_column(self) -> list[int]:
        """[width] the feature (dense, then ids, then sparse ones) from which each column comes."""
        columns = list(range(self.num_dense))
        for group in self.groups:
            columns += [self.num_dense + id_ for id_ in group.columns for _ in range(group.width)]
        first = self.num_dense + sum(len(group.columns) for group in self.groups)
        return columns + [first + index for index, bag in enumerate(self.bags) for _ in range(bag.embedding_dim)]

    def embed(self, dense: Tensor, ids: Tensor, *entries: Tensor) -> Tensor:
        """[n, d], [n, k] and three tensors a sparse feature (offsets [n + 1], ids [t], weights [t]) → [n, width]."""
        parts = [dense] if self.num_dense else []
        for index, table in enumerate(self.tables):
            slots = ids.index_select(1, self.get_buffer(f"columns{index}")) + self.get_buffer(f"offsets{index}")
            parts.append(table(slots).flatten(1))
        for index, bag in enumerate(self.bags):
            offsets, slots, weights = entries[3 * index : 3 * index + 3]
            parts.append(bag(slots, offsets, per_sample_weights=weights))
        return torch.cat(parts, dim=1)


def _bag(cardinality: int, width: int) -> nn.EmbeddingBag:
    """The table of a sparse feature."""
    sparse = cardinality > LARGE_TABLE
    return nn.EmbeddingBag(cardinality, width, mode="sum", include_last_offset=True, sparse=sparse)
