"""The training loop of every torch model: steps, validation, early stopping, checkpoints, the best state kept.

The loop knows nothing of what it trains: batches are inputs and a label, the loss is a function of output and label.
A row's loss is multiplied by its weight; a step divides by the number of its rows, not by their weights, so that a row
has the same say whichever rows stand beside it. The weights given should therefore have mean 1 over the training rows.

Between two steps the training is a `RunState` and tensors (module, its best state, optimizers): that is what a
checkpoint holds, and from it the same steps follow, bit by bit, as if nothing had happened. Random numbers within a
step are a function of its number.

Several processes may train together (`Group`): each takes its part of every batch. They tell each other the losses of
their steps, and agree on when to save and to end, in reductions: every step where a process trains alone, else as often
as a quarter of a second holds steps.

Whatever ends it early (a KeyboardInterrupt among them) leaves through the context managers, so that nothing stays
behind: the progress phase is closed.
"""

from __future__ import annotations

from typing import NamedTuple

from hagane.progress import SILENT, Progress
from hagane.progress.events import Resumed
from hagane.training.best_state import BestState
from hagane.training.checkpoint import Checkpoint
from hagane.training.checkpointer import Checkpointer
from hagane.training.early_stopping import EarlyStopping
from hagane.training.group import Group
from hagane.training.preemption import Preemption
from hagane.training.run_state import RunState, TrainingIteration
from hagane.training.snapshots import Snapshots
from hagane.training.step_reduction import StepReduction
from hagane.training.steps import Steps
from hagane.training.task import LoopSettings, Task
from hagane.training.told_to_end import told_to_end
from hagane.training.validation import Validation


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
    checkpointer: Checkpointer[Checkpoint] | None = None,
    preemption: Preemption | None = None,
) -> History:
    """Train until the eval loss stops falling or `max_epochs` is reached; the module ends in its best state.

    With a `checkpointer` it goes on from the latest checkpoint. Raises TrainingError, with the step and the likely
    cause, when a loss is not a number, and PreemptedError after a last checkpoint when `preemption` was requested.
    """
    steps = Steps(task, settings, group or Group())
    best = BestState(steps.module, steps.group)
    snapshots = Snapshots(steps, best)
    state = _begun(snapshots, steps, checkpointer, progress)
    reduction = StepReduction(steps, progress, checkpointer, preemption)
    validation = Validation(steps, best, progress, rows=state.rows)
    total, may_stop = settings.max_epochs * task.num_rows, settings.early_stop and task.eval_batches is not None
    with progress.phase("train", total=total, unit="rows", at_most=may_stop, completed=state.rows) as phase:
        while not (state.is_stopped or state.epoch >= settings.max_epochs):
            reduction.add(steps.take(state))
            is_measured = validation.is_due(state)
            if not is_measured and not reduction.is_due(state):
                continue
            agreed = reduction.agree(state, phase)
            if is_measured:
                validation.run(state, phase)
            if checkpointer is not None and (agreed.saves or agreed.ends):
                _save(snapshots, state, checkpointer)
            if agreed.ends:
                raise told_to_end(f"step {state.step:,}", checkpointer)
    return _ended(steps, best, state)


def _begun(
    snapshots: Snapshots, steps: Steps, checkpointer: Checkpointer[Checkpoint] | None, progress: Progress
) -> RunState:
    """Where the training begins: where an earlier process left it, if one did."""
    found = None if checkpointer is None else steps.group.latest_checkpoint(checkpointer)
    if found is None:
        settings = steps.settings
        watch = EarlyStopping(
            patience=settings.patience,
            min_rel_progress=settings.min_rel_progress,
            enabled=settings.early_stop,
            reference_iteration=0,
        )
        return RunState(watch=watch)
    state = snapshots.put_back(found)
    progress.tell(Resumed(step=state.step, iteration=len(state.iterations)))
    return state


def _ended(steps: Steps, best: BestState, state: RunState) -> History:
    """The module in its best state; that of the last step where none was evaluated."""
    if not best.tensors:
        steps.group.settle()
    best.put_back()
    found, iterations = state.watch.best_iteration, tuple(state.iterations)
    return History(iterations, found if found > 0 else len(iterations))


def _save(snapshots: Snapshots, state: RunState, checkpointer: Checkpointer[Checkpoint]) -> None:
    """A checkpoint of this step, by the processes that write."""
    taken = snapshots.take(state)
    if taken is not None:
        checkpointer.save(taken)
