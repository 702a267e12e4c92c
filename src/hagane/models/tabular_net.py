"""The neural network of the dnn families: embeddings of ids and words beside the dense features, then hidden layers.

Shapes: dense [n, d], ids [n, k] → the columns of `embedded_features` [n, w] → the hidden layers → [n, c].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from hagane.models.embedded_features import EmbeddedFeatures


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


class TabularNet(EmbeddedFeatures):
    """Embeddings, hidden layers (linear, normalisation where asked, activation, dropout), and a linear output."""

    def __init__(
        self,
        num_dense: int,
        cardinalities: Sequence[int],
        num_outputs: int,
        *,
        widths: Sequence[int],
        sparse_cardinalities: Sequence[int] = (),
        sparse_widths: Sequence[int] = (),
        hidden_units: Sequence[int],
        activation: str,
        dropout: float,
        batch_norm: bool,
    ) -> None:
        super().__init__(
            num_dense, cardinalities, widths, sparse_cardinalities=sparse_cardinalities, sparse_widths=sparse_widths
        )
        self.activation = activation
        width = self.width
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

    def forward(self, dense: Tensor, ids: Tensor, *entries: Tensor) -> Tensor:
        """[n, d], [n, k] and three tensors a sparse feature (offsets [n + 1], ids [t], weights [t]) → [n, c]."""
        result: Tensor = self.layers(self.embed(dense, ids, *entries))
        return result


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
