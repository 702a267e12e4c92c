"""`made_elsewhere`: CREATE MODEL of a model that is not trained here: a file that is imported, an endpoint."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import NamedTuple

from hagane.errors import DataError, Fault, SqlError
from hagane.progress import SILENT, Progress
from hagane.sql.statement import CreateModel, FieldType
from hagane.types import Column
from hagane.workflow.imports.declared_columns import declared_columns
from hagane.workflow.imports.import_model import import_model
from hagane.workflow.remote.remote_model import DEFAULT_CONNECTION, create_remote_model
from hagane.workflow.statement_spec import ModelRequest
from hagane.workspace.model_version import ModelVersion
from hagane.workspace.workspace import Workspace


class NeededOption(NamedTuple):
    """What a statement of a kind must say."""

    name: str
    what: str
    verb: str
    """What the model is, of it."""


NEEDED = {
    "imported": NeededOption("model_path", "the file of the model", "from"),
    "remote": NeededOption("endpoint", "the URL that it is asked at", "asked at"),
}


def made_elsewhere(
    request: ModelRequest, workspace: Workspace, *, name: str, progress: Progress = SILENT
) -> ModelVersion:
    """Register what an understood statement of the kind `imported` or `remote` names, as a new version of `name`.

    Raises SqlError where MODEL_PATH or ENDPOINT is missing; SpecError and DataError as `import_model` and
    `create_remote_model` do.
    """
    statement = request.statement
    option = NEEDED[request.kind]
    place = request.options.get(option.name)
    if not isinstance(place, str) or not place:
        raise SqlError(_missing(statement, request.model_type, option))
    inputs, outputs = _columns(statement.inputs, "INPUT"), _columns(statement.outputs, "OUTPUT")
    if request.kind == "remote":
        connection = statement.connection or DEFAULT_CONNECTION
        return create_remote_model(
            workspace, name=name, endpoint=place, inputs=inputs, outputs=outputs, connection=connection
        )
    return import_model(
        _file(place),
        workspace,
        name=name,
        model_type=request.model_type,
        inputs=inputs,
        outputs=outputs,
        progress=progress,
    )


def _columns(fields: tuple[FieldType, ...], clause: str) -> tuple[Column, ...]:
    return declared_columns({field.name: field.type for field in fields}, clause)


def _file(path: str) -> Path:
    """The file, or the only one of a glob; relative paths are this process's. Raises DataError for several, or none."""
    expanded = os.path.expanduser(path.removeprefix("file://"))
    found = sorted(glob.glob(expanded)) if glob.has_magic(expanded) else [expanded]
    if len(found) != 1:
        received = f"{len(found)} files" + (f": {', '.join(found[:3])}" if found else "")
        raise DataError(Fault(what=f"{path} names no model", expected="one file", received=received))
    return Path(found[0])


def _missing(statement: CreateModel, model_type: str, option: NeededOption) -> Fault:
    return Fault(
        what=f"a {model_type.upper()} model needs {option.name}, {option.what}",
        sql=statement.sql,
        start=statement.start,
        end=statement.end,
        next_step=f"add {option.name} = '…' to OPTIONS",
    )
