"""The training loop, held against hand-made modules and batches."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from hagane.errors import PreemptedError, TrainingError
from hagane.progress.events import CheckpointWritten, Event, IterationEnded, Resumed, StepEnded, StoppedEarly
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.training import steps as steps_module
from hagane.training.add_penalty_gradient import add_penalty_gradient
from hagane.training.checkpoint import Checkpoint
from hagane.training.checkpointer import Checkpointer
from hagane.training.early_stopping import EarlyStopping
from hagane.training.group import Group
from hagane.training.loop import train_module
from hagane.training.losses import binary_log_loss, log_loss, squared_error
from hagane.training.measure_module import mean_loss
from hagane.training.preemption import Preemption
from hagane.training.run_state import RunState
from hagane.training.seeded import seeded
from hagane.training.steps import Steps
from hagane.training.task import LoopSettings, Task, TensorBatch


class Recorder:
    """A progress that keeps what it is told."""

    def __init__(self) -> None:
        self.rows, self.figures, self.closed = 0.0, [], False
        self.events: list[Event] = []

    def phase(
        self,
        name: str,
        *,
        total: float | None = None,
        unit: str = "rows",
        at_most: bool = False,
        completed: float = 0.0,
    ) -> Recorder:
        self.total, self.unit, self.at_most, self.rows = total, unit, at_most, completed
        return self

    def note(self, text: str) -> None: ...

    def tell(self, event: Event) -> None:
        self.events.append(event)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: Any) -> None:
        self.closed = True

    def advance(self, amount: float = 1, **figures: float) -> None:
        self.rows += amount
        self.figures.append(figures)


def line(n: int = 64) -> list[TensorBatch]:
    x = torch.linspace(-1, 1, n)[:, None]
    return [TensorBatch((a,), 3 * a[:, 0] + 1) for a in x.split(16)]


def task(
    module: nn.Module,
    *,
    rate: float = 0.1,
    eval_losses: list[float] | None = None,
    batches: list[TensorBatch] | None = None,
) -> Task:
    parts = batches or line()
    return Task(
        module=module,
        make_optimizers=lambda placed: (torch.optim.SGD(placed.parameters(), lr=rate),),
        loss=squared_error,
        train_batches=lambda epoch, first: parts[first:],
        eval_batches=None if eval_losses is None else lambda first, every: parts,
        num_batches=len(parts),
        num_rows=sum(len(part.label) for part in parts),
    )


def test_it_converges_to_the_line() -> None:
    with seeded(0):
        module = nn.Linear(1, 1)
        history = train_module(task(module), LoopSettings(max_epochs=200))
    assert module.weight.item() == pytest.approx(3, abs=1e-3)
    assert module.bias.item() == pytest.approx(1, abs=1e-3)
    assert len(history.iterations) == history.best_iteration == 200
    assert history.iterations[0].loss > history.iterations[-1].loss


def test_it_stops_early_and_ends_in_its_best_state() -> None:
    """A rate so large that the loss rises from the second epoch on: the first state is the best."""
    with seeded(0):
        module = nn.Linear(1, 1)
        parts, states = line(), []

        def eval_batches(first: int, every: int) -> Iterator[TensorBatch]:
            states.append(module.weight.item())
            return iter(parts)

        one = Task(
            module=module,
            make_optimizers=lambda placed: (torch.optim.SGD(placed.parameters(), lr=1.2),),
            loss=squared_error,
            train_batches=lambda epoch, first: parts[first:],
            eval_batches=eval_batches,
            num_batches=4,
            num_rows=64,
        )
        history = train_module(one, LoopSettings(max_epochs=50, patience=3))
    losses = [epoch.eval_loss for epoch in history.iterations]
    assert history.best_iteration == int(np.argmin(losses)) + 1
    assert len(losses) == history.best_iteration + 3
    assert module.weight.item() == states[history.best_iteration - 1]
    assert mean_loss(module, squared_error, parts) == pytest.approx(losses[history.best_iteration - 1])


def test_without_early_stopping_every_epoch_runs() -> None:
    history = train_module(
        task(nn.Linear(1, 1), rate=0.0, eval_losses=[]), LoopSettings(max_epochs=12, early_stop=False, patience=1)
    )
    assert len(history.iterations) == 12
    assert history.best_iteration == 1


def test_a_loss_that_is_not_a_number_closes_the_phase() -> None:
    bad = [TensorBatch((torch.tensor([[math.nan]]),), torch.ones(1))]
    recorder = Recorder()
    with pytest.raises(TrainingError, match="the loss became nan"):
        train_module(task(nn.Linear(1, 1), batches=bad), LoopSettings(max_epochs=3), recorder)
    assert recorder.closed


def test_an_interrupt_leaves_nothing_behind() -> None:
    parts, recorder = line(), Recorder()

    def interrupted(epoch: int, first: int) -> Iterator[TensorBatch]:
        yield parts[0]
        raise KeyboardInterrupt

    module = nn.Linear(1, 1)
    one = Task(
        module=module,
        make_optimizers=lambda placed: (torch.optim.SGD(placed.parameters(), lr=0.1),),
        loss=squared_error,
        train_batches=interrupted,
        eval_batches=None,
        num_batches=4,
        num_rows=64,
    )
    torch.manual_seed(5)
    expected, threads = torch.rand(3), torch.get_num_threads()
    torch.manual_seed(5)
    with pytest.raises(KeyboardInterrupt), seeded(1, 1):
        train_module(one, LoopSettings(max_epochs=3), recorder)
    assert recorder.closed
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads


def test_the_progress_counts_rows_and_shows_losses() -> None:
    recorder = Recorder()
    train_module(task(nn.Linear(1, 1), eval_losses=[]), LoopSettings(max_epochs=2), recorder)
    assert (recorder.rows, recorder.total, recorder.unit, recorder.at_most) == (128, 128, "rows", True)
    assert all(np.isfinite(figures["loss"]) for figures in recorder.figures)
    assert "eval_loss" in recorder.figures[-1]


def test_steps_and_iterations_are_told_in_the_labels_own_unit() -> None:
    recorder = Recorder()
    one = dataclasses.replace(task(nn.Linear(1, 1), eval_losses=[]), loss_unit=100.0)
    history = train_module(one, LoopSettings(max_epochs=2), recorder)
    steps = [each for each in recorder.events if isinstance(each, StepEnded)]
    told = [each for each in recorder.events if isinstance(each, IterationEnded)]
    assert [each.step for each in steps] == list(range(1, 9))
    assert {each.num_examples for each in steps} == {16}
    assert [(each.number, each.step, each.max_iterations) for each in told] == [(1, 4, 2), (2, 8, 2)]
    for each, kept in zip(told, history.iterations, strict=True):
        assert (each.loss, each.eval_loss) == pytest.approx((100 * kept.loss, 100 * kept.eval_loss))
    assert np.mean([each.loss for each in steps[:4]]) == pytest.approx(told[0].loss)
    assert recorder.figures[-1] == pytest.approx({"loss": told[-1].loss, "eval_loss": told[-1].eval_loss})


def test_early_stopping_is_told() -> None:
    recorder = Recorder()
    with seeded(0):
        history = train_module(
            task(nn.Linear(1, 1), rate=1.2, eval_losses=[]), LoopSettings(max_epochs=50, patience=3), recorder
        )
    (stopped,) = [each for each in recorder.events if isinstance(each, StoppedEarly)]
    best = history.iterations[history.best_iteration - 1]
    assert (stopped.iteration, stopped.best_iteration, stopped.best_value) == (
        len(history.iterations),
        best.number,
        best.eval_loss,
    )


def test_checkpoints_and_going_on_are_told(tmp_path: Path) -> None:
    policy, first, second = CheckpointPolicy(every_steps=3), Recorder(), Recorder()
    preemption = Preemption()
    preemption.requested = True
    with Checkpointer(tmp_path, policy, Checkpoint, first) as checkpointer, pytest.raises(PreemptedError):
        train_module(task(nn.Linear(1, 1)), LoopSettings(max_epochs=9), first, checkpointer=checkpointer,
                     preemption=preemption)  # fmt: skip
    (written,) = [each for each in first.events if isinstance(each, CheckpointWritten)]
    assert (written.step, Path(written.path).parent) == (1, tmp_path)
    assert written.num_bytes == sum(file.stat().st_size for file in Path(written.path).iterdir())
    with Checkpointer(tmp_path, policy, Checkpoint, second) as checkpointer:
        train_module(task(nn.Linear(1, 1)), LoopSettings(max_epochs=2), second, checkpointer=checkpointer)
    assert second.events[0] == Resumed(step=1, iteration=0)
    assert [each.step for each in second.events if isinstance(each, StepEnded)] == list(range(2, 9))
    assert second.rows == 128
    assert next(each.step for each in second.events if isinstance(each, CheckpointWritten)) == 3


def test_dropout_is_off_while_evaluating_and_on_while_training() -> None:
    modes = []

    class Spy(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            modes.append(self.training)
            return super().forward(x)

    train_module(task(Spy(1, 1), eval_losses=[]), LoopSettings(max_epochs=2))
    assert modes == [True] * 4 + [False] * 4 + [True] * 4 + [False] * 4


def test_the_rate_decays_along_a_half_cosine() -> None:
    """Step by step, four to an epoch; told is the rate of an epoch's last step."""
    found = train_module(task(nn.Linear(1, 1), rate=1.0), LoopSettings(max_epochs=4, schedule="cosine")).iterations
    assert [each.learn_rate for each in found] == pytest.approx(
        [(1 + math.cos(math.pi * step / 16)) / 2 for step in (3, 7, 11, 15)]
    )


def test_gradients_are_clipped() -> None:
    module = nn.Linear(1, 1)
    before = module.weight.item(), module.bias.item()
    train_module(
        task(module, rate=1.0, batches=[TensorBatch((torch.ones(1, 1),), torch.full((1,), 1e6))]),
        LoopSettings(max_epochs=1, max_gradient_norm=0.5),
    )
    moved = math.hypot(module.weight.item() - before[0], module.bias.item() - before[1])
    assert moved == pytest.approx(0.5, rel=1e-3)


def test_the_same_seed_gives_the_same_bits() -> None:
    def once() -> bytes:
        with seeded(3):
            module = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.5), nn.Linear(8, 1))
            train_module(task(module), LoopSettings(max_epochs=5))
            return b"".join(value.numpy().tobytes() for value in module.state_dict().values())

    assert once() == once()


@pytest.mark.parametrize("is_weighted", [False, True])
def test_nothing_in_a_step_waits_for_the_device(is_weighted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the meta device, whose tensors have no numbers: whoever asks for one fails as a GPU would be waited for."""

    def batches(epoch: int, first: int) -> list[TensorBatch]:
        weight = torch.arange(8.0) if is_weighted else None
        made = [TensorBatch((torch.randn(8, 1),), torch.randn(8), weight) for _ in range(4)]
        return [batch.each(lambda tensor: tensor.to("meta")) for batch in made]

    monkeypatch.setattr(steps_module, "on_device", lambda given, device: iter(given))
    given = task(nn.Sequential(nn.Linear(1, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1)))
    given = dataclasses.replace(given, train_batches=batches, num_batches=4)
    group = Group()
    group.device = "meta"
    loop = LoopSettings(max_epochs=1, l1_reg=0.1, l2_reg=0.1, max_gradient_norm=1.0, accumulate_batches=2)
    steps, state = Steps(given, loop, group), RunState(watch=EarlyStopping(patience=1, min_rel_progress=0))
    found = [steps.take(state) for _ in range(2)]
    assert [(step.weight, step.num_rows) for step in found] == [(56.0 if is_weighted else 16.0, 16)] * 2
    with pytest.raises(RuntimeError, match="meta"):
        float(found[0].loss)


def test_losses() -> None:
    random = np.random.default_rng(0)
    logits, label = random.normal(size=(50, 3)), random.integers(0, 3, 50)
    chosen = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(50), label]
    assert log_loss(torch.tensor(logits), torch.tensor(label)).tolist() == pytest.approx(chosen.tolist())
    z, y = logits[:, :1], label % 2
    binary = np.log1p(np.exp(z[:, 0])) - y * z[:, 0]
    assert binary_log_loss(torch.tensor(z), torch.tensor(y)).tolist() == pytest.approx(binary.tolist())
    assert squared_error(torch.tensor(z), torch.tensor(y)).tolist() == pytest.approx(np.square(z[:, 0] - y).tolist())


def test_a_weighted_row_counts_by_its_weight() -> None:
    """One step of gradient descent on two rows, beside the gradient by hand; the losses told are weighted means."""
    x, y, weight = torch.tensor([[1.0], [2.0]]), torch.tensor([1.0, 5.0]), torch.tensor([0.5, 1.5])
    module = nn.Linear(1, 1, bias=False)
    nn.init.constant_(module.weight, 1.0)
    history = train_module(task(module, batches=[TensorBatch((x,), y, weight)]), LoopSettings(max_epochs=1))
    gradient = (0.5 * 2 * (1 - 1) * 1 + 1.5 * 2 * (2 - 5) * 2) / 2
    assert module.weight.item() == pytest.approx(1 - 0.1 * gradient)
    assert history.iterations[0].loss == pytest.approx((0.5 * 0 + 1.5 * 9) / 2)
    nn.init.constant_(module.weight, 1.0)
    assert mean_loss(module, squared_error, [TensorBatch((x,), y, 10 * weight)]) == pytest.approx(13.5 / 2)


def test_the_penalty_is_on_the_weights_of_linear_layers() -> None:
    module = nn.Sequential(nn.Embedding(3, 2), nn.Linear(2, 1))
    nn.init.constant_(module[1].weight, -2.0)
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    add_penalty_gradient(module, 0.5, 3.0)
    weight = module[1].weight.detach().clone().requires_grad_()
    (0.5 * weight.abs().sum() + 0.5 * 3.0 * weight.square().sum()).backward()
    assert torch.equal(module[1].weight.grad, weight.grad)
    assert not module[1].bias.grad.any()
    assert not module[0].weight.grad.any()


@pytest.mark.parametrize(
    ("losses", "stops_at", "best"),
    [
        ([5, 4, 3, 3, 3, 3], 4, 2),
        ([5, math.nan, math.nan, math.nan], 2, 0),
        ([math.nan, math.nan], 1, -1),
        ([5, 4.99, 4.98, 4.97], 2, 2),
        ([-1, -2, -3, -3.01, -3.02], 4, 4),
    ],
)
def test_early_stopping(losses: list[float], stops_at: int, best: int) -> None:
    """With a patience of 2 and progress of at least 1 %."""
    watch = EarlyStopping(patience=2, min_rel_progress=0.01)
    stopped = next(number for number in itertools.count() if watch.update(number, losses[number]))
    assert (stopped, watch.best_iteration) == (stops_at, best)
