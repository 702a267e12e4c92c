"""Modules as users write them, for the suites that run on every family and for `test_torch_module`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from hagane.models.torch_inputs import TorchInputs


class Mixed(nn.Module):  # type: ignore[misc]
    """A linear layer over numbers, embeddings of categories and of words, beside a hidden layer."""

    def __init__(self, inputs: TorchInputs, *, hidden: int = 16, width: int = 8) -> None:
        super().__init__()
        self.inputs = inputs
        self.tables = nn.ModuleDict()
        total = 0
        for feature in inputs.features:
            if feature.kind == "id":
                self.tables[feature.name] = nn.Embedding(feature.cardinality, width)
            elif feature.kind == "sparse":
                bag = nn.EmbeddingBag(feature.cardinality, width, mode="sum", include_last_offset=True)
                self.tables[feature.name] = bag
            if feature.kind != "dense":
                nn.init.normal_(self.tables[feature.name].weight, std=0.1)
            total += feature.width if feature.kind == "dense" else width
        self.straight = nn.Linear(total, inputs.num_outputs)
        self.layers = nn.Sequential(nn.Linear(total, hidden), nn.ReLU(), nn.Linear(hidden, inputs.num_outputs))

    def forward(self, features: dict[str, Any]) -> Tensor:
        columns = torch.cat([self._column(feature.name, features[feature.name]) for feature in self.inputs.features], 1)
        return self.straight(columns) + self.layers(columns)

    def _column(self, name: str, given: Any) -> Tensor:
        kind = self.inputs[name].kind
        if kind == "sparse":
            return self.tables[name](given.ids, given.offsets, per_sample_weights=given.weights)
        if kind == "id":
            return self.tables[name](given)
        return given if given.dim() == 2 else given[:, None]


class Convolution(nn.Module):  # type: ignore[misc]
    """A small network for images of 28 × 28 numbers called `image`."""

    def __init__(self, inputs: TorchInputs, *, channels: int = 16) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, channels, 5, padding=2),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(channels, 2 * channels, 5, padding=2),
            nn.BatchNorm2d(2 * channels),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(2 * channels * 7 * 7, inputs.num_outputs),
        )

    def forward(self, features: dict[str, Tensor]) -> Tensor:
        return self.layers(features["image"].view(-1, 1, 28, 28))


class Normalised(nn.Module):  # type: ignore[misc]
    """Batch normalisation and dropout: state beside the weights, and random numbers."""

    def __init__(self, inputs: TorchInputs) -> None:
        super().__init__()
        width = len(inputs.features)
        self.layers = nn.Sequential(nn.BatchNorm1d(width), nn.Dropout(0.3), nn.Linear(width, inputs.num_outputs))

    def forward(self, features: dict[str, Tensor]) -> Tensor:
        return self.layers(torch.stack(list(features.values()), dim=1))


class Huber(Mixed):
    """With a loss of its own."""

    def loss(self, output: Tensor, label: Tensor) -> Tensor:
        return nn.functional.huber_loss(output[:, 0], label, reduction="none")


class Lonely(nn.Module):  # type: ignore[misc]
    """Shares no tensor's name with the others."""

    def __init__(self, inputs: TorchInputs) -> None:
        super().__init__()
        self.alone = nn.Linear(1, inputs.num_outputs)

    def forward(self, features: dict[str, Any]) -> Tensor:
        return self.alone(features["x0"][:, None])


class FailsWhenMade(nn.Module):  # type: ignore[misc]
    def __init__(self, inputs: TorchInputs, *, size: int) -> None:
        super().__init__()
        raise RuntimeError(f"no size {size}")


class FailsWhenCalled(Mixed):
    def forward(self, features: dict[str, Any]) -> Tensor:
        return features["agee"]


class AnswersOtherwise(Mixed):
    def forward(self, features: dict[str, Any]) -> Tensor:
        return super().forward(features).sum(dim=1)[:, None].expand(-1, 7)


class MeanLoss(Mixed):
    def loss(self, output: Tensor, label: Tensor) -> Tensor:
        return nn.functional.mse_loss(output[:, 0], label.float())


class LooksAtValues(Mixed):
    """What it does depends on a value, which no graph can hold."""

    def forward(self, features: dict[str, Any]) -> Tensor:
        found = super().forward(features)
        return found * 2 if float(found.sum()) > 0 else found


class CountsRows(Mixed):
    """Every row's answer depends on how many rows there are, as a constant."""

    def forward(self, features: dict[str, Any]) -> Tensor:
        found = super().forward(features)
        return found * torch.tensor([float(len(found))])


class NotAModule:
    pass
