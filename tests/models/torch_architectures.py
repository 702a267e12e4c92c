"""Modules as users write them, of many kinds: what `explained_torch_module` takes apart, or says why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from hagane.models.torch_inputs import TorchInputs

HIDDEN = 12
Given = dict[str, Any]


class Columns(nn.Module):  # type: ignore[misc]
    """Numbers and an embedding of each category side by side, then `body`, then a linear layer."""

    numbers: ClassVar[int] = 3
    categories: ClassVar[tuple[int, ...]] = (9, 5)
    words: ClassVar[tuple[int, ...]] = ()

    def __init__(self, inputs: TorchInputs) -> None:
        super().__init__()
        self.names = {kind: [f.name for f in inputs.features if f.kind == kind] for kind in ("dense", "id", "sparse")}
        self.tables = nn.ModuleDict({n: nn.Embedding(inputs[n].cardinality, 4) for n in self.names["id"]})
        self.bags = nn.ModuleDict()
        for name in self.names["sparse"]:
            self.bags[name] = nn.EmbeddingBag(inputs[name].cardinality, 4, mode="sum", include_last_offset=True)
        self.width = len(self.names["dense"]) + 4 * (len(self.tables) + len(self.bags))
        self.body = self.make()
        self.last = nn.Linear(HIDDEN, inputs.num_outputs)

    def make(self) -> nn.Module:
        return nn.Sequential(nn.Linear(self.width, HIDDEN), nn.ReLU())

    def forward(self, features: Given) -> Tensor:
        return self.last(self.compute(self.columns(features), features))

    def compute(self, columns: Tensor, features: Given) -> Tensor:
        return self.body(columns)

    def columns(self, features: Given) -> Tensor:
        parts = [features[name][:, None] for name in self.names["dense"]]
        parts += [table(features[name]) for name, table in self.tables.items()]
        for name, bag in self.bags.items():
            given = features[name]
            parts.append(bag(given.ids, given.offsets, per_sample_weights=given.weights))
        return torch.cat(parts, dim=1)


class Words(Columns):
    """Bags of words, with GELU."""

    words = (30, 12)

    def make(self) -> nn.Module:
        return nn.Sequential(nn.Linear(self.width, HIDDEN), nn.GELU())


class Residual(Columns):
    """Layer normalisation, dropout, and a tensor that is changed in place."""

    def make(self) -> nn.Module:
        layers = nn.LayerNorm(HIDDEN), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(inplace=True), nn.Dropout(0.5)
        return nn.ModuleList([nn.Linear(self.width, HIDDEN), nn.Sequential(*layers)])

    def compute(self, columns: Tensor, features: Given) -> Tensor:
        first, rest = self.body
        found = first(columns)
        return found + rest(found)


class BatchNormalised(Columns):
    """Batch normalisation of columns and of hidden units."""

    def make(self) -> nn.Module:
        norms = nn.BatchNorm1d(self.width), nn.BatchNorm1d(HIDDEN)
        for norm in norms:
            nn.init.normal_(norm.weight, 1, 0.2)
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2)
        return nn.Sequential(norms[0], nn.Linear(self.width, HIDDEN), norms[1], nn.LeakyReLU())


class OtherNorms(Columns):
    """Norms within a row."""

    def make(self) -> nn.Module:
        return nn.Sequential(nn.Linear(self.width, HIDDEN), nn.GroupNorm(3, HIDDEN), nn.RMSNorm(HIDDEN), nn.GLU(),
                             nn.Linear(HIDDEN // 2, HIDDEN), nn.Mish(), nn.Softplus(), nn.Hardswish())  # fmt: skip


class Convolution(Columns):
    """Over the columns as a sequence: strides, dilation, pools, and a transposed one."""

    def make(self) -> nn.Module:
        layers = nn.Sequential(
            nn.Conv1d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool1d(2), nn.ConvTranspose1d(4, 2, 3, stride=2, padding=1),
            nn.Conv1d(2, 2, 2, dilation=2, stride=2), nn.AvgPool1d(2), nn.Flatten(),
        )  # fmt: skip
        width = layers(torch.zeros(1, 1, self.width)).shape[1]
        return nn.Sequential(nn.Unflatten(1, (1, self.width)), layers, nn.Linear(width, HIDDEN))


class Image(Columns):
    """Two axes, groups of channels."""

    numbers = 36
    categories = ()

    def make(self) -> nn.Module:
        return nn.Sequential(
            nn.Unflatten(1, (1, 6, 6)), nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(4, 4, 3, groups=2, padding=1), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(4, HIDDEN),
        )  # fmt: skip


class Attention(Columns):
    """Every column a token, two layers of a transformer over them and a token of its own in front."""

    def make(self) -> nn.Module:
        self.directions = nn.Parameter(torch.randn(self.numbers, 4))
        self.first = nn.Parameter(torch.randn(1, 1, 4))
        layer = nn.TransformerEncoderLayer(4, 2, 8, activation="gelu", batch_first=True)
        return nn.ModuleList([nn.TransformerEncoder(layer, 2), nn.Linear(4, HIDDEN)])

    def compute(self, columns: Tensor, features: Given) -> Tensor:
        numbers = columns[:, : self.numbers, None] * self.directions
        categories = columns[:, self.numbers :].reshape(-1, len(self.tables), 4)
        tokens = torch.cat([self.first.expand(columns.shape[0], -1, -1), numbers, categories], dim=1)
        encoder, last = self.body
        return last(encoder(tokens)[:, 0])


class Recurrent(Columns):
    """A sequence of columns, one way and then the other."""

    def make(self) -> nn.Module:
        return nn.ModuleList([nn.LSTM(1, 6, batch_first=True), nn.GRU(6, HIDDEN, batch_first=True)])

    def compute(self, columns: Tensor, features: Given) -> Tensor:
        first, second = self.body
        found, _ = first(columns[:, :, None])
        return second(found.flip(1))[0][:, -1]


class FactorizationMachine(Columns):
    """Products of columns by a deep and cross network, and Rendle's sum of squares."""

    def make(self) -> nn.Module:
        self.factors = nn.Parameter(torch.randn(self.width, HIDDEN) / 4)
        return nn.ModuleList(nn.Linear(self.width, self.width) for _ in range(2))

    def compute(self, columns: Tensor, features: Given) -> Tensor:
        found = columns
        for layer in self.body:
            found = columns * layer(found) + found
        return (found @ self.factors) ** 2 - found**2 @ self.factors**2


class ManyFunctions(Columns):
    """Sorting, extremes, norms, sums along the way, conditions on numbers."""

    def compute(self, columns: Tensor, features: Given) -> Tensor:
        found = torch.tanh(self.body(columns.clamp(-2, 2))) + 0.1 * columns[:, :1]
        parts = [
            torch.where(found > 0.1, found - 0.1, 0.0), torch.maximum(found, found.flip(1)).exp(),
            found.square().log1p(), found.softmax(1).cumsum(1), found.sort(dim=1).values,
            found.roll(1, 1)[:, ::2].repeat_interleave(2, 1), nn.functional.pad(found, (2, -2)),
            found.max(1, keepdim=True).values * found.std(1, keepdim=True) * found.norm(dim=1, keepdim=True),
            found.logsumexp(1, keepdim=True) * found[:, 1:4].mean(1, keepdim=True),
        ]  # fmt: skip
        return sum(parts[1:], start=parts[0])


class OneTable(Columns):
    """One table for all categories: a look-up of several at once."""

    categories = (9, 5, 7)

    def make(self) -> nn.Module:
        self.table = nn.Embedding(21, 4)
        self.register_buffer("begins", torch.tensor([0, 9, 14]))
        return nn.Sequential(nn.Linear(self.width, HIDDEN), nn.Tanh())

    def columns(self, features: Given) -> Tensor:
        ids = torch.stack([features[name] for name in self.names["id"]], dim=0) + self.begins[:, None]
        numbers = torch.stack([features[name] for name in self.names["dense"]], dim=1)
        return torch.cat([numbers, self.table(ids).transpose(0, 1).flatten(1)], dim=1)


class OneHot(Columns):
    """Categories as zeros and ones, no numbers at all."""

    numbers = 0

    def make(self) -> nn.Module:
        return nn.Sequential(nn.Linear(14, HIDDEN), nn.Tanh())

    def columns(self, features: Given) -> Tensor:
        places = [nn.functional.one_hot(features[name], table.num_embeddings) for name, table in self.tables.items()]
        return torch.cat(places, dim=1).float()


class Buckets(Columns):
    """Numbers that are looked up by their bucket, too."""

    def make(self) -> nn.Module:
        self.buckets = nn.Embedding(4, 2)
        self.register_buffer("bounds", torch.tensor([-1.0, 0.0, 1.0]))
        return nn.Sequential(nn.Linear(self.width + 6, HIDDEN), nn.Tanh())

    def columns(self, features: Given) -> Tensor:
        numbers = torch.stack([features[name] for name in self.names["dense"]], dim=1)
        return torch.cat([super().columns(features), self.buckets(torch.bucketize(numbers, self.bounds)).flatten(1)], 1)


class OnlyWords(Columns):
    """Nothing but a bag of words, and its mean."""

    numbers, categories, words = 0, (), (30,)

    def columns(self, features: Given) -> Tensor:
        self.bags["s0"].mode = "mean"
        return self.bags["s0"](features["s0"].ids, features["s0"].offsets)


class Crossed(Columns):
    """An embedding of two categories at once, whose columns are of both."""

    def compute(self, columns: Tensor, features: Given) -> Tensor:
        both = features["c0"] * 5 + features["c1"]
        return super().compute(columns, features) + self.pairs(both)

    def make(self) -> nn.Module:
        self.pairs = nn.Embedding(45, HIDDEN)
        return super().make()


class Gated(Columns):
    """A truth value of all columns becomes a number."""

    def compute(self, columns: Tensor, features: Given) -> Tensor:
        found = super().compute(columns, features)
        return found * (found > 0.1).float()


class Masked(Columns):
    """A category decides between two ways."""

    def compute(self, columns: Tensor, features: Given) -> Tensor:
        found = super().compute(columns, features)
        return torch.where((features["c0"] == 0)[:, None], found * 2, found)


class Jumps(Columns):
    """Steps, of which every gradient is 0."""

    def compute(self, columns: Tensor, features: Given) -> Tensor:
        return torch.round(super().compute(3 * columns, features))


EXPLAINED: tuple[Callable[..., nn.Module], ...] = (
    Words, Residual, BatchNormalised, OtherNorms, Convolution, Image, Attention, Recurrent, FactorizationMachine,
    ManyFunctions, OneTable, OneHot, Buckets, OnlyWords,
)  # fmt: skip
