"""`ml_trial_info`: the trials of the search that a model came out of, as ML.TRIAL_INFO tells them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from hagane.evaluation.ml_evaluate import ml_evaluate
from hagane.tuning.short_parameter_names import short_parameter_names
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.trial import Trial


class TrialInfo(NamedTuple):
    """A row."""

    trial_id: int
    hyperparameters: dict[str, Any]
    """By the option's name; every trial has all of them, None where one played no part."""
    hparam_tuning_evaluation_metrics: dict[str, float | None]
    """Of the eval rows: what was searched by, and ML.EVALUATE's metrics."""
    training_loss: float | None
    """Trials measure their eval rows alone."""
    eval_loss: float | None
    """The log loss, or the mean squared error."""
    status: str
    """`SUCCEEDED`, `STOPPED` (before its time), `INFEASIBLE`, `FAILED`."""
    error_message: str | None
    is_optimal: bool


def ml_trial_info(record: StudyRecord, *, num_classes: int) -> list[TrialInfo]:
    """In the order in which they were asked for; `num_classes` is 0 for numbers."""
    names = list(dict.fromkeys(name for trial in record.trials for name in trial.parameters))
    names = list(dict.fromkeys([*(each.name for each in record.dimensions), *names]))
    short = {name: re.sub(r"\W+", "_", text).strip("_") for name, text in short_parameter_names(names).items()}
    best = {trial.id for trial in record.best_trials}
    objectives = [each.metric for each in record.objectives]
    return [_info(trial, short, objectives, num_classes, trial.id in best) for trial in record.trials]


def _info(trial: Trial, short: dict[str, str], objectives: list[str], num_classes: int, is_best: bool) -> TrialInfo:
    measured = trial.final_measurement.metrics if trial.final_measurement else {}
    metrics = {name: measured.get(name) for name in objectives}
    if trial.final_measurement is not None:
        metrics |= ml_evaluate(measured, num_classes=num_classes) | {name: measured.get(name) for name in objectives}
    return TrialInfo(
        trial_id=trial.id,
        hyperparameters={text: trial.parameters.get(name) for name, text in short.items()},
        hparam_tuning_evaluation_metrics=metrics,
        training_loss=None,
        eval_loss=measured.get("log_loss" if num_classes else "mean_squared_error"),
        status=trial.state.value,
        error_message=trial.error or trial.infeasible_reason or None,
        is_optimal=is_best,
    )
