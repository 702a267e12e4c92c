"""`trial_columns`: the trials of a study as columns, for a table."""

from __future__ import annotations

from typing import Any

from hagane.tuning.study_record import StudyRecord
from hagane.tuning.trial import Trial


def trial_columns(record: StudyRecord) -> dict[str, list[Any]]:
    """Column → a value for each trial; None where it has none. Every metric and every hyperparameter has a column.

    >>> from hagane.tuning.objective import Objective
    >>> trials = (Trial(id=1, parameters={"x": 2}),)
    >>> study = StudyRecord(name="s", objectives=(Objective("roc_auc", "MAXIMIZE"),), dimensions=(), trials=trials)
    >>> columns = trial_columns(study)
    >>> list(columns)[:4], columns["x"]
    (['trial', 'state', 'roc_auc', 'x'], [2])
    """
    trials, best = record.trials, {trial.id for trial in record.best_trials}
    metrics = dict.fromkeys(each.metric for each in record.objectives)
    for trial in trials:
        metrics |= dict.fromkeys(trial.final_measurement.metrics if trial.final_measurement else ())
    names = dict.fromkeys(each.name for each in record.dimensions)
    for trial in trials:
        names |= dict.fromkeys(trial.parameters)
    columns: dict[str, list[Any]] = {
        "trial": [trial.id for trial in trials],
        "state": [trial.state.value for trial in trials],
    }
    columns |= {metric: [record.value(trial, metric) for trial in trials] for metric in metrics}
    columns |= {name: [trial.parameters.get(name) for trial in trials] for name in names}
    columns |= {
        "best_iteration": [trial.best_iteration for trial in trials],
        "seconds": [_seconds(trial) for trial in trials],
        "num_columns": [trial.num_columns for trial in trials],
        "num_cached": [trial.num_cached for trial in trials],
        "continued_from": [trial.continued_from for trial in trials],
        "reason": [trial.error or trial.infeasible_reason for trial in trials],
        "is_best": [trial.id in best for trial in trials],
    }
    return columns


def _seconds(trial: Trial) -> float | None:
    return (trial.ended - trial.started).total_seconds() if trial.started and trial.ended else None
