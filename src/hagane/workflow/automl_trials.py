"""`AutoMlTrials`: candidates trained and measured one after another, each kept in a folder as soon as it is done."""

from __future__ import annotations

import io
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from hagane.errors import HaganeError, TrainingInterruptedError
from hagane.progress import SILENT, Progress
from hagane.progress.events import TrialEnded as EndedEvent
from hagane.progress.events import TrialStarted
from hagane.spec.spec import Spec
from hagane.tuning.objective import Objective
from hagane.tuning.trial import Measurement, TrialState
from hagane.workflow.automl_candidate import AutoMlCandidate, TriedModel
from hagane.workflow.compared_rows import ComparedRows
from hagane.workflow.serving_cost import serving_cost
from hagane.workflow.trial_progress import TrialEnded, TrialProgress
from hagane.workflow.trial_runner import TrialRun, TrialRunner
from hagane.workflow.trial_scores import TrialScores, trial_metrics
from hagane.write_aside import write_aside

Array = npt.NDArray[Any]
ROWS_FILE = "rows.json"


class _Pace:
    """How fast a fit goes on, and whether its time is over."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._first: Measurement | None = None
        self._last: Measurement | None = None

    def report(self, measurement: Measurement) -> bool:
        """Of the first fit where a candidate has several: there the clock of iterations runs."""
        if self._last is None or measurement.iteration > self._last.iteration:
            self._first, self._last = self._first or measurement, measurement
        return time.monotonic() > self._deadline

    @property
    def iteration_seconds(self) -> float | None:
        """Between the first and the last that was heard of."""
        if self._first is None or self._last is None or self._last.iteration == self._first.iteration:
            return None
        seconds = self._last.elapsed_seconds - self._first.elapsed_seconds
        return seconds / (self._last.iteration - self._first.iteration)


class AutoMlTrials:
    """What was tried, in `folder`: an earlier process's trials are not done again."""

    def __init__(
        self,
        base: Spec,
        runner: TrialRunner,
        folder: Path,
        *,
        rows: ComparedRows,
        objective: Objective,
        progress: Progress,
    ) -> None:
        self.objective = objective
        self.tried: list[TriedModel] = []
        self._base, self._runner, self._folder, self._progress = base, runner, folder, progress
        self.rows = rows
        self.is_settled = (folder / ROWS_FILE).is_file()
        """Whether an earlier process decided on which rows models are compared."""
        if self.is_settled:
            self.rows = msgspec.json.decode((folder / ROWS_FILE).read_bytes(), type=ComparedRows)

    def settle_rows(self, rows: ComparedRows) -> None:
        """From now on models are compared on these rows."""
        self.rows = rows
        write_aside(self._folder / ROWS_FILE, msgspec.json.encode(rows))

    @property
    def labels(self) -> Array:
        """[n] of the rows on which models are compared; there are some once a trial succeeded."""
        labels: Array = np.load(self._labels_file)
        return labels

    @property
    def succeeded(self) -> list[TriedModel]:
        """Those that can be compared, the best first."""
        metric = self.objective.metric
        found = [each for each in self.tried if self.value(each) is not None]
        sign = -1.0 if self.objective.goal == "MAXIMIZE" else 1.0
        return sorted(found, key=lambda each: (sign * float(each.metrics[metric] or 0.0), each.number))

    def value(self, tried: TriedModel) -> float | None:
        """What it is worth on the rows held out; None where that is not known."""
        value = tried.metrics.get(self.objective.metric) if tried.state is TrialState.SUCCEEDED else None
        return None if value is None or np.isnan(value) else value

    def scores(self, tried: TriedModel) -> Array:
        """[n] or [n, c] its answers to the rows held out."""
        scores: Array = np.load(self._file(tried.candidate).with_suffix(".npy"))
        return scores

    def run(self, candidate: AutoMlCandidate, deadline: float, *, measure_serving: bool = False) -> TriedModel:
        """Try one, or take what an earlier process found; at `deadline` (`time.monotonic`) it is ended.

        What fails is recorded with its reason. Raises TrainingInterruptedError, and what is no HaganeError.
        """
        number = len(self.tried) + 1
        earlier = self._earlier(candidate)
        if earlier is None:
            self._progress.tell(TrialStarted(trial=number, parameters=_parameters(candidate)))
            earlier = self.attempt(candidate, deadline, measure_serving=measure_serving)
        return self.record(msgspec.structs.replace(earlier, number=number, candidate=candidate))

    def record(self, tried: TriedModel) -> TriedModel:
        """Keep and tell what became of a candidate."""
        tried = msgspec.structs.replace(tried, number=len(self.tried) + 1)
        write_aside(self._file(tried.candidate), msgspec.json.encode(tried))
        best = self.succeeded[0] if self.succeeded else None
        is_best = self.objective.is_better(self.value(tried), self.value(best) if best else None)
        self.tried.append(tried)
        self._progress.tell(
            EndedEvent(
                trial=tried.number,
                state=tried.state,
                metrics=tried.metrics,
                best_iteration=tried.best_iteration,
                reason=tried.reason,
                is_best=is_best,
                duration_seconds=tried.seconds,
            )
        )
        return tried

    def attempt(self, candidate: AutoMlCandidate, deadline: float, *, measure_serving: bool = False) -> TriedModel:
        """Try one, and record nothing."""
        began = time.monotonic()
        pace = _Pace(deadline)
        told = TrialProgress(pace.report, SILENT)

        def ended(state: TrialState, reason: str) -> TriedModel:
            newest = told.newest.iteration if told.newest else None
            return TriedModel(number=0, candidate=candidate, state=state, seconds=time.monotonic() - began,
                              best_iteration=newest, num_iterations=newest, iteration_seconds=pace.iteration_seconds,
                              reason=reason)  # fmt: skip

        try:
            spec = candidate.spec(self._base)
            runs = [
                self._runner.run(spec, told, told.notice, divisions=divisions) for divisions in self.rows.divisions()
            ]
        except (TrialEnded, TrainingInterruptedError):
            if not told.is_ended:
                raise
            return ended(TrialState.STOPPED, "its time was over")
        except HaganeError as error:
            return ended(TrialState.FAILED, error.faults[0].what)
        seconds = time.monotonic() - began
        return replace(self._succeeded(candidate, runs, measure_serving), seconds=seconds,
                       iteration_seconds=pace.iteration_seconds)  # fmt: skip

    def _succeeded(self, candidate: AutoMlCandidate, runs: list[TrialRun], measure_serving: bool) -> TriedModel:
        last = runs[-1]
        together = TrialScores(*(np.concatenate([each[i] for each in (run.found for run in runs)]) for i in (0, 1)))
        _save(self._file(candidate).with_suffix(".npy"), together.scores)
        if not self._labels_file.is_file():
            _save(self._labels_file, together.labels)
        cost = serving_cost(last.prepared, last.model) if measure_serving else None
        importance: Counter[str] = Counter()
        for run in runs:
            importance.update(run.model.importance())
        return TriedModel(
            number=0,
            candidate=candidate,
            state=TrialState.SUCCEEDED,
            metrics=trial_metrics(last.prepared, together),
            seconds=0.0,
            num_fits=len(runs),
            best_iteration=round(median(run.model.best_iteration for run in runs)),
            num_iterations=max(len(run.model.curve) for run in runs),
            transform=dict(last.prepared.resolved.spec.transform or {}),
            importance=dict(importance),
            graph_bytes=cost.graph_bytes if cost else None,
            row_milliseconds=cost.row_milliseconds if cost else None,
        )

    def _earlier(self, candidate: AutoMlCandidate) -> TriedModel | None:
        """What an earlier process found; one that was ended for its time may have more of it now."""
        try:
            tried = msgspec.json.decode(self._file(candidate).read_bytes(), type=TriedModel)
        except (OSError, msgspec.DecodeError):
            return None
        is_whole = tried.state is not TrialState.SUCCEEDED or self._file(candidate).with_suffix(".npy").is_file()
        return tried if is_whole and tried.state is not TrialState.STOPPED else None

    @property
    def _labels_file(self) -> Path:
        return self._folder / f"labels-{self.rows.key}.npy"

    def _file(self, candidate: AutoMlCandidate) -> Path:
        return self._folder / f"{candidate.key}-{self.rows.key}.json"


def _save(path: Path, array: Array) -> None:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    write_aside(path, buffer.getvalue())


def _parameters(candidate: AutoMlCandidate) -> dict[str, Any]:
    named = {"model.type": candidate.model_type}
    return named | {f"model.options.{name}": value for name, value in candidate.options.items()}
