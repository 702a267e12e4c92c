"""`Search`: one process's part in a study: which trial is next, when one is to end, what came of it."""

from __future__ import annotations

import collections
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from hagane.errors import Fault, TrainingError
from hagane.progress import SILENT, Progress
from hagane.progress.events import StudyEnded, StudyStarted, TrialEnded, TrialMeasured, TrialStarted
from hagane.tuning.dimension import Dimension
from hagane.tuning.ended_trial import elapsed_seconds, ended_trial
from hagane.tuning.liveness import Liveness
from hagane.tuning.propose import is_exhausted, key_of, propose
from hagane.tuning.reason_of import reason_of
from hagane.tuning.record_study import record_study
from hagane.tuning.run_trial import InfeasibleTrialError, TrialOutcome
from hagane.tuning.stopping import is_to_stop
from hagane.tuning.study import Study
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.trial import Measurement, Trial, TrialState
from hagane.tuning.trial_curve import TrialCurve, trial_curve

MOST_ATTEMPTS = 3
"""A trial whose process died so often while it ran is not begun again."""
LEAST_JUDGED = 4
"""So many trials must have ended before a study is given up since most of them failed."""
COMPARED = ("model.type", "loss", "huber_delta", "quantile_level", "eval_metric")
"""Hyperparameters by whose value curves mean something else: only trials that agree in them are compared."""
Reason = Literal["num_trials", "budget", "exhausted", "failures", "interrupted"]


class Search:
    """Hands out the trials of `study` until there are `num_trials`, or `seconds` are over.

    `max_iterations` are the most that a trial with these parameters may have (None: unknown): where it is judged
    depends on them. `progress` hears of everything.
    """

    def __init__(
        self,
        study: Study,
        *,
        num_trials: int,
        max_parallel_trials: int = 1,
        seconds: float | None = None,
        max_iterations: Callable[[Mapping[str, Any]], int | None] = lambda _: None,
        progress: Progress = SILENT,
    ) -> None:
        self.study, self.progress = study, progress
        self.reason: Reason | None = None
        """Why no further trial is handed out; None: there are more."""
        self._num_trials, self._parallel, self._max_iterations = num_trials, max_parallel_trials, max_iterations
        self._began = time.monotonic()
        self._seconds = seconds
        self._liveness = Liveness(study.beat, study.beats) if study.is_shared else None
        self._running: dict[int, Trial] = {}
        self._ended: list[Trial] = []
        """By this process."""

    def __enter__(self) -> Search:
        if self._liveness is not None:
            self._liveness.__enter__()
        else:
            self.recover()
        trials = self.study.trials()
        record = self.record(trials)
        best = record.best_trials
        self.progress.tell(
            StudyStarted(
                study=self.study.about.name,
                objectives={each.metric: each.goal for each in self.study.about.objectives},
                parameters=self.study.about.space.names,
                space=tuple(map(_told_dimension, self.study.about.space.dimensions)),
                num_trials=self._num_trials,
                max_parallel_trials=self._parallel,
                num_ended=sum(trial.ended is not None for trial in trials),
                best_trial=best[0].id if best else None,
                best_value=record.value(best[0]) if best else None,
                budget_seconds=self._seconds,
            )
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        """What runs is given back: whoever goes on runs it again."""
        if self._liveness is not None:
            self._liveness.__exit__(None, None, None)
        mine = "" if self._liveness is None else self._liveness.runner
        for trial in self.study.close_finished():
            if trial.id in self._running or trial.runner == mine:  # one may have been interrupted as it was handed out
                self.study.give_back(trial)
        self._running.clear()
        if kind is not None:
            self.reason = "interrupted"
        trials = self.study.trials()
        record = self.record(trials)
        best = record.best_trials
        self.progress.tell(
            StudyEnded(
                study=self.study.about.name,
                reason=self.reason or "interrupted",
                states=dict(collections.Counter(trial.state.value for trial in trials)),
                best_trials=tuple(trial.id for trial in best),
                best_metrics=best[0].final_measurement.metrics if best and best[0].final_measurement else {},
                duration_seconds=time.monotonic() - self._began,
            )
        )

    @property
    def is_over_budget(self) -> bool:
        """Whether the time is over."""
        return self.seconds_over >= 0

    @property
    def seconds_over(self) -> float:
        """How long the time has been over; negative before."""
        return -math.inf if self._seconds is None else time.monotonic() - self._began - self._seconds

    def num_left(self) -> int:
        """How many trials there may yet be to hand out: none where the search is over."""
        if not self._may_begin():
            return 0
        trials = self.study.trials()
        return sum(trial.state is TrialState.REQUESTED for trial in trials) + max(0, self._num_trials - len(trials))

    def has_killer(self) -> bool:
        """Whether a trial that is to be run ended a process before."""
        return any(t.state is TrialState.REQUESTED and t.num_attempts > 0 for t in self.study.trials())

    def next_trial(self) -> Trial | None:
        """A trial to run, ACTIVE from now on; None: there is none, now (`reason` is None) or at all.

        What an earlier process requested, or was ended in, comes first. A trial of parameters that were measured
        already has their measurement, and is not handed out.
        """
        while self._may_begin():
            self._free_lost_trials()
            trial = self.study.claim()
            trials = self.study.trials()
            if trial is None:
                if (over := self._over(trials)) is not None:
                    self.reason = None if self._elsewhere(trials) else over
                    return None
                trial = self.study.create()
            others = [other for other in trials if other.id != trial.id]
            parameters = (
                trial.parameters or propose(self.study, trial, others) or self.study.about.space.default_point()
            )
            if (same := _same(parameters, others)) is not None:
                self._reuse(trial, parameters, same)
                continue
            return self._begun(self._begin(trial, parameters))
        return None

    @property
    def is_waiting(self) -> bool:
        """Whether all is handed out, and other processes have some of it: what they leave is to be run here."""
        if self.reason is not None or not self._may_begin():
            return False
        trials = self.study.trials()
        return self._over(trials) is not None and bool(self._elsewhere(trials))

    def measured(self, trial: Trial, measurement: Measurement) -> bool:
        """Keeps what `trial` is worth on the way; whether it is to end now."""
        known = self.study.measured(self._running[trial.id], measurement)
        most = self._max_iterations(trial.parameters)
        self.progress.tell(
            TrialMeasured(trial=trial.id, iteration=measurement.iteration, max_iterations=most,
                          metrics=measurement.metrics, elapsed_seconds=measurement.elapsed_seconds)
        )  # fmt: skip
        stopped_by = "budget" if self.is_over_budget else self._stopped_by(known, most)
        self._running[trial.id] = msgspec.structs.replace(known, stopped_by=stopped_by)
        return bool(stopped_by)

    def ended(self, trial: Trial, outcome: TrialOutcome) -> None:
        """`trial` was trained: to its end, or until it was told to end."""
        self._end(ended_trial(self._running[trial.id], outcome, self.study.about.objectives))

    def failed(self, trial: Trial, error: BaseException) -> None:
        """`trial` came to nothing: it is infeasible, or something broke; the study goes on."""
        text = reason_of(error)
        known = self._running[trial.id]
        if isinstance(error, InfeasibleTrialError):
            self._end(msgspec.structs.replace(known, state=TrialState.INFEASIBLE, infeasible_reason=text))
        else:
            self._end(msgspec.structs.replace(known, state=TrialState.FAILED, error=text))

    def give_back(self, trial: Trial) -> None:
        """`trial` was interrupted: it is run again."""
        self.study.give_back(self._running.pop(trial.id))

    def lost(self, trial: Trial, how: str) -> None:
        """The process of `trial` ended: it is run again, unless that has happened too often."""
        known = self._running[trial.id]
        if known.num_attempts >= MOST_ATTEMPTS:
            text = how if known.num_attempts == 1 else f"{how} ({known.num_attempts} times)"
            self._end(msgspec.structs.replace(known, state=TrialState.FAILED, error=text))
            return
        self.study.give_back(self._running.pop(trial.id), counts=True)
        if self.reason in ("num_trials", "exhausted"):
            self.reason = None

    def cut_off(self, trial: Trial) -> None:
        """The time is over: what `trial` was worth last counts; it is to be run again where it said nothing."""
        known = self._running[trial.id]
        if not known.measurements:
            self.give_back(trial)
            return
        last = known.measurements[-1]
        self._running[trial.id] = msgspec.structs.replace(known, stopped_by="budget")
        self.ended(trial, TrialOutcome(metrics=last.metrics, best_iteration=last.iteration, stopped=True))

    def recover(self) -> None:
        """Trials that processes left which are no more are requested again; those that outlived too many are failed.

        Only for whom nobody else is at work on the study.
        """
        self._free(self.study.close_finished())

    def _free_lost_trials(self) -> None:
        """Of other machines that are not heard of any more. A trial of nobody is one that was hardly begun."""
        liveness = self._liveness
        if liveness is not None:
            running = [trial for trial in self.study.close_finished() if trial.id not in self._running]
            self._free([trial for trial in running if liveness.is_gone(trial.runner or f"trial {trial.id}")])

    def _elsewhere(self, trials: Sequence[Trial]) -> list[Trial]:
        """What other processes run."""
        if self._liveness is None:
            return []
        return [trial for trial in trials if trial.state is TrialState.ACTIVE and trial.id not in self._running]

    def _over(self, trials: Sequence[Trial]) -> Reason | None:
        """Why no trial is to be added."""
        if len(trials) >= self._num_trials:
            return "num_trials"
        return "exhausted" if is_exhausted(self.study, trials) else None

    def _begin(self, trial: Trial, parameters: dict[str, Any]) -> Trial:
        return self.study.begin(trial, parameters, runner=self._liveness.runner if self._liveness else "")

    def _free(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            if trial.num_attempts < MOST_ATTEMPTS:
                self.study.give_back(trial, counts=True)
            else:
                text = f"its process died {trial.num_attempts} times while it ran"
                self.study.end(msgspec.structs.replace(trial, state=TrialState.FAILED, error=text))

    def failures(self) -> TrainingError | None:
        """Why the study was given up; None where it was not."""
        if self.reason != "failures":
            return None
        failed = [trial for trial in self._ended if trial.state is TrialState.FAILED]
        by_reason: dict[str, list[int]] = {}
        for trial in failed:
            by_reason.setdefault(trial.error, []).append(trial.id)
        return TrainingError(
            Fault(
                what=f"{len(failed)} of {len(self._ended)} trials failed: the study was ended",
                where=f"study {self.study.about.name}",
                next_step="mend what they say; the same command again goes on with other trials",
            ),
            *(Fault(what=text, where="trials " + ", ".join(map(str, ids))) for text, ids in by_reason.items()),
        )

    def record(self, trials: Sequence[Trial] | None = None) -> StudyRecord:
        """The study now."""
        return record_study(self.study, trials)

    def _may_begin(self) -> bool:
        if self.reason is None and self.is_over_budget:
            self.reason = "budget"
        return self.reason is None

    def _begun(self, trial: Trial) -> Trial:
        self._running[trial.id] = trial
        self.progress.tell(TrialStarted(trial=trial.id, parameters=trial.parameters))
        return trial

    def _reuse(self, trial: Trial, parameters: dict[str, Any], same: Trial) -> None:
        begun = self._begun(self._begin(trial, parameters))
        kept = ("final_measurement", "best_iteration", "num_columns")
        self._end(
            msgspec.structs.replace(
                begun,
                state=same.state,
                infeasible_reason=same.infeasible_reason,
                same_as=same.same_as or same.id,
                **{name: getattr(same, name) for name in kept},
            )
        )

    def _end(self, trial: Trial) -> None:
        self._running.pop(trial.id, None)
        ended = self.study.end(trial)
        self._ended.append(ended)
        best = {one.id for one in self.record().best_trials}
        self.progress.tell(
            TrialEnded(
                trial=ended.id,
                state=ended.state.value,
                metrics=ended.final_measurement.metrics if ended.final_measurement else {},
                best_iteration=ended.best_iteration,
                reason=ended.infeasible_reason or ended.error,
                is_best=ended.id in best,
                num_columns=ended.num_columns,
                num_cached=ended.num_cached,
                duration_seconds=elapsed_seconds(ended),
            )
        )
        failed = sum(one.state is TrialState.FAILED for one in self._ended)
        if len(self._ended) >= LEAST_JUDGED and 2 * failed > len(self._ended):
            self.reason = "failures"

    def _stopped_by(self, trial: Trial, max_iterations: int | None) -> str:
        about = self.study.about
        if max_iterations is None or about.stopping.method == "none" or len(about.objectives) > 1:
            return ""
        own = trial_curve(trial.measurements, about.objectives[0])
        if own is None:
            return ""
        others = [other for other in self.study.trials() if other.id != trial.id and _is_alike(other, trial)]
        curves = [curve for other in others if (curve := self._curve(other)) is not None]
        return about.stopping.method if is_to_stop(about.stopping, own, curves, max_iterations) else ""

    def _curve(self, trial: Trial) -> TrialCurve | None:
        is_ended = trial.state is TrialState.SUCCEEDED
        return trial_curve(trial.measurements, self.study.about.objectives[0], is_ended=is_ended)


def _told_dimension(dimension: Dimension) -> dict[str, Any]:
    """As events have it: what says nothing is left out."""
    return {name: value for name, value in msgspec.to_builtins(dimension).items() if value not in (None, [], ())}


def _is_alike(one: Trial, other: Trial) -> bool:
    """Whether a figure of one means the same of the other."""
    names = {name for name in (*one.parameters, *other.parameters) if name.rpartition(".")[2] in COMPARED}
    names |= {"model.type"}
    return all(one.parameters.get(name) == other.parameters.get(name) for name in names)


def _same(parameters: dict[str, Any], others: Sequence[Trial]) -> Trial | None:
    """A trial of these parameters whose end says what they are worth."""
    wanted = key_of(parameters)
    told = (TrialState.SUCCEEDED, TrialState.INFEASIBLE)
    return next((one for one in others if one.state in told and key_of(one.parameters) == wanted), None)
