"""`asked_trial`: the trial of a tuned model, which leads what functions answer of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.session.function_call import FunctionCall

TRIAL_ID = "trial_id"
LINEAGE_NAME = "lineage.json"


class _Searched(msgspec.Struct):
    """What of a lineage says whether there was a search."""

    hyperparameters: tuple[Any, ...] = ()


def asked_trial(call: FunctionCall, bundle: Bundle) -> int | None:
    """Which trial the model is of its search; None where there was none.

    Raises SpecError where the call asks for another.
    """
    assert call.model is not None
    asked: int | None = getattr(call.options, TRIAL_ID, None)
    if asked is None and not _is_of_search(bundle):
        return None
    from hagane.workflow.trial_of_model import check_trial, trial_of_model  # it reads studies: seconds of imports

    found = trial_of_model(call.model, bundle)
    if asked is not None:
        check_trial(asked, found, call.model)
    return found.trial_id if found is not None else None


def _is_of_search(bundle: Bundle) -> bool:
    """A model that was trained elsewhere has no lineage."""
    if LINEAGE_NAME not in bundle.manifest.files:
        return False
    return bool(msgspec.json.decode(bundle.document(LINEAGE_NAME), type=_Searched).hyperparameters)


def with_trial(rows: pa.Table, trial: int | None) -> pa.Table:
    """The rows with the column `trial_id` before them, where there is a trial.

    >>> with_trial(pa.table({"recall": [0.5]}), 3).to_pylist()
    [{'trial_id': 3, 'recall': 0.5}]
    """
    if trial is None:
        return rows
    ids: pa.Array[Any] = pa.array([trial] * rows.num_rows, pa.int64())
    return rows.add_column(0, pa.field(TRIAL_ID, pa.int64()), ids)
