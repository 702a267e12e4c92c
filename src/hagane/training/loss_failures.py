"""`LossFailures`: what is said of a training whose loss is no number any more, or has left all bounds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from torch import nn

from hagane.errors import TrainingError
from hagane.training.agree_on_fault import agree_on_fault
from hagane.training.diagnose import Scene, diagnose, exploded, place_text
from hagane.training.group import Group
from hagane.training.measure_module import total_loss
from hagane.training.on_device import on_device
from hagane.training.run_state import RunState
from hagane.training.task import Task, TensorBatch


class LossFailures:
    """Errors with the likely cause: the same in every process, each of which asks for it."""

    def __init__(self, task: Task, group: Group, rate: float, state: RunState) -> None:
        self._task, self._group, self._rate, self._state = task, group, rate, state

    def of_step(
        self, loss: float, where: str, batches: Sequence[TensorBatch], module: nn.Module | None
    ) -> TrainingError:
        """The loss of a step is no number. `module` is as it was before the step; None where that is lost."""
        scene = Scene(self._task, batches, module, self._task.loss, self._rate, self._state.explosion)
        fault, doubt = diagnose(f"the loss became {loss}", where, scene)
        return TrainingError(agree_on_fault(self._group, fault, doubt))

    def of_explosion(self, where: str) -> TrainingError:
        """The loss has left all bounds."""
        return TrainingError(exploded(self._state.explosion, where, self._rate))

    def of_evaluation(self, loss: float, module: nn.Module) -> TrainingError:
        """The eval loss is no number: the batch in which it became so is looked for."""
        state, watched, group = self._state, self._task.watched_loss, self._group
        assert self._task.eval_batches is not None
        batches = on_device(self._task.eval_batches(group.rank, group.size), group.device)
        called = None if group.is_split else module
        bad = (each for each in batches if called and not math.isfinite(total_loss(called, watched, [each])[0]))
        scene = Scene(self._task, [*itertools.islice(bad, 1)], called, watched, self._rate, state.explosion)
        where = f"eval rows after {place_text(state.step, state.epoch - (state.batch == 0))}"
        fault, doubt = diagnose(f"the eval loss became {loss}", where, scene)
        return TrainingError(agree_on_fault(group, fault, doubt))
