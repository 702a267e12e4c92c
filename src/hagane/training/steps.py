"""`Steps`: the steps of a training, one at a time: the module, its optimizers and the batches that come next."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from contextlib import nullcontext
from typing import NamedTuple

import torch
from torch import Tensor

from hagane.training.add_penalty_gradient import add_penalty_gradient
from hagane.training.clip_gradients import clip_gradients
from hagane.training.diagnose import place_text
from hagane.training.group import Group
from hagane.training.loss_failures import LossFailures
from hagane.training.measure_module import weighted_losses
from hagane.training.on_device import on_device
from hagane.training.run_state import RunState
from hagane.training.schedule import Schedule
from hagane.training.step_seed import seed_step
from hagane.training.task import LoopSettings, Task, TensorBatch


class Step(NamedTuple):
    """A step that is done."""

    loss: Tensor
    """Σ weight · loss of the rows here; on a GPU it may not be known yet."""
    weight: float
    num_rows: int
    epoch: int
    batch: int
    """The first one of the step."""


class Steps:
    """What a step needs. Where the training stands is its `RunState`, which each step moves on."""

    def __init__(self, task: Task, settings: LoopSettings, group: Group) -> None:
        self.task, self.settings, self.group = task, settings, group
        self.module = group.place(task.module)
        self.optimizers = task.make_optimizers(self.module)
        wrapped = group.wrap(self.module)
        self._called = torch.compile(wrapped) if settings.compiled else wrapped
        steps_per_epoch = -(-task.num_batches // settings.accumulate_batches)
        self._schedule = Schedule(settings.schedule, settings.max_epochs * steps_per_epoch, settings.warmup_steps)
        self._rates = [[float(each["lr"]) for each in optimizer.param_groups] for optimizer in self.optimizers]
        self._batches: Iterator[TensorBatch] = iter(())
        self._reading = -1
        self._looks_first = group.size == 1 and group.device == "cpu"
        """Whether a loss is looked at before the weights are changed by it: it costs nothing here."""
        kind = group.device.partition(":")[0]
        self._autocast = torch.autocast(kind, torch.bfloat16) if settings.bfloat16 else nullcontext()

    @property
    def rate(self) -> float:
        """The learning rate of the last step."""
        return float(self.optimizers[0].param_groups[0]["lr"])

    def take(self, state: RunState) -> Step:
        """One step of the optimizers: the next `accumulate_batches` batches, fewer at an epoch's end.

        Nothing in it waits for a GPU. Raises TrainingError where the loss is seen not to be a number.
        """
        settings = self.settings
        if not self.module.training:
            self._called.train()
        self._set_rates(state.step)
        seed_step(settings.seed, state.step, self.group.rank, self.group.device)
        batches = list(itertools.islice(self._epoch(state), settings.accumulate_batches))
        total = self._add_gradients(batches)
        if self._looks_first and not math.isfinite(total):
            failures = LossFailures(self.task, self.group, self.rate, state)
            raise failures.of_step(float(total), place_text(state.step + 1, state.epoch), batches, self.module)
        add_penalty_gradient(self.module, settings.l1_reg, settings.l2_reg)
        if settings.max_gradient_norm is not None:
            clip_gradients(self.module.parameters(), settings.max_gradient_norm)
        for optimizer in self.optimizers:
            optimizer.step()
        done = Step(
            total,
            sum(batch.total_weight for batch in batches),
            sum(batch.num_rows for batch in batches),
            state.epoch,
            state.batch,
        )
        state.advance(num_batches=len(batches), num_rows=done.num_rows, batches_per_epoch=self.task.num_batches)
        self.group.after_step(state.step)
        return done

    def again(self, step: Step) -> list[TensorBatch]:
        """The batches of a step that is done."""
        again = self.task.train_batches(step.epoch, step.batch)
        return list(itertools.islice(on_device(again, self.group.device), self.settings.accumulate_batches))

    def _epoch(self, state: RunState) -> Iterator[TensorBatch]:
        """The batches of this epoch that are not yet done."""
        if self._reading != state.epoch:
            self._reading = state.epoch
            self._batches = on_device(self.task.train_batches(state.epoch, state.batch), self.group.device)
        return self._batches

    def _set_rates(self, step: int) -> None:
        factor = self._schedule.factor(step)
        for optimizer, rates in zip(self.optimizers, self._rates, strict=True):
            for each, rate in zip(optimizer.param_groups, rates, strict=True):
                each["lr"] = rate * factor

    def _add_gradients(self, batches: list[TensorBatch]) -> Tensor:
        """The gradient of the mean loss over the rows of all batches; their total loss."""
        num_rows = sum(batch.num_rows for batch in batches)
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        losses = [self._add_gradient(batch, num_rows, batch is batches[-1]) for batch in batches]
        return losses[0] if len(losses) == 1 else torch.stack(losses).sum()

    def _add_gradient(self, batch: TensorBatch, num_rows: int, is_last: bool) -> Tensor:
        """Add the gradient of the batch's share in the mean loss of `num_rows`; its total loss."""
        with self.group.gradient(is_last):
            with self._autocast:
                total = weighted_losses(self._called, self.task.loss, batch).sum()
            (total * (self.group.size / num_rows)).backward()
        return total.detach()
