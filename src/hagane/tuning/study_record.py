"""`StudyRecord`: a study as everyone sees it who does not search: tables, pages, programs."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from typing import TypeGuard

import msgspec

from hagane.spec.tuning import Tuning
from hagane.tuning.dimension import Dimension
from hagane.tuning.objective import Objective
from hagane.tuning.study_winner import StudyWinner
from hagane.tuning.trial import Trial, TrialState

COUNTED = (TrialState.SUCCEEDED, TrialState.STOPPED)
"""States of trials whose last measurement says what they are worth."""


class StudyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """All that is kept of a study, at one moment.

    >>> from hagane.tuning.trial import Measurement
    >>> goal = Objective("roc_auc", "MAXIMIZE")
    >>> measured = [Measurement(iteration=9, elapsed_seconds=1.0, metrics={"roc_auc": auc}) for auc in (0.7, 0.9)]
    >>> trials = [Trial(id=i + 1, parameters={"x": i}, state=TrialState.SUCCEEDED, final_measurement=each)
    ...           for i, each in enumerate(measured)]
    >>> record = StudyRecord(name="late", objectives=(goal,), dimensions=(Dimension(name="x", low=0, high=1),),
    ...                      trials=tuple(trials))
    >>> [trial.id for trial in record.best_trials], record.value(trials[0])
    ([2], 0.7)
    """

    name: str
    objectives: tuple[Objective, ...]
    dimensions: tuple[Dimension, ...]
    trials: tuple[Trial, ...] = ()
    tuning: Tuning = Tuning()
    spec: str = ""
    """What is tuned, as YAML with its hyperparameters open."""
    searched_spec: str = ""
    """The same with everything that is searched written where it stands: a trial's parameters settle it."""
    winner: StudyWinner | None = None
    """The model that was made of the best trial; None: none yet."""
    rungs: tuple[int, ...] = ()
    """Iterations at which trials may be ended before their time, the first first."""
    is_running: bool = False
    """Whether a process works on it."""
    created: datetime.datetime | None = None
    """UTC."""
    path: str = ""
    """The file, or the URL, in which it is kept."""

    @property
    def objective(self) -> Objective:
        """The first: that by which trials are ordered."""
        return self.objectives[0]

    def value(self, trial: Trial, metric: str | None = None) -> float | None:
        """What the trial is worth by `metric`, the first objective's without one; None where that is not known."""
        measured = trial.final_measurement
        return measured.metrics.get(metric or self.objective.metric) if measured else None

    @property
    def best_trials(self) -> tuple[Trial, ...]:
        """The best trial; of several objectives those than which no other is better in all of them; the oldest first.

        Of equals by one objective the oldest is the best.
        """
        counted = [trial for trial in self.trials if trial.state in COUNTED and self._values(trial)]
        if len(self.objectives) > 1:
            return tuple(one for one in counted if not any(self._dominates(other, one) for other in counted))
        best: Trial | None = None
        for trial in counted:
            if best is None or self.objective.is_better(self.value(trial), self.value(best)):
                best = trial
        return (best,) if best else ()

    @property
    def best_trial(self) -> Trial | None:
        """Of `best_trials` that which is best by the first objective; None where there is none."""
        best: Trial | None = None
        for trial in self.best_trials:
            if best is None or self.objective.is_better(self.value(trial), self.value(best)):
                best = trial
        return best

    def improvements(self) -> Iterator[tuple[Trial, float]]:
        """The trials that were better, by the first objective, than all that ended before them, with their values."""
        best: float | None = None
        ended = [trial for trial in self.trials if trial.state in COUNTED]
        for trial in sorted(ended, key=lambda one: (one.ended is None, one.ended, one.id)):
            value = self.value(trial)
            if value is not None and self.objective.is_better(value, best):
                best = value
                yield trial, value

    def _values(self, trial: Trial) -> bool:
        """Whether every objective has a number."""
        return all(each.is_better(self.value(trial, each.metric), None) for each in self.objectives)

    def _dominates(self, one: Trial, other: Trial) -> bool:
        """Whether `one` is nowhere worse and somewhere better."""
        pairs = [(each, self.value(one, each.metric), self.value(other, each.metric)) for each in self.objectives]
        nowhere_worse = not any(each.is_better(theirs, ours) for each, ours, theirs in pairs)
        return nowhere_worse and any(each.is_better(ours, theirs) for each, ours, theirs in pairs)


def is_number(value: float | None) -> TypeGuard[float]:
    """Whether a value is there, and finite.

    >>> is_number(0.5), is_number(None), is_number(float("nan"))
    (True, False, False)
    """
    return value is not None and math.isfinite(value)
