"""The training loop of every torch model: steps, validation, early stopping, checkpoints, the best state kept.

The loop knows nothing of what it trains: batches are inputs and a label, the loss is a function of output and label.
A row's loss is multiplied by its weight; a step divides by the number of its rows, not by their weights, so that a row
has the same say whichever rows stand beside it. The weights given should therefore have mean 1 over the training rows.

Between two steps the training is a `RunState` and tensors (module, its best state, optimizers): that is what a
checkpoint holds, and from it the same steps follow, bit by bit, as if nothing had happened. Random numbers within a
step are a function of its number.

Several processes may train together (`Group`): each takes its part of every batch. They tell each other the losses of
their steps, and agree on when to save and to end, in exchanges: every step where a process trains alone, else as often
as a quarter of a second holds steps.

Whatever ends it early (a KeyboardInterrupt among them) leaves through the context managers, so that nothing stays
behind: the progress phase is closed.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import msgspec
import torch
from torch import Tensor, nn

from hagane.errors import Fault, PreemptedError, TrainingError
from hagane.progress import SILENT, Phase, Progress
from hagane.progress.events import Resumed, StepEnded
from hagane.training.add_penalty_gradient import add_penalty_gradient
from hagane.training.agree_on_fault import agree_on_fault
from hagane.training.checkpoint import Checkpoint, flatten, tensors_under, unflatten
from hagane.training.checkpointer import Checkpointer
from hagane.training.clip_gradients import clip_gradients
from hagane.training.diagnose import Scene, diagnose, exploded, place_text
from hagane.training.early_stopping import EarlyStopping
from hagane.training.group import Group
from hagane.training.iteration_events import iteration_events
from hagane.training.measure_module import measure_module, total_loss, weighted_losses
from hagane.training.on_device import on_device
from hagane.training.preemption import Preemption
from hagane.training.run_state import RunState, TrainingIteration
from hagane.training.schedule import Schedule
from hagane.training.step_seed import seed_step
from hagane.training.task import LoopSettings, Task, TensorBatch

EXCHANGE_SECONDS = 0.25
MOST_STEPS_APART = 64


class History(NamedTuple):
    """Every iteration, and the number of the one whose state the module holds now."""

    iterations: tuple[TrainingIteration, ...]
    best_iteration: int


def train_module(
    task: Task,
    settings: LoopSettings,
    progress: Progress = SILENT,
    *,
    group: Group | None = None,
    checkpointer: Checkpointer | None = None,
    preemption: Preemption | None = None,
) -> History:
    """Train until the eval loss stops falling or `max_epochs` is reached; the module ends in its best state.

    With a `checkpointer` it goes on from the latest checkpoint. Raises TrainingError, with the step and the likely
    cause, when a loss is not a number, and PreemptedError after a last checkpoint when `preemption` was requested.
    """
    run = _Run(task, settings, group or Group(), progress)
    if checkpointer is not None:
        checkpointer.on_written = progress.tell
        if (found := run.group.latest_checkpoint(checkpointer)) is not None:
            run.restore(found)
            progress.tell(Resumed(step=run.state.step, iteration=len(run.state.iterations)))
    total, may_stop = settings.max_epochs * task.num_rows, settings.early_stop and task.eval_batches is not None
    with progress.phase("train", total=total, unit="rows", at_most=may_stop, completed=run.state.rows) as phase:
        while not run.is_over:
            run.step()
            if not run.is_exchange_due:
                continue
            told = run.exchange(phase, checkpointer, preemption)
            if run.is_evaluation_due:
                run.evaluate(phase)
            if told.ends:
                _leave(run, checkpointer)
            if told.saves and checkpointer is not None:
                run.save(checkpointer)
    run.take_best()
    best, iterations = run.state.watch.best_iteration, tuple(run.state.iterations)
    return History(iterations, best if best > 0 else len(iterations))


def _leave(run: _Run, checkpointer: Checkpointer | None) -> None:
    """End at a machine's notice."""
    where = f"step {run.state.step}"
    if checkpointer is None:
        raise PreemptedError(Fault(what="training was told to end", where=where, next_step="start it again"))
    run.save(checkpointer)
    raise PreemptedError(checkpointer.leave(run.state.step))


class _Told(NamedTuple):
    """What the processes have agreed on."""

    saves: bool
    ends: bool


class _Step(NamedTuple):
    """A step whose loss is not yet known to all."""

    loss: Tensor
    """Σ weight · loss of the rows here."""
    weight: float
    num_rows: int
    epoch: int
    batch: int
    """The first one of the step."""


class _Run:
    """A training between two steps."""

    def __init__(self, task: Task, settings: LoopSettings, group: Group, progress: Progress) -> None:
        self.task, self.settings, self.group, self.progress = task, settings, group, progress
        self.state = RunState(watch=_watch(settings))
        self.module = group.place(task.module)
        self.optimizers = task.make_optimizers(self.module)
        wrapped = group.wrap(self.module)
        self._called = torch.compile(wrapped) if settings.compiled else wrapped
        steps_per_epoch = -(-task.num_batches // settings.accumulate_batches)
        self._schedule = Schedule(settings.schedule, settings.max_epochs * steps_per_epoch, settings.warmup_steps)
        self._rates = [[float(each["lr"]) for each in optimizer.param_groups] for optimizer in self.optimizers]
        self._best: dict[str, Tensor] = {}
        self._batches: Iterator[TensorBatch] = iter(())
        self._reading = -1
        self._begun, self._rows_begun = time.perf_counter(), 0
        self._waiting: list[_Step] = []
        self._looks_first = self.group.size == 1 and self.group.device == "cpu"
        """Whether a loss is looked at before the weights are changed by it: it costs nothing here."""
        self._waiting_since = time.perf_counter()
        self._exchange_every = 1
        kind = group.device.partition(":")[0]
        self._autocast = torch.autocast(kind, torch.bfloat16) if settings.bfloat16 else nullcontext()

    @property
    def is_over(self) -> bool:
        return self.state.is_stopped or self.state.epoch >= self.settings.max_epochs

    @property
    def _rate(self) -> float:
        """The learning rate of the last step."""
        return float(self.optimizers[0].param_groups[0]["lr"])

    @property
    def is_evaluation_due(self) -> bool:
        every = self.settings.eval_every_steps
        at_end = self.state.batch == 0 and (every is None or self.is_over)
        return at_end or (every is not None and self.state.step % every == 0)

    @property
    def is_exchange_due(self) -> bool:
        return len(self._waiting) >= self._exchange_every or self.is_evaluation_due

    def step(self) -> None:
        """One step of the optimizers: the next `accumulate_batches` batches, fewer at an epoch's end."""
        task, settings, state = self.task, self.settings, self.state
        if not self.module.training:
            self._called.train()
        self._set_rates()
        seed_step(settings.seed, state.step, self.group.rank, self.group.device)
        batches = list(itertools.islice(self._epoch(), settings.accumulate_batches))
        num_rows = sum(batch.num_rows for batch in batches)
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        losses = [self._add_gradient(batch, num_rows, batch is batches[-1]) for batch in batches]
        total = _total(losses)
        if self._looks_first and not math.isfinite(total):
            raise self._not_finite(float(total), state.step + 1, state.epoch, batches, self.module)
        add_penalty_gradient(self.module, settings.l1_reg, settings.l2_reg)
        if settings.max_gradient_norm is not None:
            clip_gradients(self.module.parameters(), settings.max_gradient_norm)
        for optimizer in self.optimizers:
            optimizer.step()
        weight = sum(batch.total_weight for batch in batches)
        self._waiting.append(_Step(total, weight, num_rows, state.epoch, state.batch))
        state.step += 1
        state.rows += num_rows
        state.batch += len(batches)
        if state.batch >= task.num_batches:
            state.epoch, state.batch = state.epoch + 1, 0
        self.group.after_step(state.step)

    def exchange(self, phase: Phase, checkpointer: Checkpointer | None, preemption: Preemption | None) -> _Told:
        """Tell the other processes the losses of the steps since the last exchange; whether to save and to end."""
        steps, state = self._waiting, self.state
        saves = self.group.rank == 0 and checkpointer is not None and checkpointer.is_due(state.step)
        ends = preemption is not None and preemption.requested
        seconds = (time.perf_counter() - self._waiting_since) / len(steps)
        losses = [float(steps[0].loss)] if len(steps) == 1 else torch.stack([each.loss for each in steps]).tolist()
        weights = [each.weight for each in steps]
        totals = self.group.add_up([*losses, *weights, float(saves), float(ends), seconds])
        first = state.step - len(steps) + 1
        for number, (each, loss, weight) in enumerate(zip(steps, totals, totals[len(steps) :], strict=False), first):
            if not math.isfinite(loss):
                raise self._not_finite(loss, number, each.epoch, self._again(each), None)
            if state.explosion.take(loss / (weight or 1.0)):
                raise TrainingError(exploded(state.explosion, place_text(number, each.epoch), self._rate))
            state.total_loss += loss
            state.total_weight += weight
        saving, ending, spent = totals[-3:]
        if self.group.size > 1 or self.group.device != "cpu":
            every = EXCHANGE_SECONDS * self.group.size / max(spent, 1e-9)
            self._exchange_every = min(max(int(every), 1), MOST_STEPS_APART)
        self._waiting, self._waiting_since = [], time.perf_counter()
        unit, num_rows, weight = self.task.loss_unit, sum(each.num_rows for each in steps), sum(totals[len(steps) : -3])
        self.progress.tell(
            StepEnded(
                step=state.step,
                loss=sum(totals[: len(steps)]) / (weight or 1.0) * unit,
                learning_rate=self._rate,
                num_examples=num_rows,
                duration_seconds=seconds * len(steps),
            )
        )
        phase.advance(num_rows, loss=state.total_loss / (state.total_weight or 1.0) * unit)
        return _Told(saving > 0, ending > 0)

    def evaluate(self, phase: Phase) -> None:
        """End the iteration: its losses, whether it is the best, and whether it is the last."""
        state = self.state
        self.group.settle()
        loss = state.total_loss / (state.total_weight or 1.0)
        speed = (state.rows - self._rows_begun) / max(time.perf_counter() - self._begun, 1e-9)
        eval_loss, metric = measure_module(self.task, self.module, self.group)
        if eval_loss is not None and not math.isfinite(eval_loss):
            raise self._not_finite_evaluation(eval_loss)
        now, number = time.perf_counter(), len(state.iterations) + 1
        found = TrainingIteration(number, state.step, loss, eval_loss, metric, self._rate, now - self._begun)
        state.iterations.append(found)
        state.total_loss = state.total_weight = 0.0
        self._begun, self._rows_begun = now, state.rows
        self._keep_best(found)
        unit = self.task.loss_unit
        phase.advance(0, loss=loss * unit, **({} if eval_loss is None else {"eval_loss": eval_loss * unit}))
        for event in iteration_events(state, self.task, self.settings, speed):
            self.progress.tell(event)

    def _keep_best(self, found: TrainingIteration) -> None:
        """Keep the state where it is the best, and stop where that was long ago."""
        state = self.state
        watched = found.eval_loss if found.metric is None else found.metric
        if watched is None:
            return
        is_high = self.task.metric is not None and self.task.metric.is_better_high
        state.is_stopped = state.watch.update(found.number, -watched if is_high else watched)
        if state.watch.best_iteration == found.number:
            self._best = {name: each.detach().clone() for name, each in self.group.module_state(self.module).items()}

    def take_best(self) -> None:
        """Let the module have the state of its best iteration; that of the last where none was evaluated."""
        if not self.state.iterations or not self._best:
            self.group.settle()
        if self._best:
            self.group.load_module_state(self.module, self._best)

    def save(self, checkpointer: Checkpointer) -> None:
        """A checkpoint of this step, by the processes that write."""
        tensors, facts = self.snapshot()
        if self.group.is_writer:
            checkpointer.save(self.state.step, tensors, facts)

    def snapshot(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """All of it: the tensors, and what goes into JSON."""
        tensors = {f"module.{name}": each for name, each in self.group.module_state(self.module).items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self._best.items()}
        tensors |= {f"own.{name}": tensor for name, tensor in self.group.own_state().items()}
        rests = []
        for index, optimizer in enumerate(self.optimizers):
            found, rest = flatten(f"optimizer.{index}", self.group.optimizer_state(self.module, optimizer))
            tensors |= found
            rests.append(rest)
        return tensors, {"state": msgspec.to_builtins(self.state), "optimizers": rests}

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from `checkpoint`."""
        tensors = checkpoint.tensors
        self.state = msgspec.convert(checkpoint.facts["state"], RunState)
        self.group.load_module_state(self.module, tensors_under("module.", tensors))
        self._best = {name: tensor.to(self.group.device) for name, tensor in tensors_under("best.", tensors).items()}
        self.group.load_own_state(tensors_under("own.", tensors))
        rests = checkpoint.facts["optimizers"]
        for index, (optimizer, rest) in enumerate(zip(self.optimizers, rests, strict=True)):
            state = unflatten(f"optimizer.{index}", rest, tensors)
            self.group.load_optimizer_state(self.module, optimizer, state)
        self._rows_begun = self.state.rows

    def _not_finite(
        self, loss: float, step: int, epoch: int, batches: Sequence[TensorBatch], module: nn.Module | None
    ) -> TrainingError:
        """What became of a step's loss, and why."""
        scene = Scene(self.task, batches, module, self.task.loss, self._rate, self.state.explosion)
        fault, doubt = diagnose(f"the loss became {loss}", place_text(step, epoch), scene)
        return TrainingError(agree_on_fault(self.group, fault, doubt))

    def _not_finite_evaluation(self, loss: float) -> TrainingError:
        """What became of the eval loss, and why: the batch in which it did is looked for."""
        state, watched = self.state, self.task.watched_loss
        assert self.task.eval_batches is not None
        batches = on_device(self.task.eval_batches(self.group.rank, self.group.size), self.group.device)
        module = None if self.group.is_split else self.module
        bad = (each for each in batches if module and not math.isfinite(total_loss(module, watched, [each])[0]))
        scene = Scene(self.task, [*itertools.islice(bad, 1)], module, watched, self._rate, state.explosion)
        where = f"eval rows after {place_text(state.step, state.epoch - (state.batch == 0))}"
        fault, doubt = diagnose(f"the eval loss became {loss}", where, scene)
        return TrainingError(agree_on_fault(self.group, fault, doubt))

    def _again(self, step: _Step) -> list[TensorBatch]:
        """The batches of a step that is done."""
        again = self.task.train_batches(step.epoch, step.batch)
        return list(itertools.islice(on_device(again, self.group.device), self.settings.accumulate_batches))

    def _epoch(self) -> Iterator[TensorBatch]:
        """The batches of this epoch that are not yet done."""
        if self._reading != self.state.epoch:
            self._reading = self.state.epoch
            batches = self.task.train_batches(self.state.epoch, self.state.batch)
            self._batches = on_device(batches, self.group.device)
        return self._batches

    def _set_rates(self) -> None:
        factor = self._schedule.factor(self.state.step)
        for optimizer, rates in zip(self.optimizers, self._rates, strict=True):
            for each, rate in zip(optimizer.param_groups, rates, strict=True):
                each["lr"] = rate * factor

    def _add_gradient(self, batch: TensorBatch, num_rows: int, is_last: bool) -> Tensor:
        """Add the gradient of the batch's share in the mean loss of `num_rows`; its total loss."""
        with self.group.gradient(is_last):
            with self._autocast:
                total = weighted_losses(self._called, self.task.loss, batch).sum()
            (total * (self.group.size / num_rows)).backward()
        return total.detach()


def _total(losses: list[Tensor]) -> Tensor:
    return losses[0] if len(losses) == 1 else torch.stack(losses).sum()


def _watch(settings: LoopSettings) -> EarlyStopping:
    return EarlyStopping(
        patience=settings.patience,
        min_rel_progress=settings.min_rel_progress,
        enabled=settings.early_stop,
        reference_iteration=0,
    )
