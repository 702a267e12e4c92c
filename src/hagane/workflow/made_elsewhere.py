"""`made_elsewhere`: CREATE MODEL of a model that is not trained here: a file that is imported, an endpoint."""

from __future__ import annotations

from hagane.errors import Fault, SqlError
from hagane.progress import SILENT, Progress
from hagane.sql.statement import CreateModel, FieldType
from hagane.types import Column
from hagane.workflow.imports.declared_columns import declared_columns
from hagane.workflow.imports.import_model import import_model
from hagane.workflow.remote.remote_model import DEFAULT_CONNECTION, create_remote_model
from hagane.workflow.statement_spec import ModelRequest
from hagane.workspace.model_version import ModelVersion
from hagane.workspace.workspace import Workspace

NEEDED = {"imported": ("model_path", "the file of the model"), "remote": ("endpoint", "the URL that it is asked at")}


def made_elsewhere(
    request: ModelRequest, workspace: Workspace, *, name: str, progress: Progress = SILENT
) -> ModelVersion:
    """Register what an understood statement of the kind `imported` or `remote` names, as a new version of `name`.

    Raises SqlError where MODEL_PATH or ENDPOINT is missing; SpecError and DataError as `import_model` and
    `create_remote_model` do.
    """
    statement = request.statement
    option, what = NEEDED[request.kind]
    place = request.options.get(option)
    if not isinstance(place, str) or not place:
        raise SqlError(_missing(statement, request.model_type, option, what))
    inputs, outputs = _columns(statement.inputs, "INPUT"), _columns(statement.outputs, "OUTPUT")
    if request.kind == "remote":
        connection = statement.connection or DEFAULT_CONNECTION
        return create_remote_model(
            workspace, name=name, endpoint=place, inputs=inputs, outputs=outputs, connection=connection
        )
    return import_model(
        place,
        workspace,
        name=name,
        model_type=request.model_type,
        inputs=inputs,
        outputs=outputs,
        progress=progress,
    )


def _columns(fields: tuple[FieldType, ...], clause: str) -> tuple[Column, ...]:
    return declared_columns({field.name: field.type for field in fields}, clause)


def _missing(statement: CreateModel, model_type: str, option: str, what: str) -> Fault:
    return Fault(
        what=f"a {model_type.upper()} model needs {option}, {what}",
        sql=statement.sql,
        start=statement.start,
        end=statement.end,
        next_step=f"add {option} = '…' to OPTIONS",
    )
