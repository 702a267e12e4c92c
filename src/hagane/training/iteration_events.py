"""`iteration_events`: what progress is told at the end of an iteration of the loop."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.progress.events import IterationEnded, StoppedEarly
from hagane.training.run_state import RunState
from hagane.training.task import LoopSettings, Task


def iteration_events(
    state: RunState, task: Task, settings: LoopSettings, examples_per_second: float
) -> Iterator[IterationEnded | StoppedEarly]:
    """Of the newest iteration: its losses in the label's own unit, and whether it was the last for want of progress."""
    newest, watch, unit = state.iterations[-1], state.watch, task.loss_unit
    best = watch.best_iteration if watch.best_iteration > 0 else None
    yield IterationEnded(
        number=newest.number,
        max_iterations=settings.max_epochs if settings.eval_every_steps is None else None,
        step=newest.step,
        loss=newest.loss * unit,
        eval_loss=None if newest.eval_loss is None else newest.eval_loss * unit,
        metric=newest.metric,
        metric_name=task.metric.name if task.metric else None,
        learning_rate=newest.learn_rate,
        duration_seconds=newest.duration_seconds,
        examples_per_second=examples_per_second,
        best_iteration=best,
    )
    if state.is_stopped and best is not None:
        kept = state.iterations[best - 1]
        value = kept.metric if task.metric else (kept.eval_loss or 0.0) * unit
        yield StoppedEarly(iteration=newest.number, best_iteration=best, best_value=value)
