"""`asked_trial`: the trial of a tuned model, which leads what functions answer of it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.session.function_call import FunctionCall
from hagane.workflow.trial_of_model import check_trial, trial_of_model

TRIAL_ID = "trial_id"


def asked_trial(call: FunctionCall, bundle: Bundle) -> int | None:
    """Which trial the model is of its search; None where there was none.

    Raises SpecError where the call asks for another.
    """
    assert call.model is not None
    found = trial_of_model(call.model, bundle)
    asked: int | None = getattr(call.options, TRIAL_ID, None)
    if asked is not None:
        check_trial(asked, found, call.model)
    return found.trial_id if found is not None else None


def with_trial(rows: pa.Table, trial: int | None) -> pa.Table:
    """The rows with the column `trial_id` before them, where there is a trial.

    >>> with_trial(pa.table({"recall": [0.5]}), 3).to_pylist()
    [{'trial_id': 3, 'recall': 0.5}]
    """
    if trial is None:
        return rows
    ids: pa.Array[Any] = pa.array([trial] * rows.num_rows, pa.int64())
    return rows.add_column(0, pa.field(TRIAL_ID, pa.int64()), ids)
