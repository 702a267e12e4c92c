"""`Task`: what is trained, on what, and `LoopSettings`: how long and in which way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import torch
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], Tensor]
"""Output and label of n rows → their losses [n]."""


class TensorBatch(NamedTuple):
    """`inputs` are the module's arguments, `label` [n] or [n, c], `weight` [n] float32 (None: 1 each)."""

    inputs: tuple[Tensor, ...]
    label: Tensor
    weight: Tensor | None = None
    all_rows: int | None = None
    """Rows of the batch in all processes together; None: these."""
    weight_sum: float | None = None
    """Σ weights of the rows here, where it was taken before they went to a device."""

    @property
    def num_rows(self) -> int:
        """Rows, of all processes together."""
        return len(self.label) if self.all_rows is None else self.all_rows

    @property
    def total_weight(self) -> float:
        """Σ weights of the rows here."""
        if self.weight is None:
            return float(len(self.label))
        return float(self.weight.sum(dtype=torch.float64)) if self.weight_sum is None else self.weight_sum

    @property
    def tensors(self) -> list[Tensor]:
        """All of its tensors."""
        return [*self.inputs, self.label, *([] if self.weight is None else [self.weight])]

    def each(self, change: Callable[[Tensor], Tensor]) -> TensorBatch:
        """With each tensor changed, most often to one on another device: what a float is taken from is taken before."""
        weight = None if self.weight is None else change(self.weight)
        inputs = tuple(map(change, self.inputs))
        return TensorBatch(inputs, change(self.label), weight, self.all_rows, self.total_weight)


class LoopSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How long to train, and what is added to the loss."""

    max_epochs: int
    eval_every_steps: int | None = None
    """None: after each epoch."""
    early_stop: bool = True
    patience: int = 5
    """Evaluations without progress after which training stops."""
    min_rel_progress: float = 0.0
    l1_reg: float = 0.0
    l2_reg: float = 0.0
    max_gradient_norm: float | None = None
    """Gradients are scaled down to this norm."""
    schedule: str = "constant"
    """One of `SCHEDULES`: the learning rate over all steps of `max_epochs`."""
    warmup_steps: int = 0
    accumulate_batches: int = 1
    """Batches whose gradients make one step."""
    bfloat16: bool = False
    """Whether layers compute in bfloat16 (torch's autocast); weights and losses stay float32."""
    compiled: bool = False
    """Whether the module is compiled (torch.compile)."""
    seed: int = 0
    """Of the random numbers in the module (dropout)."""


class Metric(NamedTuple):
    """What early stopping watches instead of the eval loss."""

    name: str
    measure: Callable[[Tensor, Tensor, Tensor | None], float]
    """Outputs, labels and weights (or None) of all eval rows."""
    is_better_high: bool


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is trained, on what."""

    module: nn.Module
    make_optimizers: Callable[[nn.Module], tuple[torch.optim.Optimizer, ...]]
    """The module on its device → optimizers, each for other parameters; the learning rate told is the first's."""
    loss: Loss
    """Of the rows that are trained on."""
    train_batches: Callable[[int, int], Iterable[TensorBatch]]
    """The epoch's number, from 0, and that of its first batch → this process's part of the batches from there on."""
    num_batches: int
    """Of each epoch."""
    eval_batches: Callable[[int, int], Iterable[TensorBatch]] | None
    """`first` and `every` → the batches number first, first + every, … of the eval rows."""
    num_rows: int
    """Training rows, of all processes together."""
    eval_loss: Loss | None = None
    """Of the eval rows, where it is not `loss`: they may have other shares of the classes."""
    metric: Metric | None = None
    loss_unit: float = 1.0
    """What a loss is multiplied by where it is told, to be in the label's own unit."""
    feature_names: tuple[str, ...] = ()
    """Of what the module's inputs hold, in their order: dense, id and sparse features."""

    @property
    def watched_loss(self) -> Loss:
        """The loss of the eval rows."""
        return self.eval_loss or self.loss
