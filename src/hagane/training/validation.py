"""`Validation`: the end of an iteration: its losses, whether it is the best one, and whether it is the last."""

from __future__ import annotations

import math
import time

from hagane.progress import Phase, Progress
from hagane.training.best_state import BestState
from hagane.training.iteration_events import iteration_events
from hagane.training.loss_failures import LossFailures
from hagane.training.measure_module import measure_module
from hagane.training.run_state import RunState, TrainingIteration
from hagane.training.steps import Steps


class Validation:
    """After each epoch, or each `eval_every_steps` steps and at the end. `rows` are those trained on before."""

    def __init__(self, steps: Steps, best: BestState, progress: Progress, *, rows: int) -> None:
        self._steps, self._best, self._progress = steps, best, progress
        self._begun, self._rows_begun = time.perf_counter(), rows

    def is_due(self, state: RunState) -> bool:
        """Whether an iteration ends with the step that is done."""
        settings = self._steps.settings
        every = settings.eval_every_steps
        if every is None:
            return state.batch == 0
        return state.step % every == 0 or state.epoch >= settings.max_epochs

    def run(self, state: RunState, phase: Phase) -> None:
        """Measure and judge. Raises TrainingError where the eval loss is no number."""
        steps = self._steps
        steps.group.settle()
        loss = state.total_loss / (state.total_weight or 1.0)
        speed = (state.rows - self._rows_begun) / max(time.perf_counter() - self._begun, 1e-9)
        eval_loss, metric = measure_module(steps.task, steps.module, steps.group)
        if eval_loss is not None and not math.isfinite(eval_loss):
            raise LossFailures(steps.task, steps.group, steps.rate, state).of_evaluation(eval_loss, steps.module)
        now, number = time.perf_counter(), len(state.iterations) + 1
        found = TrainingIteration(number, state.step, loss, eval_loss, metric, steps.rate, now - self._begun)
        state.iterations.append(found)
        state.total_loss = state.total_weight = 0.0
        self._begun, self._rows_begun = now, state.rows
        self._judge(state, found)
        unit = steps.task.loss_unit
        phase.advance(0, loss=loss * unit, **({} if eval_loss is None else {"eval_loss": eval_loss * unit}))
        for event in iteration_events(state, steps.task, steps.settings, speed):
            self._progress.tell(event)

    def _judge(self, state: RunState, found: TrainingIteration) -> None:
        """Keep the module's state where it is the best, and stop where that was long ago."""
        watched, metric = found.eval_loss if found.metric is None else found.metric, self._steps.task.metric
        if watched is None or math.isnan(watched):  # a metric may be undefined until the first row is called positive
            return
        is_high = metric is not None and metric.is_better_high
        state.is_stopped = state.watch.update(found.number, -watched if is_high else watched)
        if state.watch.best_iteration == found.number:
            self._best.keep()
