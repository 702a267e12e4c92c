"""`StepReduction`: what processes that train together tell each other of the steps that each has done."""

from __future__ import annotations

import math
import time
from typing import Any, NamedTuple

import torch

from hagane.progress import Phase, Progress
from hagane.progress.events import StepEnded
from hagane.training.checkpointer import Checkpointer
from hagane.training.diagnose import place_text
from hagane.training.loss_failures import LossFailures
from hagane.training.preemption import Preemption
from hagane.training.run_state import RunState
from hagane.training.steps import Step, Steps

REDUCTION_SECONDS = 0.25
MOST_STEPS_APART = 64


class Agreed(NamedTuple):
    """What the processes do next."""

    saves: bool
    ends: bool


class StepReduction:
    """Losses of steps, and whether to save and to end: each step where a process trains alone on a CPU, else as often
    as `REDUCTION_SECONDS` holds steps."""

    def __init__(
        self,
        steps: Steps,
        progress: Progress,
        checkpointer: Checkpointer[Any] | None,
        preemption: Preemption | None,
    ) -> None:
        self._steps, self._progress = steps, progress
        self._checkpointer, self._preemption = checkpointer, preemption
        self._waiting: list[Step] = []
        self._waiting_since = time.perf_counter()
        self._every = 1

    def add(self, step: Step) -> None:
        """A step is done."""
        self._waiting.append(step)

    def is_due(self, state: RunState) -> bool:
        """Whether enough steps wait, or one that is to be saved by its number: the same in every process."""
        if len(self._waiting) >= self._every:
            return True
        return self._checkpointer is not None and self._checkpointer.is_step_to_save(state.step)

    def agree(self, state: RunState, phase: Phase) -> Agreed:
        """Tell the losses of the steps since the last reduction. Raises TrainingError where one is no number."""
        steps, group = self._waiting, self._steps.group
        saves = group.rank == 0 and self._checkpointer is not None and self._checkpointer.is_due(state.step)
        ends = self._preemption is not None and self._preemption.requested
        seconds = (time.perf_counter() - self._waiting_since) / len(steps)
        losses = [float(steps[0].loss)] if len(steps) == 1 else torch.stack([each.loss for each in steps]).tolist()
        totals = group.add_up([*losses, *(each.weight for each in steps), float(saves), float(ends), seconds])
        losses, weights, (saving, ending, spent) = totals[: len(steps)], totals[len(steps) : -3], totals[-3:]
        self._count(state, losses, weights)
        self._waiting, self._waiting_since = [], time.perf_counter()
        if group.size > 1 or group.device != "cpu":
            every = REDUCTION_SECONDS * group.size / max(spent, 1e-9)
            self._every = min(max(int(every), 1), MOST_STEPS_APART)
        self._tell(state, phase, steps, sum(losses) / (sum(weights) or 1.0), seconds * len(steps))
        return Agreed(saving > 0, ending > 0)

    def _count(self, state: RunState, losses: list[float], weights: list[float]) -> None:
        """Look at the losses of the steps that wait, and add them to the iteration's."""
        first = state.step - len(self._waiting) + 1
        for number, (each, loss, weight) in enumerate(zip(self._waiting, losses, weights, strict=True), first):
            if not math.isfinite(loss):
                failures, again = self._failures(state), self._steps.again(each)
                raise failures.of_step(loss, place_text(number, each.epoch), again, None)
            if state.explosion.take(loss / (weight or 1.0)):
                raise self._failures(state).of_explosion(place_text(number, each.epoch))
            state.total_loss += loss
            state.total_weight += weight

    def _failures(self, state: RunState) -> LossFailures:
        return LossFailures(self._steps.task, self._steps.group, self._steps.rate, state)

    def _tell(self, state: RunState, phase: Phase, steps: list[Step], loss: float, seconds: float) -> None:
        unit, num_rows = self._steps.task.loss_unit, sum(each.num_rows for each in steps)
        self._progress.tell(
            StepEnded(
                step=state.step,
                loss=loss * unit,
                learning_rate=self._steps.rate,
                num_examples=num_rows,
                duration_seconds=seconds,
            )
        )
        phase.advance(num_rows, loss=state.total_loss / (state.total_weight or 1.0) * unit)
