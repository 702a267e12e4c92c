"""The training loop of every torch model: epochs, validation, early stopping, the best state kept.

The loop knows nothing of what it trains: batches are inputs and a label, the loss is a function of output and label.
A row's loss is multiplied by its weight; a step divides by the number of its rows, not by their weights, so that a row
has the same say whichever rows stand beside it. The weights given should therefore have mean 1 over the training rows.
Whatever ends it early (a KeyboardInterrupt among them) leaves through the context managers, so that nothing stays
behind: the random state of torch is the caller's again, and the progress phase is closed.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hagane.errors import Fault, TrainingError
from hagane.progress import SILENT, Phase, Progress
from hagane.training.early_stopping import EarlyStopping
from hagane.training.losses import weight_penalty

Loss = Callable[[Tensor, Tensor], Tensor]
"""Output and label of n rows → their losses [n]."""


class TensorBatch(NamedTuple):
    """`inputs` are the module's arguments, `label` [n], `weight` [n] float32 (None: 1 each)."""

    inputs: tuple[Tensor, ...]
    label: Tensor
    weight: Tensor | None = None

    @property
    def total_weight(self) -> float:
        """Σ weights."""
        return float(len(self.label)) if self.weight is None else float(self.weight.sum(dtype=torch.float64))


@dataclass(frozen=True, kw_only=True)
class LoopSettings:
    """How long to train, and what is added to the loss."""

    max_epochs: int
    early_stop: bool = True
    patience: int = 5
    min_rel_progress: float = 0.0
    l1_reg: float = 0.0
    l2_reg: float = 0.0
    max_gradient_norm: float = math.inf
    """Gradients are scaled down to this norm."""
    decay: bool = False
    """Whether the learning rate falls to zero along a half cosine over `max_epochs`."""


class Epoch(NamedTuple):
    """One pass over the training rows. Losses are weighted means over rows, penalties left out."""

    number: int
    loss: float
    eval_loss: float | None
    learn_rate: float
    duration_seconds: float


class History(NamedTuple):
    """Every epoch, and the number of the one whose state the module holds now."""

    epochs: tuple[Epoch, ...]
    best_epoch: int


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is trained, on what. `train_batches` takes the epoch's number, from 0, and gives every row once."""

    module: nn.Module
    optimizers: tuple[torch.optim.Optimizer, ...]
    """Each for other parameters; the first one's learning rate is told."""
    loss: Loss
    """Of the rows that are trained on."""
    train_batches: Callable[[int], Iterable[TensorBatch]]
    eval_batches: Callable[[], Iterable[TensorBatch]] | None
    num_rows: int
    eval_loss: Loss | None = None
    """Of the eval rows, where it is not `loss`: they may have other shares of the classes."""


def train_module(task: Task, settings: LoopSettings, progress: Progress = SILENT) -> History:
    """Train until the eval loss stops falling or `max_epochs` is reached; the module ends in its best state.

    Raises TrainingError, with the step and the likely cause, when a loss is not a number.
    """
    watch = _watch(settings)
    epochs: list[Epoch] = []
    best_state = copy.deepcopy(task.module.state_dict())
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate_factor(step, settings))
        for optimizer in task.optimizers
    ]
    with progress.phase("train", total=settings.max_epochs * task.num_rows, unit="rows") as phase:
        for number in range(1, settings.max_epochs + 1):
            begun, rate = time.perf_counter(), float(task.optimizers[0].param_groups[0]["lr"])
            loss = _run_epoch(task, settings, number, phase)
            eval_loss = _eval_loss(task)
            for schedule in schedules:
                schedule.step()
            epochs.append(Epoch(number, loss, eval_loss, rate, time.perf_counter() - begun))
            if eval_loss is None:
                phase.advance(0, loss=loss)
                continue
            phase.advance(0, loss=loss, eval_loss=eval_loss)
            stop = watch.update(number, eval_loss)
            if watch.best_iteration == number:
                best_state = copy.deepcopy(task.module.state_dict())
            if stop:
                break
    if watch.best_iteration < 0:
        return History(tuple(epochs), len(epochs))
    task.module.load_state_dict(best_state)
    return History(tuple(epochs), watch.best_iteration)


def mean_loss(module: nn.Module, loss: Loss, batches: Iterable[TensorBatch]) -> float:
    """Weighted mean loss over rows, without gradients and with dropout off."""
    module.eval()
    total, total_weight = 0.0, 0.0
    with torch.no_grad():
        for batch in batches:
            total += float(weighted_losses(module, loss, batch).sum())
            total_weight += batch.total_weight
    return total / total_weight


def weighted_losses(module: nn.Module, loss: Loss, batch: TensorBatch) -> Tensor:
    """[n] the loss of each row times its weight."""
    losses = loss(module(*batch.inputs), batch.label)
    return losses if batch.weight is None else losses * batch.weight


@contextmanager
def seeded(seed: int, num_threads: int = 0) -> Iterator[None]:
    """Torch's random numbers from `seed`, on `num_threads` (0: as they are); both as they were afterwards."""
    before = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if num_threads:
            torch.set_num_threads(num_threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def _eval_loss(task: Task) -> float | None:
    if task.eval_batches is None:
        return None
    return mean_loss(task.module, task.eval_loss or task.loss, task.eval_batches())


def _run_epoch(task: Task, settings: LoopSettings, number: int, phase: Phase) -> float:
    task.module.train()
    total, total_weight = 0.0, 0.0
    for step, batch in enumerate(task.train_batches(number - 1), 1):
        for optimizer in task.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss = weighted_losses(task.module, task.loss, batch).mean()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingError(_not_finite(value, number, step))
        if settings.l1_reg or settings.l2_reg:
            loss = loss + weight_penalty(task.module, settings.l1_reg, settings.l2_reg)
        loss.backward()
        if math.isfinite(settings.max_gradient_norm):
            nn.utils.clip_grad_norm_(task.module.parameters(), settings.max_gradient_norm)
        for optimizer in task.optimizers:
            optimizer.step()
        total, total_weight = total + value * len(batch.label), total_weight + batch.total_weight
        phase.advance(len(batch.label), loss=total / (total_weight or 1.0))
    return total / total_weight


def _watch(settings: LoopSettings) -> EarlyStopping:
    return EarlyStopping(
        patience=settings.patience, min_rel_progress=settings.min_rel_progress, enabled=settings.early_stop
    )


def _rate_factor(epoch: int, settings: LoopSettings) -> float:
    return 0.5 * (1 + math.cos(math.pi * epoch / settings.max_epochs)) if settings.decay else 1.0


def _not_finite(value: float, epoch: int, step: int) -> Fault:
    first = epoch == 1 and step == 1
    cause = "a feature that is infinite or not a number" if first else "a learn_rate that is too large"
    return Fault(
        what=f"the loss became {value}",
        where=f"epoch {epoch}, step {step}",
        expected="a finite loss",
        received=str(value),
        next_step=f"the likely cause is {cause}; "
        + ("scale the features in the transform" if first else "take a smaller learn_rate, or scale the features"),
    )
