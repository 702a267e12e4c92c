"""`learning_curve`: trainings on growing parts of the training rows, and what ten times the rows would be worth."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hagane.counted import counted
from hagane.data.split import TEST, TRAIN
from hagane.data.training_fraction import TrainingFraction
from hagane.errors import (
    DataError,
    Fault,
    HaganeError,
    PreemptedError,
    SpecError,
    TrainingInterruptedError,
    nearest,
)
from hagane.evaluation.learning_curve import CurvePoint, LearningCurve, verdict_of
from hagane.evaluation.metric_info import METRICS, metric_info
from hagane.evaluation.power_law import FEWEST_SIZES, fit_power_law
from hagane.number_text import percent_text
from hagane.progress import SILENT, Progress
from hagane.spec.spec import Spec
from hagane.workflow.hyperparameters import set_hyperparameters
from hagane.workflow.trial_runner import TrialRun, TrialRunner
from hagane.workspace.workspace import Workspace

SHARES = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
MOST_REPEATS = 5
FEWEST_ROWS = 50
"""Fewer rows are no training to learn from."""
MORE = 10.0
DEFAULT_METRICS = ("log_loss", "root_mean_squared_error")


def learning_curve(
    spec: Spec,
    *,
    workspace: Workspace,
    frame: object | None = None,
    hparams: Mapping[str, Any] | None = None,
    metric: str | None = None,
    shares: Sequence[float] = SHARES,
    more: float = MORE,
    progress: Progress = SILENT,
) -> LearningCurve:
    """Train what `spec` declares on `shares` of its training rows, smaller ones several times, and fit the curve.

    Each training fits its features anew on its own rows, as a training on so few would; all are judged on the same
    test rows (eval rows where there are none), by `metric` (log loss or RMSE by default). Rows are chosen by the kind
    of hash that the split has: of one repeat a smaller part lies in each larger one. Raises HaganeError.
    """
    _check(shares, metric, more)
    spec = set_hyperparameters(spec, hparams or {})
    trainings = _Trainings(TrialRunner(spec, workspace=workspace, frame=frame, keeps_columns=False), metric)
    with progress.phase("train on all rows", total=None):
        first = trainings.train(1.0, 0)
    splits = first.prepared.splits
    plan = _plan(shares, splits.counts[0])
    with progress.phase("train on some rows", total=sum(share for share, _ in plan), unit="trainings") as phase:
        for share, repeat in plan:
            trainings.try_to_train(share, repeat)
            phase.advance(share)
    return _curve(trainings, first, more)


class _Trainings:
    """The trainings that were done, each a point."""

    def __init__(self, runner: TrialRunner, metric: str | None) -> None:
        self._runner, self.metric = runner, metric
        self.points: list[CurvePoint] = []
        self.notes: list[str] = []

    def train(self, share: float, repeat: int) -> TrialRun:
        """On a share of the rows. Raises HaganeError."""
        began, spec = time.monotonic(), self._runner.spec
        training = msgspec.structs.replace(spec.training, seed=(spec.training.seed + repeat) % 2**32)
        divisions = (TrainingFraction(share=share, repeat=repeat),)
        run = self._runner.run(msgspec.structs.replace(spec, training=training), SILENT, part="held_out",
                               divisions=divisions)  # fmt: skip
        self.metric = self.metric or next(name for name in DEFAULT_METRICS if name in run.metrics)
        value, num_rows = _value(run.metrics, self.metric), run.prepared.splits.counts[TRAIN]
        seconds = time.monotonic() - began
        self.points.append(CurvePoint(share=share, repeat=repeat, num_rows=num_rows, value=value, seconds=seconds))
        return run

    def try_to_train(self, share: float, repeat: int) -> None:
        """Few rows may not suffice: that is noted."""
        try:
            self.train(share, repeat)
        except (PreemptedError, TrainingInterruptedError):
            raise
        except HaganeError as error:
            told = f"no training on {percent_text(share)} of the rows, repeat {repeat + 1}: {error.faults[0].what}"
            self.notes.append(told)


def _plan(shares: Sequence[float], num_rows: int) -> list[tuple[float, int]]:
    """The trainings besides the first on all rows: share and repeat, the more of them the fewer rows they have.

    >>> _plan((0.25, 0.5, 1.0), 1000)
    [(0.25, 0), (0.25, 1), (0.25, 2), (0.5, 0), (0.5, 1)]
    """
    enough = [share for share in sorted(set(shares)) if share * num_rows >= FEWEST_ROWS]
    if len({*enough, 1.0}) < FEWEST_SIZES:
        raise DataError(
            Fault(
                what="there are too few training rows for a learning curve",
                expected=f"{FEWEST_SIZES} shares of {FEWEST_ROWS} rows or more",
                received=f"{counted(num_rows, 'training row')}",
            )
        )
    repeats = {share: min(MOST_REPEATS, 1 + round(math.log2(1 / share))) for share in enough}
    plan = [(share, repeat) for share in enough for repeat in range(repeats[share])]
    return [training for training in plan if training != (1.0, 0)]


def _value(metrics: Mapping[str, float | None], name: str) -> float:
    if name not in metrics:
        near = nearest(name, metrics)
        what, expected = f"these models have no metric {name!r}", "one of " + ", ".join(metrics)
        raise SpecError(Fault(what=what, where="--metric", expected=expected, nearest=near))
    value = metrics[name]
    if value is None:
        raise DataError(Fault(what=f"{metric_info(name).title} is undefined on the rows that are judged"))
    return value


def _curve(trainings: _Trainings, first: TrialRun, more: float) -> LearningCurve:
    metric, points = trainings.metric, tuple(sorted(trainings.points, key=lambda point: (point.share, point.repeat)))
    assert metric is not None
    is_better_high = metric_info(metric).higher_is_better
    errors = [max(0.0, 1.0 - point.value) if is_better_high else point.value for point in points]
    law = fit_power_law([point.num_rows for point in points], errors)
    splits = first.prepared.splits
    rows = splits.counts[TRAIN]
    gain, now = law.gain(rows, more * rows), law.expected(rows)
    found = LearningCurve(
        metric=metric,
        part="test" if splits.counts[TEST] else "eval",
        num_judged_rows=len(first.found.labels),
        points=points,
        law=law,
        num_rows=rows,
        more=more,
        now=now,
        then=law.expected(more * rows),
        gain=gain,
        verdict=verdict_of(gain, now.value),
        spec=first.prepared.resolved.spec,
        notes=tuple(trainings.notes),
    )
    return msgspec.structs.replace(found, now=found.value_at(rows), then=found.value_at(more * rows))


def _check(shares: Sequence[float], metric: str | None, more: float) -> None:
    faults = []
    if not shares or not all(0 < share <= 1 for share in shares):
        received = ", ".join(f"{share:g}" for share in shares) or "none"
        faults.append(Fault(what="these are no shares of the rows", expected="numbers above 0, up to 1",
                            received=received, where="--shares"))  # fmt: skip
    if not more > 1:
        faults.append(Fault(what="more rows are more", where="--more", expected="above 1", received=f"{more:g}"))
    if metric is not None and metric not in METRICS:
        faults.append(Fault(what=f"there is no metric {metric!r}", where="--metric", nearest=nearest(metric, METRICS),
                            expected="one of " + ", ".join(METRICS)))  # fmt: skip
    if faults:
        raise SpecError(*faults)
