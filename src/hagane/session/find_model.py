"""`find_model`: the version that a statement's MODEL names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from hagane.errors import Fault, NotFoundError
from hagane.session.model_name import model_name
from hagane.session.session_state import SessionState
from hagane.workspace.model_version import ModelVersion
from hagane.workspace.workspace import Workspace


class FoundModel(NamedTuple):
    """A model and the workspace that holds it: the user's, or that of temporary models."""

    version: ModelVersion
    workspace: Workspace


def find_model(path: str, state: SessionState, *, even_expired: bool = False) -> FoundModel:
    """The newest version of the model, or that of `name@3`; a temporary one goes before the workspace's.

    Raises NotFoundError with the nearest name, in BigQuery's words; of a model that has expired, too, unless
    `even_expired`.
    """
    name = model_name(path, dataset=state.dataset)
    place = state.workspace
    if state.temporary_models is not None and state.temporary_models.list(name.partition("@")[0]):
        place = state.temporary_models
    try:
        version = place.get(name)
    except NotFoundError as error:
        fault = error.faults[0]
        step = "" if fault.nearest else "CREATE MODEL, or SELECT * FROM INFORMATION_SCHEMA.MODELS"
        what = f"Not found: Model {path}"
        raise NotFoundError(msgspec.structs.replace(fault, what=what, next_step=step)) from None
    expires = version.about.expires
    if expires and not even_expired and datetime.fromisoformat(expires) <= datetime.now(UTC):
        step = f"ALTER MODEL {path} SET OPTIONS (expiration_timestamp = NULL) brings it back"
        raise NotFoundError(Fault(what=f"Not found: Model {path}: it expired at {expires}", next_step=step))
    return FoundModel(version, place)
