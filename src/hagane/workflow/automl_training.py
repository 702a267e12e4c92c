"""`AutoMlTraining`: trains what an AutoML run decided, in the time that is left for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from msgspec.structs import replace

from hagane.counted import counted
from hagane.errors import TrainingError
from hagane.progress import Progress
from hagane.spec.spec import Spec
from hagane.training.time_limit import TimeLimit
from hagane.workflow.affordable_training import FEWEST_ROUNDS, affordable_training
from hagane.workflow.automl_candidate import TriedModel
from hagane.workflow.automl_clock import AutoMlClock
from hagane.workflow.automl_spec import final_spec
from hagane.workflow.bounded_progress import BoundedProgress
from hagane.workflow.compared_rows import ComparedRows
from hagane.workflow.shared_rows import SharedRows
from hagane.workflow.train import TrainResult, train
from hagane.workspace.workspace import Workspace

TREES = "boosted_tree"


class InTime(NamedTuple):
    """What was trained."""

    trained: TrainResult
    spec: Spec
    """As a person would have written it."""
    shares: dict[str, float]
    """Candidate's key → its share."""
    because: tuple[str, ...]
    """What time made of it, a sentence each."""


@dataclass(frozen=True, slots=True)
class AutoMlTraining:
    """`end` is in seconds of `clock`: behind it no round of trees begins, and no other fit goes on."""

    workspace: Workspace
    shared: SharedRows
    progress: Progress
    clock: AutoMlClock
    end: float

    def train(
        self, spec: Spec, shares: dict[str, float], eligible: Sequence[TriedModel], *, rows: ComparedRows, base: Spec,
        is_number: bool,
    ) -> InTime:  # fmt: skip
        """Train `spec`; where that takes longer than was foreseen, the best boosted trees of `eligible` by themselves.

        They were tried on `rows`. Raises HaganeError as `train` does.
        """
        if spec.model.type.startswith(TREES):
            return self._trees(spec, shares)
        trees = next((tried for tried in eligible if tried.candidate.model_type.startswith(TREES)), None)
        members = len(spec.model.options.get("members", ())) or 1
        num_fits = members * max(1, spec.model.options.get("folds", 1))
        watch = BoundedProgress(self.progress, end=self.clock.began + self.end, num_fits=num_fits)
        try:
            trained = train(spec, workspace=self.workspace, progress=watch if trees else self.progress,
                            shared=self.shared)  # fmt: skip
        except TrainingError:
            if trees is None or not watch.is_over:
                raise
        else:
            return InTime(trained, spec, shares, ())
        left = max(0.0, self.end - self.clock.seconds)
        affordable = affordable_training([(trees, 1.0)], seconds=left, rows=rows, max_folds=0)
        told = f"{trees.candidate.name} alone in its place: it took longer than was foreseen"
        alone = final_spec(base, affordable.members, num_folds=0, is_number=is_number)
        found = self._trees(alone, {trees.candidate.key: 1.0})
        return found._replace(because=(told, *affordable.because, *found.because))

    def _trees(self, spec: Spec, shares: dict[str, float]) -> InTime:
        limit = TimeLimit(self.clock.began + self.end, least=FEWEST_ROUNDS)
        trained = train(spec, workspace=self.workspace, progress=self.progress, shared=self.shared, time_limit=limit)
        if limit.ended_after is None:
            return InTime(trained, spec, shares, ())
        options = spec.model.options | {"max_iterations": limit.ended_after}
        ended = replace(spec, model=replace(spec.model, options=options))
        return InTime(trained, ended, shares, (f"ended after {counted(limit.ended_after, 'round')}, in its time",))
