"""`find_model`: the version that a statement's MODEL names."""

from __future__ import annotations

import msgspec

from hagane.errors import NotFoundError
from hagane.session.model_name import model_name
from hagane.session.session_state import SessionState
from hagane.workspace.model_version import ModelVersion


def find_model(path: str, state: SessionState) -> ModelVersion:
    """The newest version of the model, or that of `name@3`; a temporary one goes before the workspace's.

    Raises NotFoundError with the nearest name, in BigQuery's words.
    """
    name = model_name(path, dataset=state.dataset)
    if state.temporary_models is not None and state.temporary_models.list(name.partition("@")[0]):
        return state.temporary_models.get(name)
    try:
        return state.workspace.get(name)
    except NotFoundError as error:
        fault = error.faults[0]
        what = f"Not found: Model {path}"
        step = "" if fault.nearest else "CREATE MODEL, or SELECT * FROM INFORMATION_SCHEMA.MODELS"
        raise NotFoundError(msgspec.structs.replace(fault, what=what, next_step=step)) from None
