"""datasets: list, get, insert, patch, delete."""

from __future__ import annotations

from typing import Any

import msgspec

from hagane.session.rest.api_call import ApiCall
from hagane.session.rest.api_error import ApiError
from hagane.session.rest.api_state import ApiState
from hagane.session.rest.job import LOCATION
from hagane.session.rest.pages import page_of
from hagane.session.rest.references import quoted
from hagane.workspace.described import Described


def list_datasets(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """Every dataset."""
    names, more = page_of(state.workspace.tables.datasets(), call)
    project = call.path["project"]
    datasets = [
        {key: value for key, value in _resource(project, name, state).items() if key in _LISTED} for name in names
    ]
    return {"kind": "bigquery#datasetList", "datasets": datasets, **more}


def get_dataset(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """One. Raises NotFoundError."""
    return _resource(call.path["project"], call.path["dataset"], state)


def insert_dataset(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """A new one. Raises ApiError 409 where it is there."""
    body = call.json()
    name = str((body.get("datasetReference") or {}).get("datasetId") or "")
    quoted(name)
    if name in state.workspace.tables.datasets():
        raise ApiError("duplicate", f"Already Exists: Dataset {call.path['project']}:{name}")
    state.workspace.tables.put_dataset(name, _described(body, Described()))
    return _resource(call.path["project"], name, state)


def patch_dataset(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """What is said of it is changed. Raises NotFoundError."""
    name = call.path["dataset"]
    about = state.workspace.tables.dataset(name)
    state.workspace.tables.put_dataset(name, _described(call.json(), about))
    return _resource(call.path["project"], name, state)


def delete_dataset(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """It goes, where it holds nothing, or with what it holds. Raises NotFoundError and StorageError."""
    name = call.path["dataset"]
    if call.flag("deleteContents"):
        for version in state.workspace.list():
            if version.name.startswith(f"{name}."):
                state.workspace.delete(version.reference)
    state.workspace.tables.drop_dataset(name, cascade=call.flag("deleteContents"))
    return {}


_LISTED = ("kind", "id", "datasetReference", "labels", "friendlyName", "location")


def _described(body: dict[str, Any], before: Described) -> Described:
    """What a body says of it; what it does not say stays."""
    labels = body.get("labels", before.labels) or {}
    kept = {str(key): str(value) for key, value in labels.items() if value is not None}
    description = body.get("description", before.description) or ""
    return msgspec.structs.replace(before, description=str(description), labels=kept)


def _resource(project: str, name: str, state: ApiState) -> dict[str, Any]:
    about = state.workspace.tables.dataset(name)
    found: dict[str, Any] = {
        "kind": "bigquery#dataset",
        "id": f"{project}:{name}",
        "datasetReference": {"projectId": project, "datasetId": name},
        "location": LOCATION,
        "access": [],
    }
    if about.description:
        found["description"] = about.description
    if about.labels:
        found["labels"] = about.labels
    return found
