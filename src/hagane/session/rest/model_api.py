"""models: list, get, patch, delete."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from hagane.bundle.manifest import SIGNATURE_NAME, read_verified
from hagane.bundle.signature import Signature
from hagane.errors import HaganeError
from hagane.session.model_name import dataset_of, model_name
from hagane.session.rest.api_call import ApiCall
from hagane.session.rest.api_error import ApiError
from hagane.session.rest.api_state import ApiState
from hagane.session.rest.job import LOCATION
from hagane.session.rest.pages import page_of
from hagane.session.rest.references import quoted
from hagane.types import SqlType
from hagane.workspace.model_version import ModelVersion

_MODEL_TYPES = {"linear_reg": "LINEAR_REGRESSION", "logistic_reg": "LOGISTIC_REGRESSION"}
"""The API's names where they are not the options'."""


def list_models(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """The newest version of every model of a dataset. Raises NotFoundError."""
    dataset = call.path["dataset"]
    datasets = state.workspace.tables.datasets()
    state.workspace.tables.dataset(dataset)
    newest: dict[str, ModelVersion] = {}
    for version in state.workspace.list():
        if dataset_of(version.name, datasets)[0] == dataset:
            newest.setdefault(version.name, version)
    shown, more = page_of(list(newest.values()), call)
    models = [_outline(call.path["project"], version, state) for version in shown]
    return {"models": models, **more}


def get_model(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """One, with the columns that it reads and what it predicts. Raises ApiError 404."""
    return _resource(call, _version(call, state), state)


def patch_model(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """What is said of it, by ALTER MODEL. Raises ApiError and HaganeError."""
    version, body = _version(call, state), call.json()
    options = []
    if "description" in body:
        options.append(f"description = {_literal(body['description'])}")
    if "labels" in body:
        pairs = ", ".join(f"({_literal(key)}, {_literal(value)})" for key, value in (body["labels"] or {}).items())
        options.append(f"labels = [{pairs}]")
    if body.get("expirationTime"):
        at = dt.datetime.fromtimestamp(int(body["expirationTime"]) / 1000, dt.UTC)
        options.append(f"expiration_timestamp = TIMESTAMP '{at:%Y-%m-%d %H:%M:%S.%f}+00'")
    if options:
        name = quoted(call.path["dataset"], call.path["model"])
        with state.sessions.new() as session:
            session.sql(f"ALTER MODEL {name} SET OPTIONS ({', '.join(options)})")
    return _resource(call, version, state)


def delete_model(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """It goes, by DROP MODEL. Raises ApiError 404 and HaganeError."""
    _version(call, state)
    with state.sessions.new() as session:
        session.sql(f"DROP MODEL {quoted(call.path['dataset'], call.path['model'])}")
    return {}


def _version(call: ApiCall, state: ApiState) -> ModelVersion:
    path = f"{call.path['dataset']}.{call.path['model']}"
    try:
        return state.workspace.get(model_name(path))
    except HaganeError:
        message = f"Not found: Model {call.path['project']}:{path}"
        raise ApiError("notFound", message) from None


def _outline(project: str, version: ModelVersion, state: ApiState) -> dict[str, Any]:
    dataset, model = dataset_of(version.name, state.workspace.tables.datasets())
    time = str(int(dt.datetime.fromisoformat(version.created).timestamp() * 1000))
    return {
        "modelReference": {"projectId": project, "datasetId": dataset, "modelId": model},
        "modelType": _MODEL_TYPES.get(version.model_type, version.model_type.upper()),
        "creationTime": time,
        "lastModifiedTime": time,
        "location": LOCATION,
    }


def _resource(call: ApiCall, version: ModelVersion, state: ApiState) -> dict[str, Any]:
    signature = msgspec.json.decode(
        read_verified(version.path, keep=(SIGNATURE_NAME,))[1][SIGNATURE_NAME], type=Signature
    )
    features = [_column(each.name, each.type) for each in signature.inputs]
    labels = [_column(name, signature.label_type) for name in version.labels]
    run = {"startTime": version.created, "results": []}
    return _outline(call.path["project"], version, state) | {
        "featureColumns": features,
        "labelColumns": labels,
        "trainingRuns": [run],
    }


def _column(name: str, type_: SqlType) -> dict[str, Any]:
    """A `StandardSqlField`."""
    text = type_.value
    if type_.is_array:
        element = text.removeprefix("ARRAY<").removesuffix(">")
        return {"name": name, "type": {"typeKind": "ARRAY", "arrayElementType": {"typeKind": element}}}
    return {"name": name, "type": {"typeKind": text}}


def _literal(value: Any) -> str:
    """A string literal of BigQuery's."""
    text = str(value if value is not None else "")
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"
