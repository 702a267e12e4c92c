"""`ended_trial`: a trial with what came of its training."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence

import msgspec

from hagane.tuning.objective import Objective
from hagane.tuning.run_trial import TrialOutcome
from hagane.tuning.trial import Measurement, Trial, TrialState

NEXT = "give eval more rows, or take another objective"


def ended_trial(trial: Trial, outcome: TrialOutcome, objectives: Sequence[Objective]) -> Trial:
    """`trial`, SUCCEEDED or STOPPED; FAILED where an objective of what was trained to its end is undefined.

    >>> goal = Objective("roc_auc", "MAXIMIZE")
    >>> ended_trial(Trial(id=1, parameters={}), TrialOutcome(metrics={"roc_auc": None}), [goal]).error
    'roc_auc of the eval rows is undefined: give eval more rows, or take another objective'
    """
    undefined = [each.metric for each in objectives if not _is_number(outcome.metrics, each.metric)]
    state = TrialState.STOPPED if outcome.stopped else TrialState.FAILED if undefined else TrialState.SUCCEEDED
    newest = trial.measurements[-1].iteration if trial.measurements else 0
    return msgspec.structs.replace(
        trial,
        state=state,
        error=_undefined(undefined) if state is TrialState.FAILED else "",
        stopped_by=trial.stopped_by if outcome.stopped else "",
        final_measurement=Measurement(
            iteration=newest if outcome.best_iteration is None else outcome.best_iteration,
            elapsed_seconds=elapsed_seconds(trial),
            metrics=outcome.metrics,
        ),
        best_iteration=outcome.best_iteration,
        continued_from=outcome.continued_from,
        num_columns=outcome.num_columns,
        num_cached=outcome.num_cached,
    )


def elapsed_seconds(trial: Trial) -> float:
    """From its beginning to its end, or until now."""
    if trial.started is None:
        return 0.0
    return ((trial.ended or datetime.datetime.now(datetime.UTC)) - trial.started).total_seconds()


def _is_number(metrics: Mapping[str, float | None], name: str) -> bool:
    value = metrics.get(name)
    return value is not None and math.isfinite(value)


def _undefined(names: Sequence[str]) -> str:
    return f"{' and '.join(names)} of the eval rows {'is' if len(names) == 1 else 'are'} undefined: " + NEXT
