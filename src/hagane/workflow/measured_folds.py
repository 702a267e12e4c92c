"""`MeasuredFolds`: the trainings of one trial, one a fold, as one outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hagane.tuning.run_trial import TrialOutcome
from hagane.workflow.trial_scores import TrialScores

if TYPE_CHECKING:
    from hagane.workflow.trial_runner import TrialRun


class MeasuredFolds:
    """What each fold came to; nothing of a training is held but its figures and the answers for its eval rows."""

    def __init__(self) -> None:
        self._metrics: list[Mapping[str, float | None]] = []
        self._scores: list[TrialScores] = []
        self._iterations: list[int] = []
        self._columns: list[tuple[int, int]] = []
        self._continued_from: int | None = None

    def add(self, run: TrialRun) -> None:
        """One fold."""
        self._metrics.append(run.metrics)
        self._scores.append(run.found)
        self._iterations.append(run.model.best_iteration)
        self._continued_from = run.continued_from or self._continued_from
        self._columns.append((run.encoded.num_columns, run.encoded.num_cached))

    @property
    def scores(self) -> TrialScores:
        """The answers for the eval rows of all folds, in order: each row once."""
        return TrialScores(*(np.concatenate(parts) for parts in zip(*self._scores, strict=True)))

    def outcome(self) -> TrialOutcome:
        """The mean of each metric (None where it is undefined in a fold) and of the iterations; columns together."""
        return TrialOutcome(
            metrics=mean_metrics(self._metrics),
            best_iteration=round(sum(self._iterations) / len(self._iterations)),
            continued_from=self._continued_from,
            num_columns=sum(num_columns for num_columns, _ in self._columns),
            num_cached=sum(num_cached for _, num_cached in self._columns),
        )


def mean_metrics(found: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """Of each metric that the first has.

    >>> mean_metrics([{"a": 1.0, "b": 2.0}, {"a": 2.0, "b": None}])
    {'a': 1.5, 'b': None}
    """
    values = {name: [each.get(name) for each in found] for name in found[0]}
    return {
        name: _mean([value for value in listed if value is not None], len(found)) for name, listed in values.items()
    }


def _mean(values: Sequence[float], expected: int) -> float | None:
    return sum(values) / expected if len(values) == expected else None
