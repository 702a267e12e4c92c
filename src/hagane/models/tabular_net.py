"""The neural network of the dnn families: embeddings of ids and words beside the dense features, then hidden layers.

Shapes: dense [n, d], ids [n, k]. Id features whose embeddings have the same width share one table, so that a
thousand of them are a few look-ups: group g of k_g features and width e_g gives [n, k_g · e_g]. A sparse feature of
width e gives [n, e]: the embeddings of its entries, times their weights, added up. All of it side by side, the dense
features first, goes through the hidden layers to [n, c].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

MAX_EMBEDDING_WIDTH = 32
LARGE_TABLE = 65_536
"""Slots of a table from which a step touches only the rows that its batch looks up."""


def embedding_width(cardinality: int) -> int:
    """Numbers that stand for an id: the power of two nearest 1.6 · cardinality^0.56 (fastai's rule), from 2 to 32.

    >>> [embedding_width(cardinality) for cardinality in (3, 9, 43, 1000)]
    [4, 4, 16, 32]
    """
    wished = 1.6 * cardinality**0.56
    return int(min(MAX_EMBEDDING_WIDTH, max(2, 2 ** round(math.log2(wished)))))


class Group(NamedTuple):
    """Id features of one embedding width: their places among the ids, and where each one's slots begin in the table."""

    width: int
    columns: tuple[int, ...]
    offsets: tuple[int, ...]
    num_slots: int


def group_by_width(cardinalities: Sequence[int]) -> tuple[Group, ...]:
    """The tables for id features of these cardinalities, narrow ones first.

    >>> [(group.width, group.columns, group.offsets) for group in group_by_width([9, 1000, 3])]
    [(4, (0, 2), (0, 9)), (32, (1,), (0,))]
    """
    groups = []
    for width in sorted({embedding_width(cardinality) for cardinality in cardinalities}):
        columns = tuple(i for i, cardinality in enumerate(cardinalities) if embedding_width(cardinality) == width)
        ends = [0]
        for column in columns:
            ends.append(ends[-1] + cardinalities[column])
        groups.append(Group(width, columns, tuple(ends[:-1]), ends[-1]))
    return tuple(groups)


class CRelu(nn.Module):  # type: ignore[misc]
    """Both halves rectified, side by side: [n, h] → [n, 2h]."""

    def forward(self, x: Tensor) -> Tensor:
        """relu(x), relu(-x)."""
        return torch.cat([torch.relu(x), torch.relu(-x)], dim=1)


ACTIVATIONS: dict[str, Any] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "crelu": CRelu,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "silu": nn.SiLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
}
"""Activation → the class of its layer."""


class TabularNet(nn.Module):  # type: ignore[misc]
    """Embeddings, hidden layers (linear, normalisation where asked, activation, dropout), and a linear output."""

    def __init__(
        self,
        num_dense: int,
        cardinalities: Sequence[int],
        num_outputs: int,
        *,
        sparse_cardinalities: Sequence[int] = (),
        hidden_units: Sequence[int],
        activation: str,
        dropout: float,
        batch_norm: bool,
    ) -> None:
        super().__init__()
        self.num_dense = num_dense
        self.activation = activation
        self.groups = group_by_width(cardinalities)
        self.tables = nn.ModuleList(
            nn.Embedding(group.num_slots, group.width, sparse=group.num_slots > LARGE_TABLE) for group in self.groups
        )
        self.bags = nn.ModuleList(_bag(cardinality) for cardinality in sparse_cardinalities)
        for table in (*self.tables, *self.bags):
            nn.init.normal_(table.weight, std=0.1)
        for index, group in enumerate(self.groups):
            self.register_buffer(f"columns{index}", torch.tensor(group.columns), persistent=False)
            self.register_buffer(f"offsets{index}", torch.tensor(group.offsets), persistent=False)
        width = num_dense + sum(len(group.columns) * group.width for group in self.groups)
        width += sum(bag.embedding_dim for bag in self.bags)
        self.layers = nn.Sequential()
        for units in hidden_units:
            self.layers.append(nn.Linear(width, units))
            if batch_norm:
                self.layers.append(nn.BatchNorm1d(units))
            self.layers.append(ACTIVATIONS[activation]())
            if dropout:
                self.layers.append(nn.Dropout(dropout))
            width = units * (2 if activation == "crelu" else 1)
        self.layers.append(nn.Linear(width, num_outputs))

    @property
    def large_tables(self) -> list[nn.Parameter]:
        """The parameters whose gradients are sparse."""
        return [table.weight for table in (*self.tables, *self.bags) if table.sparse]

    def forward(self, dense: Tensor, ids: Tensor, *entries: Tensor) -> Tensor:
        """[n, d], [n, k] and three tensors a sparse feature (offsets [n + 1], ids [t], weights [t]) → [n, c]."""
        parts = [dense] if self.num_dense else []
        for index, table in enumerate(self.tables):
            slots = ids.index_select(1, self.get_buffer(f"columns{index}")) + self.get_buffer(f"offsets{index}")
            parts.append(table(slots).flatten(1))
        for index, bag in enumerate(self.bags):
            offsets, slots, weights = entries[3 * index : 3 * index + 3]
            parts.append(bag(slots, offsets, per_sample_weights=weights))
        result: Tensor = self.layers(torch.cat(parts, dim=1))
        return result


def _bag(cardinality: int) -> nn.EmbeddingBag:
    """The table of a sparse feature."""
    width, sparse = embedding_width(cardinality), cardinality > LARGE_TABLE
    return nn.EmbeddingBag(cardinality, width, mode="sum", include_last_offset=True, sparse=sparse)


def fold_normalisation(net: TabularNet) -> TabularNet:
    """The same function in evaluation without batch normalisation and dropout: normalisation becomes part of the linear
    layer before it (w γ/σ, (b − μ) γ/σ + β), computed in float64."""
    folded = nn.Sequential()
    for layer in net.layers:
        if isinstance(layer, nn.BatchNorm1d):
            _fold_into(folded[-1], layer)
        elif not isinstance(layer, nn.Dropout):
            folded.append(layer)
    net.layers = folded
    net.eval()
    return net


def _fold_into(linear: nn.Module, norm: nn.BatchNorm1d) -> None:
    assert isinstance(linear, nn.Linear)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    with torch.no_grad():
        factor = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
        bias = (linear.bias.double() - norm.running_mean.double()) * factor + norm.bias.double()
        linear.weight.copy_(linear.weight.double() * factor[:, None])
        linear.bias.copy_(bias)
