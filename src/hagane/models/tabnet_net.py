"""TabNet: a network that looks at a few features a step, and says which.

Arik and Pfister, "TabNet: Attentive Interpretable Tabular Learning" (arXiv 1908.07442). Shapes: n rows, f features, w
columns (a feature is one column or, embedded, several), s steps. The paper masks columns; here a mask has one number a
feature, which all its columns share, so that an embedding is looked at whole and masks read as features.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hagane.models.embedded_features import EmbeddedFeatures
from hagane.models.ghost_batch_norm import GhostBatchNorm
from hagane.models.sparsemax import sparsemax

SMALLEST = 1e-15
"""ε of the sparsity regularisation."""
RESIDUAL_SCALE = math.sqrt(0.5)
INPUT_MOMENTUM = 0.01


class TabNetSettings(NamedTuple):
    """The paper's hyperparameters (§4, "Guidelines for hyperparameters")."""

    n_d: int
    n_a: int
    num_steps: int
    gamma: float
    num_shared: int
    num_independent: int
    virtual_batch_size: int
    batch_norm_momentum: float


class Glu(nn.Module):  # type: ignore[misc]
    """Linear, ghost batch normalisation, gated linear unit: [n, i] → [n, o]. The linear layer may be another's too."""

    def __init__(self, linear: nn.Linear, settings: TabNetSettings) -> None:
        super().__init__()
        self.linear = linear
        self.norm = _norm(linear.out_features, settings)

    def forward(self, x: Tensor) -> Tensor:
        """a · sigmoid(b) for the halves a and b of the normalised layer."""
        return nn.functional.glu(self.norm(self.linear(x)), dim=1)


class FeatureTransformer(nn.Module):  # type: ignore[misc]
    """GLU blocks, the first ones with layers that all steps share; from the second on each adds to its input."""

    def __init__(self, width: int, shared: nn.ModuleList, settings: TabNetSettings) -> None:
        super().__init__()
        out = settings.n_d + settings.n_a
        layers = [*shared, *_linears(out if len(shared) else width, out, settings.num_independent)]
        self.blocks = nn.ModuleList(Glu(layer, settings) for layer in layers)

    def forward(self, x: Tensor) -> Tensor:
        """[n, w] → [n, n_d + n_a]."""
        x = self.blocks[0](x)
        for block in self.blocks[1:]:
            x = (x + block(x)) * RESIDUAL_SCALE
        return x


class AttentiveTransformer(nn.Module):  # type: ignore[misc]
    """From what the last step says to the next one's mask."""

    def __init__(self, num_features: int, settings: TabNetSettings) -> None:
        super().__init__()
        self.linear = nn.Linear(settings.n_a, num_features, bias=False)
        self.norm = _norm(num_features, settings)

    def forward(self, attended: Tensor, prior: Tensor) -> Tensor:
        """[n, n_a] and how much each feature may still be used [n, f] → the mask [n, f], rows of sum 1."""
        return sparsemax(self.norm(self.linear(attended)) * prior)


class TabNetOutput(NamedTuple):
    """What one pass gives."""

    output: Tensor
    """[n, c]."""
    sparsity: Tensor
    """[n] the entropy of the row's masks, mean over the steps: what `sparsity_reg` multiplies."""
    masks: Tensor
    """[n, f] the steps' masks, each weighted by what its step decides, of sum 1 (M_agg; 0 where no step decides)."""


class TabNet(nn.Module):  # type: ignore[misc]
    """Embeddings, the steps, and a linear output."""

    feature_of_column: Tensor

    def __init__(self, features: EmbeddedFeatures, num_outputs: int, settings: TabNetSettings) -> None:
        super().__init__()
        self.features, self.settings = features, settings
        columns = features.feature_of_column
        self.register_buffer("feature_of_column", torch.tensor(columns), persistent=False)
        out, num_features = settings.n_d + settings.n_a, max(columns) + 1
        shared = nn.ModuleList(_linears(features.width, out, settings.num_shared))
        self.norm = nn.BatchNorm1d(features.width, momentum=INPUT_MOMENTUM)
        self.first = FeatureTransformer(features.width, nn.ModuleList(), _own_layers_alone(settings))
        self.attentive = nn.ModuleList(AttentiveTransformer(num_features, settings) for _ in range(settings.num_steps))
        self.steps = nn.ModuleList(FeatureTransformer(features.width, shared, settings) for _ in self.attentive)
        self.last = nn.Linear(settings.n_d, num_outputs)

    @property
    def large_tables(self) -> list[nn.Parameter]:
        """The parameters whose gradients are sparse."""
        return self.features.large_tables

    def forward(self, dense: Tensor, ids: Tensor, *entries: Tensor) -> Tensor:
        """As `EmbeddedFeatures.embed` → [n, c]; in training [n, c + 1], the last column the row's sparsity."""
        found = self.explained(dense, ids, *entries)
        return torch.cat([found.output, found.sparsity[:, None]], dim=1) if self.training else found.output

    def explained(self, dense: Tensor, ids: Tensor, *entries: Tensor) -> TabNetOutput:
        """The output, and what it looked at."""
        x = self._normalised(self.features.embed(dense, ids, *entries))
        attended = self.first(x)[:, self.settings.n_d :]
        prior = torch.ones((len(x), self.attentive[0].linear.out_features), dtype=x.dtype, device=x.device)
        decided, masks = torch.zeros((), dtype=x.dtype, device=x.device), torch.zeros_like(prior)
        sparsity = torch.zeros(len(x), dtype=x.dtype, device=x.device)
        for attentive, step in zip(self.attentive, self.steps, strict=True):
            mask = attentive(attended, prior)
            prior = prior * (self.settings.gamma - mask)
            found = step(x * mask.index_select(1, self.feature_of_column))
            decision, attended = torch.relu(found[:, : self.settings.n_d]), found[:, self.settings.n_d :]
            decided = decided + decision
            masks = masks + mask * decision.sum(dim=1, keepdim=True)
            sparsity = sparsity - (mask * torch.log(mask + SMALLEST)).sum(dim=1)
        total = masks.sum(dim=1, keepdim=True)
        masks = masks / torch.where(total > 0, total, torch.ones_like(total))
        return TabNetOutput(self.last(decided), sparsity / len(self.steps), masks)

    def _normalised(self, x: Tensor) -> Tensor:
        """By the batch's moments; by the running ones where the batch is one row, which has no variance."""
        if self.training and len(x) == 1:
            return nn.functional.batch_norm(
                x, self.norm.running_mean, self.norm.running_var, self.norm.weight, self.norm.bias, eps=self.norm.eps
            )
        normalised: Tensor = self.norm(x)
        return normalised


def _own_layers_alone(settings: TabNetSettings) -> TabNetSettings:
    """Of the transformer before the first step: as many layers, all its own."""
    return settings._replace(num_shared=0, num_independent=settings.num_shared + settings.num_independent)


def _linears(first: int, out: int, count: int) -> list[nn.Linear]:
    """Layers [2 · out] without bias, which the normalisation behind them has."""
    return [nn.Linear(first if index == 0 else out, 2 * out, bias=False) for index in range(count)]


def _norm(width: int, settings: TabNetSettings) -> GhostBatchNorm:
    return GhostBatchNorm(width, virtual_rows=settings.virtual_batch_size, momentum=settings.batch_norm_momentum)
