"""`AutoMlRun`: a search for a model and the decision what is trained, between the rows that are read and the result."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hagane.errors import Fault, TrainingError
from hagane.progress import Progress
from hagane.progress.events import StudyEnded, StudyStarted
from hagane.spec.spec import Spec
from hagane.tuning.automl_options import AutoMlOptions
from hagane.tuning.time_plan import TimePlan
from hagane.tuning.trial import TrialState
from hagane.workflow.affordable_training import affordable_training
from hagane.workflow.asked_automl import automl_objective
from hagane.workflow.automl_candidate import TriedModel
from hagane.workflow.automl_choice import Choice, Judge
from hagane.workflow.automl_clock import AutoMlClock
from hagane.workflow.automl_search import AutoMlSearch
from hagane.workflow.automl_spec import final_spec
from hagane.workflow.automl_trials import AutoMlTrials
from hagane.workflow.compared_rows import compared_rows
from hagane.workflow.prepare import Prepared
from hagane.workflow.trial_runner import TrialRunner

APART = ("key", "time")
"""Splits of whose rows some must not stand in two folds: no models are trained without a fold each."""


class Found(NamedTuple):
    """What a search found."""

    trials: AutoMlTrials
    eligible: tuple[TriedModel, ...]
    """Those of which the result may be made, the best first."""
    judge: Judge
    decisions: tuple[str, ...]


class Settled(NamedTuple):
    """What is trained."""

    spec: Spec
    shares: dict[str, float]
    """Candidate's key → its share."""
    because: tuple[str, ...]
    at: float
    """When it was decided: seconds since the beginning."""


@dataclass(frozen=True, slots=True)
class AutoMlRun:
    """One run; `folder` keeps what it tried."""

    base: Spec
    prepared: Prepared
    options: AutoMlOptions
    folder: Path
    clock: AutoMlClock
    plan: TimePlan

    def search(self, runner: TrialRunner, progress: Progress) -> Found:
        """Try candidates. Raises TrainingError with every reason where none could be trained."""
        objective = automl_objective(self.options, self.prepared)
        rows = compared_rows(self.base.split, self.prepared.splits.counts)
        trials = AutoMlTrials(self.base, runner, self.folder, rows=rows, objective=objective, progress=progress)
        name, began = str(self.prepared.resolved.spec.name), time.monotonic()
        progress.note(_plan_text(self.plan))
        progress.tell(
            StudyStarted(
                study=name,
                objectives={objective.metric: objective.goal},
                parameters=("model.type",),
                num_trials=0,
                budget_seconds=max(0.0, self.plan.search_end - self.clock.seconds),
            )
        )

        @functools.cache
        def judge(rows: str) -> Judge:
            return Judge(trials.labels, objective, classes=self.prepared.label.classes)

        search = AutoMlSearch(
            self.base,
            self.prepared,
            self.options,
            trials,
            folder=self.folder,
            search_end=self.clock.began + self.plan.search_end,
            training_end=self.clock.began + self.plan.total - self.plan.finish,
            max_folds=self._max_folds,
            make_judge=lambda: judge(trials.rows.key),
        )
        search.run()
        if not trials.succeeded:
            raise _nothing_found(trials)
        states = [str(tried.state) for tried in trials.tried]
        progress.tell(
            StudyEnded(
                study=name,
                reason="budget" if search.num_skipped else "exhausted",
                states={state: states.count(state) for state in dict.fromkeys(states)},
                best_trials=(trials.succeeded[0].number,),
                best_metrics=trials.succeeded[0].metrics,
                duration_seconds=time.monotonic() - began,
            )
        )
        return Found(trials, tuple(search.eligible()), judge(trials.rows.key), tuple(search.decisions))

    def settle(self, found: Found) -> Settled:
        """Which of them are trained, how often, and why."""
        by_key = {tried.candidate.key: tried for tried in found.eligible}
        scores = {key: found.trials.scores(tried) for key, tried in by_key.items()}
        most = self.options.max_members if self.options.ensemble else 1
        groups = {key: f"{tried.candidate.model_type} {tried.candidate.options}" for key, tried in by_key.items()}
        costs = {key: tried.row_milliseconds for key, tried in by_key.items() if tried.row_milliseconds is not None}
        choice = found.judge.choose(scores, max_members=most, groups=groups, costs=costs)
        now = self.clock.seconds
        affordable = affordable_training(
            [(by_key[key], share) for key, share in choice.shares.items()],
            seconds=self.plan.training(now),
            rows=found.trials.rows,
            max_folds=self._max_folds,
        )
        spec = final_spec(self.base, affordable.members, num_folds=affordable.num_folds,
                          is_number=not self.prepared.label.num_classes)  # fmt: skip
        told = (*found.decisions, _choice_text(choice, found.trials, by_key), *affordable.because)
        return Settled(spec, affordable.shares, told, now)

    @property
    def _max_folds(self) -> int:
        """Models of each member, at most: none where rows that belong together would stand in two folds."""
        return self.options.max_folds if self.options.ensemble and self.base.split.method not in APART else 0


def _nothing_found(trials: AutoMlTrials) -> TrainingError:
    reasons = (f"{tried.candidate.name}: {tried.reason or 'its objective is undefined'}" for tried in trials.tried)
    step = "look at the label and the split; hagane describe DATA --label … tells more"
    if any(tried.state is TrialState.STOPPED for tried in trials.tried):
        step = "give a larger budget, or a sample of the rows (USING SAMPLE in the data query)"
    return TrainingError(
        Fault(what="no model could be trained", received="; ".join(dict.fromkeys(reasons)), next_step=step)
    )


def _plan_text(plan: TimePlan) -> str:
    training = plan.total - plan.finish - plan.search_end
    return (
        f"budget {plan.total:.0f} s: {plan.prepared:.0f} s to read the rows, models are tried until "
        f"{plan.search_end:.0f} s at least, {training:.0f} s at most to train the result, {plan.finish:.0f} s for its "
        "graph and evaluation"
    )


def _choice_text(choice: Choice, trials: AutoMlTrials, by_key: Mapping[str, TriedModel]) -> str:
    names = " and ".join(by_key[key].candidate.name for key in choice.shares)
    if choice.ensemble is None:
        return f"{names}: {choice.because}"
    figure = f"{trials.objective.metric} better by {choice.ensemble.gain:.4g} ± {choice.ensemble.error:.2g}"
    return f"{names}: {choice.because} (the ensemble: {figure}, on eval rows that did not choose its members)"
