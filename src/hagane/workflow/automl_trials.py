"""`AutoMlTrials`: candidates trained and measured one after another, each kept in a folder as soon as it is done."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.errors import HaganeError, TrainingInterruptedError
from hagane.progress import SILENT, Progress
from hagane.progress.events import TrialEnded as EndedEvent
from hagane.progress.events import TrialStarted
from hagane.spec.spec import Spec
from hagane.tuning.objective import Objective
from hagane.tuning.run_trial import Report
from hagane.tuning.trial import TrialState
from hagane.workflow.automl_candidate import AutoMlCandidate, TriedModel
from hagane.workflow.serving_cost import serving_cost
from hagane.workflow.trial_progress import TrialEnded, TrialProgress
from hagane.workflow.trial_runner import TrialRun, TrialRunner
from hagane.write_aside import write_aside

Array = npt.NDArray[Any]
LABELS = "labels.npy"


class AutoMlTrials:
    """What was tried, in `folder`: an earlier process's trials are not done again.

    `deadline` is when (`time.monotonic`) a running trial is ended.
    """

    def __init__(self, base: Spec, runner: TrialRunner, folder: Path, objective: Objective, progress: Progress) -> None:
        self.objective = objective
        self.tried: list[TriedModel] = []
        self.labels: Array | None = None
        """[n] of the eval rows; None before the first trial succeeded."""
        self._base, self._runner, self._folder, self._progress = base, runner, folder, progress
        self._earlier = _read(folder)

    @property
    def succeeded(self) -> list[TriedModel]:
        """Those that can be compared, the best first."""
        metric = self.objective.metric
        found = [each for each in self.tried if self.value(each) is not None]
        sign = -1.0 if self.objective.goal == "MAXIMIZE" else 1.0
        return sorted(found, key=lambda each: (sign * float(each.metrics[metric] or 0.0), each.number))

    def value(self, tried: TriedModel) -> float | None:
        """What it is worth on the eval rows; None where that is not known."""
        value = tried.metrics.get(self.objective.metric) if tried.state is TrialState.SUCCEEDED else None
        return None if value is None or np.isnan(value) else value

    def scores(self, tried: TriedModel) -> Array:
        """[n] or [n, c] its answers to the eval rows."""
        scores: Array = np.load(self._folder / f"{tried.candidate.key}.npy")
        return scores

    def run(self, candidate: AutoMlCandidate, deadline: float, *, measure_serving: bool) -> TriedModel:
        """Try one, or take what an earlier process found. What fails is recorded with its reason.

        Raises TrainingInterruptedError and what is no HaganeError.
        """
        number = len(self.tried) + 1
        earlier = self._earlier.get(candidate.key)
        if earlier is not None:
            tried = msgspec.structs.replace(earlier, number=number, candidate=candidate)
            self.labels = np.load(self._folder / LABELS) if (self._folder / LABELS).is_file() else self.labels
        else:
            self._progress.tell(TrialStarted(trial=number, parameters=_parameters(candidate)))
            tried = self._try(number, candidate, deadline, measure_serving)
            write_aside(self._folder / f"{candidate.key}.json", msgspec.json.encode(tried))
        is_best = not self.succeeded or self.objective.is_better(self.value(tried), self.value(self.succeeded[0]))
        self.tried.append(tried)
        self._progress.tell(
            EndedEvent(
                trial=number, state=tried.state, metrics=tried.metrics, best_iteration=tried.best_iteration,
                reason=tried.reason, is_best=is_best and self.value(tried) is not None, duration_seconds=tried.seconds,
            )
        )  # fmt: skip
        return tried

    def _try(self, number: int, candidate: AutoMlCandidate, deadline: float, measure_serving: bool) -> TriedModel:
        began = time.monotonic()
        report: Report = lambda measurement: time.monotonic() > deadline  # noqa: E731 (a Report is a callable)
        told = TrialProgress(report, SILENT)

        def ended(state: TrialState, reason: str) -> TriedModel:
            newest = told.newest.iteration if told.newest else None
            return TriedModel(number=number, candidate=candidate, state=state, seconds=time.monotonic() - began,
                              best_iteration=newest, reason=reason)  # fmt: skip

        try:
            run = self._runner.run(candidate.spec(self._base), told, told.notice)
        except TrialEnded:
            return ended(TrialState.STOPPED, "its time was over")
        except TrainingInterruptedError:
            if not told.is_ended:
                raise
            return ended(TrialState.STOPPED, "its time was over")
        except HaganeError as error:
            return ended(TrialState.FAILED, error.faults[0].what)
        seconds = time.monotonic() - began
        self._keep(candidate, run)
        cost = serving_cost(run.prepared, run.model) if measure_serving else None
        return TriedModel(
            number=number,
            candidate=candidate,
            state=TrialState.SUCCEEDED,
            metrics=run.metrics,
            seconds=seconds,
            best_iteration=run.model.best_iteration,
            transform=dict(run.prepared.resolved.spec.transform or {}),
            importance=dict(run.model.importance()),
            graph_bytes=cost.graph_bytes if cost else None,
            row_milliseconds=cost.row_milliseconds if cost else None,
        )

    def _keep(self, candidate: AutoMlCandidate, run: TrialRun) -> None:
        _save(self._folder / f"{candidate.key}.npy", run.found.scores)
        if self.labels is None:
            self.labels = np.asarray(run.found.labels)
            _save(self._folder / LABELS, self.labels)


def _save(path: Path, array: Array) -> None:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    write_aside(path, buffer.getvalue())


def _read(folder: Path) -> dict[str, TriedModel]:
    """What an earlier process left: key → trial; one that was ended for its time may have more of it now."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            tried = msgspec.json.decode(path.read_bytes(), type=TriedModel)
        except msgspec.DecodeError:
            continue
        is_whole = tried.state is not TrialState.SUCCEEDED or path.with_suffix(".npy").is_file()
        if is_whole and tried.state is not TrialState.STOPPED and tried.candidate.key == path.stem:
            found[path.stem] = tried
    return found


def _parameters(candidate: AutoMlCandidate) -> dict[str, Any]:
    named = {"model.type": candidate.model_type}
    return named | {f"model.options.{name}": value for name, value in candidate.options.items()}
