"""`AutoMlResult`: the model that an AutoML run made, and all that it tried on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hagane.evaluation.bootstrap import ConfidenceInterval
from hagane.spec.spec import Spec
from hagane.statistics.leaks import Leak
from hagane.tuning.leaderboard import LeaderboardRow, StepTime
from hagane.tuning.objective import Objective
from hagane.workflow.train import TrainResult


@dataclass(frozen=True, slots=True)
class AutoMlResult:
    """What an AutoML run left behind."""

    trained: TrainResult
    """The registered model; its evaluation is of the test rows, which nothing before looked at."""
    spec: Spec
    """As a person would have written it: `hagane train` of it makes the same model."""
    objective: Objective
    leaderboard: tuple[LeaderboardRow, ...]
    """The best first, then what failed or was ended."""
    because: tuple[str, ...]
    """Why it is this model: a sentence for each decision, in their order."""
    steps: tuple[StepTime, ...]
    leaks: tuple[Leak, ...]
    """Columns that alone predict the label almost perfectly."""
    dropped: tuple[str, ...]
    """Those of them that were left out."""
    budget_seconds: float
    duration_seconds: float
    row_milliseconds: float | None
    """What one row takes in the bundle, from Python."""
    bundle_bytes: int

    @property
    def model_type(self) -> str:
        """Of the result."""
        return self.spec.model.type

    @property
    def interval(self) -> ConfidenceInterval | None:
        """Of the objective on the test rows."""
        return self.trained.evaluation.confidence.get(self.objective.metric)

    def as_json(self) -> dict[str, Any]:
        """Plain values: what `hagane automl --json` prints, besides the training's own."""
        return {
            "objective": self.objective,
            "spec": self.spec,
            "because": self.because,
            "leaderboard": self.leaderboard,
            "steps": self.steps,
            "dropped": self.dropped,
            "budget_seconds": self.budget_seconds,
            "duration_seconds": self.duration_seconds,
            "row_milliseconds": self.row_milliseconds,
            "bundle_bytes": self.bundle_bytes,
        }
