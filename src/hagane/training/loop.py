"""The training loop of every torch model: steps, validation, early stopping, checkpoints, the best state kept.

The loop knows nothing of what it trains: batches are inputs and a label, the loss is a function of output and label.
A row's loss is multiplied by its weight; a step divides by the number of its rows, not by their weights, so that a row
has the same say whichever rows stand beside it. The weights given should therefore have mean 1 over the training rows.

Between two steps the training is a `RunState` and tensors (module, its best state, optimizers, torch's random state):
that is what a checkpoint holds, and from it the same steps follow, bit by bit, as if nothing had happened.
Whatever ends it early (a KeyboardInterrupt among them) leaves through the context managers, so that nothing stays
behind: the random state of torch is the caller's again, and the progress phase is closed.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import torch
from torch import Tensor, nn

from hagane.errors import Fault, PreemptedError, TrainingError
from hagane.progress import SILENT, Phase, Progress
from hagane.training.checkpoint import Checkpoint, flatten, unflatten
from hagane.training.checkpointer import Checkpointer
from hagane.training.clip_gradients import clip_gradients
from hagane.training.early_stopping import EarlyStopping
from hagane.training.losses import weight_penalty
from hagane.training.preemption import Preemption
from hagane.training.run_state import RunState, TrainingIteration
from hagane.training.schedule import Schedule

Loss = Callable[[Tensor, Tensor], Tensor]
"""Output and label of n rows → their losses [n]."""


class TensorBatch(NamedTuple):
    """`inputs` are the module's arguments, `label` [n] or [n, c], `weight` [n] float32 (None: 1 each)."""

    inputs: tuple[Tensor, ...]
    label: Tensor
    weight: Tensor | None = None

    @property
    def num_rows(self) -> int:
        """Rows."""
        return len(self.label)

    @property
    def total_weight(self) -> float:
        """Σ weights."""
        return float(len(self.label)) if self.weight is None else float(self.weight.sum(dtype=torch.float64))


@dataclass(frozen=True, kw_only=True)
class LoopSettings:
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
    max_gradient_norm: float = math.inf
    """Gradients are scaled down to this norm."""
    schedule: str = "constant"
    """One of `SCHEDULES`: the learning rate over all steps of `max_epochs`."""
    warmup_steps: int = 0
    accumulate_batches: int = 1
    """Batches whose gradients make one step."""
    bfloat16: bool = False
    """Whether layers compute in bfloat16 (torch's autocast); weights and losses stay float32."""


class History(NamedTuple):
    """Every iteration, and the number of the one whose state the module holds now."""

    iterations: tuple[TrainingIteration, ...]
    best_iteration: int


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
    optimizers: tuple[torch.optim.Optimizer, ...]
    """Each for other parameters; the first one's learning rate is told."""
    loss: Loss
    """Of the rows that are trained on."""
    train_batches: Callable[[int, int], Iterable[TensorBatch]]
    """The epoch's number, from 0, and that of its first batch → the batches from there on, every row once."""
    num_batches: int
    """Of each epoch."""
    eval_batches: Callable[[], Iterable[TensorBatch]] | None
    num_rows: int
    eval_loss: Loss | None = None
    """Of the eval rows, where it is not `loss`: they may have other shares of the classes."""
    metric: Metric | None = None
    device: str = "cpu"
    """Where the module and its batches are: `cpu`, `cuda:0`."""

    @property
    def device_type(self) -> str:
        """`cpu` or `cuda`."""
        return self.device.partition(":")[0]


def train_module(
    task: Task,
    settings: LoopSettings,
    progress: Progress = SILENT,
    *,
    checkpointer: Checkpointer | None = None,
    preemption: Preemption | None = None,
) -> History:
    """Train until the eval loss stops falling or `max_epochs` is reached; the module ends in its best state.

    With a `checkpointer` it goes on from the latest checkpoint. Raises TrainingError, with the step and the likely
    cause, when a loss is not a number, and PreemptedError after a last checkpoint when `preemption` was requested.
    """
    run = _Run(task, settings)
    if checkpointer is not None and (found := checkpointer.latest()) is not None:
        run.restore(found)
    with progress.phase("train", total=settings.max_epochs * task.num_rows, unit="rows") as phase:
        if run.state.rows:
            phase.advance(run.state.rows)
        while not run.is_over:
            run.step(phase)
            if run.is_evaluation_due:
                run.evaluate(phase)
            if preemption is not None and preemption.requested:
                _leave(run, checkpointer)
            if checkpointer is not None and checkpointer.is_due(run.state.step):
                checkpointer.save(run.state.step, *run.snapshot())
    run.take_best()
    best, iterations = run.state.watch.best_iteration, tuple(run.state.iterations)
    return History(iterations, best if best > 0 else len(iterations))


def _leave(run: _Run, checkpointer: Checkpointer | None) -> None:
    """End at a machine's notice."""
    where = f"step {run.state.step}"
    if checkpointer is None:
        raise PreemptedError(Fault(what="training was told to end", where=where, next_step="start it again"))
    checkpointer.save(run.state.step, *run.snapshot())
    checkpointer.wait()
    step = "run the same command again: it goes on from there"
    raise PreemptedError(Fault(what="training was told to end, and saved its state", where=where, next_step=step))


class _Run:
    """A training between two steps."""

    def __init__(self, task: Task, settings: LoopSettings) -> None:
        self.task, self.settings = task, settings
        self.state = RunState(watch=_watch(settings))
        steps_per_epoch = -(-task.num_batches // settings.accumulate_batches)
        self._schedule = Schedule(settings.schedule, settings.max_epochs * steps_per_epoch, settings.warmup_steps)
        self._rates = [[float(group["lr"]) for group in optimizer.param_groups] for optimizer in task.optimizers]
        self._best: dict[str, Tensor] = {}
        self._batches: Iterator[TensorBatch] = iter(())
        self._reading = -1
        self._begun = time.perf_counter()
        self._autocast = torch.autocast(task.device_type, torch.bfloat16) if settings.bfloat16 else nullcontext()

    @property
    def is_over(self) -> bool:
        return self.state.is_stopped or self.state.epoch >= self.settings.max_epochs

    @property
    def is_evaluation_due(self) -> bool:
        every = self.settings.eval_every_steps
        at_end = self.state.batch == 0 and (every is None or self.is_over)
        return at_end or (every is not None and self.state.step % every == 0)

    def step(self, phase: Phase) -> None:
        """One step of the optimizers: the next `accumulate_batches` batches, fewer at an epoch's end."""
        task, settings, state = self.task, self.settings, self.state
        task.module.train()
        self._set_rates()
        batches = list(itertools.islice(self._epoch(), settings.accumulate_batches))
        num_rows = sum(batch.num_rows for batch in batches)
        for optimizer in task.optimizers:
            optimizer.zero_grad(set_to_none=True)
        for batch in batches:
            self._add_gradient(batch, num_rows)
        if settings.l1_reg or settings.l2_reg:
            weight_penalty(task.module, settings.l1_reg, settings.l2_reg).backward()
        if math.isfinite(settings.max_gradient_norm):
            clip_gradients(task.module.parameters(), settings.max_gradient_norm)
        for optimizer in task.optimizers:
            optimizer.step()
        state.step += 1
        state.rows += num_rows
        state.batch += len(batches)
        if state.batch >= task.num_batches:
            state.epoch, state.batch = state.epoch + 1, 0
        phase.advance(num_rows, loss=state.total_loss / (state.total_weight or 1.0))

    def evaluate(self, phase: Phase) -> None:
        """End the iteration: its losses, whether it is the best, and whether it is the last."""
        state = self.state
        loss = state.total_loss / (state.total_weight or 1.0)
        eval_loss, metric = self._measure()
        now = time.perf_counter()
        number, rate = len(state.iterations) + 1, float(self.task.optimizers[0].param_groups[0]["lr"])
        found = TrainingIteration(number, state.step, loss, eval_loss, metric, rate, now - self._begun)
        state.iterations.append(found)
        state.total_loss = state.total_weight = 0.0
        self._begun = now
        figures = {"loss": loss} | ({} if eval_loss is None else {"eval_loss": eval_loss})
        phase.advance(0, **figures)
        watched = eval_loss if metric is None else metric
        if watched is None:
            return
        is_high = self.task.metric is not None and self.task.metric.is_better_high
        state.is_stopped = state.watch.update(number, -watched if is_high else watched)
        if state.watch.best_iteration == number:
            self._best = {name: tensor.detach().clone() for name, tensor in self.task.module.state_dict().items()}

    def take_best(self) -> None:
        """Let the module have the state of its best iteration."""
        if self._best:
            self.task.module.load_state_dict(self._best)

    def snapshot(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """All of it: the tensors, and what goes into JSON."""
        tensors = {f"module.{name}": tensor for name, tensor in self.task.module.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self._best.items()}
        tensors["random"] = torch.get_rng_state()
        if self.task.device_type == "cuda":
            tensors["random.cuda"] = torch.cuda.get_rng_state(self.task.device)
        rests = []
        for index, optimizer in enumerate(self.task.optimizers):
            found, rest = flatten(f"optimizer.{index}", optimizer.state_dict())
            tensors |= found
            rests.append(rest)
        return tensors, {"state": msgspec.to_builtins(self.state), "optimizers": rests}

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from `checkpoint`."""
        tensors = checkpoint.tensors
        self.state = msgspec.convert(checkpoint.facts["state"], RunState)
        self.task.module.load_state_dict(_under("module.", tensors))
        self._best = {name: tensor.to(self.task.device) for name, tensor in _under("best.", tensors).items()}
        for index, (optimizer, rest) in enumerate(
            zip(self.task.optimizers, checkpoint.facts["optimizers"], strict=True)
        ):
            optimizer.load_state_dict(unflatten(f"optimizer.{index}", rest, tensors))
        torch.set_rng_state(tensors["random"])
        if "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"], self.task.device)

    def _epoch(self) -> Iterator[TensorBatch]:
        """The batches of this epoch that are not yet done."""
        if self._reading != self.state.epoch:
            self._reading = self.state.epoch
            self._batches = iter(self.task.train_batches(self.state.epoch, self.state.batch))
        return self._batches

    def _set_rates(self) -> None:
        factor = self._schedule.factor(self.state.step)
        for optimizer, rates in zip(self.task.optimizers, self._rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor

    def _add_gradient(self, batch: TensorBatch, num_rows: int) -> None:
        state = self.state
        with self._autocast:
            losses = weighted_losses(self.task.module, self.task.loss, batch)
        loss = losses.mean() if batch.num_rows == num_rows else losses.sum() / num_rows
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingError(_not_finite(value, state.epoch + 1, state.batch + 1, state.step))
        loss.backward()
        state.total_loss += value * num_rows
        state.total_weight += batch.total_weight

    def _measure(self) -> tuple[float | None, float | None]:
        """The loss of the eval rows, and the metric that is watched."""
        task = self.task
        if task.eval_batches is None:
            return None, None
        if task.metric is None:
            return mean_loss(task.module, task.eval_loss or task.loss, task.eval_batches()), None
        return _loss_and_metric(task, task.metric)


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
    losses = loss(module(*batch.inputs).float(), batch.label)
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


def _loss_and_metric(task: Task, metric: Metric) -> tuple[float, float]:
    """One pass over the eval rows, whose outputs are held."""
    assert task.eval_batches is not None
    task.module.eval()
    outputs, labels, weights, total, total_weight = [], [], [], 0.0, 0.0
    with torch.no_grad():
        for batch in task.eval_batches():
            output = task.module(*batch.inputs).float()
            losses = (task.eval_loss or task.loss)(output, batch.label)
            total += float((losses if batch.weight is None else losses * batch.weight).sum())
            total_weight += batch.total_weight
            outputs.append(output.cpu())
            labels.append(batch.label.cpu())
            weights.append(None if batch.weight is None else batch.weight.cpu())
    held = None if weights[0] is None else torch.cat([weight for weight in weights if weight is not None])
    return total / total_weight, metric.measure(torch.cat(outputs), torch.cat(labels), held)


def _watch(settings: LoopSettings) -> EarlyStopping:
    return EarlyStopping(
        patience=settings.patience,
        min_rel_progress=settings.min_rel_progress,
        enabled=settings.early_stop,
        reference_iteration=0,
    )


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _not_finite(value: float, epoch: int, batch: int, step: int) -> Fault:
    first = step == 0
    cause = "a feature that is infinite or not a number" if first else "a learn_rate that is too large"
    return Fault(
        what=f"the loss became {value}",
        where=f"epoch {epoch}, step {batch}",
        expected="a finite loss",
        received=str(value),
        next_step=f"the likely cause is {cause}; "
        + ("scale the features in the transform" if first else "take a smaller learn_rate, or scale the features"),
    )
