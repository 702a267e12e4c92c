"""EXPORT MODEL: a model's bundle to a folder."""

from __future__ import annotations

from typing import Any

import msgspec

from hagane.errors import Fault, HaganeError, SqlError, nearest
from hagane.session.evaluated_options import evaluated_options
from hagane.session.find_model import find_model
from hagane.session.result import Result
from hagane.session.statement_run import StatementRun
from hagane.sql.statement import ExportModel
from hagane.workflow.copy_bundle import copy_bundle

OPTIONS = ("uri", "trial_id")


def run_export_model(run: StatementRun) -> Result:
    """Copy the bundle (ONNX graph, signature, figures) to `uri`. Raises SqlError, NotFoundError, StorageError."""
    asked = run.statement
    assert isinstance(asked, ExportModel)
    place: dict[str, Any] = {"sql": run.sql, "start": asked.start, "end": asked.end}
    statement = evaluated_options(asked, run)
    uri = _uri(statement, place)
    try:
        version = find_model(statement.name, run.state).version
        written = copy_bundle(version.path, uri)
    except HaganeError as error:
        faults = (fault if fault.sql else msgspec.structs.replace(fault, **place) for fault in error.faults)
        raise type(error)(*faults) from None
    return Result(kind=run.kind, message=f"exported model {version.reference} to {written}")


def _uri(statement: ExportModel, place: dict[str, Any]) -> str:
    faults = []
    options = {clause.name: clause.value for clause in statement.options}
    for clause in statement.options:
        if clause.name not in OPTIONS:
            faults.append(Fault(what=f"EXPORT MODEL has no option '{clause.name}'", sql=statement.sql,
                                start=clause.start, end=clause.end, nearest=nearest(clause.name, OPTIONS)))  # fmt: skip
        if clause.name == "trial_id" and clause.value is not None:
            what = "only the best trial of a study has a model that could be exported"
            step = "leave trial_id out; `hagane tune --train STUDY --trial N` makes a model of another trial"
            faults.append(Fault(what=what, sql=statement.sql, start=clause.start, end=clause.end, next_step=step))
    uri = options.get("uri")
    if not isinstance(uri, str) or not uri:
        step = "OPTIONS (uri = 'folder')"
        faults.append(Fault(what="EXPORT MODEL needs a uri", next_step=step, **place))
    if faults:
        raise SqlError(*faults)
    return str(uri)
