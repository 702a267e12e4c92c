"""`made_model`: a request for a model is fulfilled by the workflow that it asks for."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from hagane.errors import DataError, Fault, HaganeError, SqlError
from hagane.session.model_name import model_name
from hagane.session.result import Result
from hagane.session.statement_run import StatementRun
from hagane.spec.spec import Spec
from hagane.spec.write_yaml import write_yaml
from hagane.workflow.statement_spec import ModelRequest
from hagane.workflow.train import TrainResult
from hagane.workspace.workspace import Workspace


def made_model(request: ModelRequest, rows: str | None, place: Workspace, run: StatementRun) -> Result:
    """Train, tune or search on `rows`, the path of a Parquet file. Raises HaganeError."""
    spec = request.spec
    if request.kind == "searched" and spec is not None:
        from hagane.workflow.automl import automl

        found = automl(spec, workspace=place, frame=rows, progress=run.state.progress)
        return _of_training(found.trained, run, found.because)
    if request.kind == "trained" and spec is not None and spec.tuning is not None:
        from hagane.workflow.tune import tune

        searched = replace(spec, tuning=replace(spec.tuning, study=_study(spec, str(rows))))
        result = tune(searched, workspace=place, frame=rows, progress=run.state.progress)
        return _of_training(result.trained, run, (f"searched in study {result.study}", *result.notes))
    if request.kind == "trained" and spec is not None:
        from hagane.workflow.train import train

        return _of_training(train(spec, workspace=place, frame=rows, progress=run.state.progress), run)
    if request.kind == "imported":
        return _imported(request, place, run)
    start, end = request.statement.start, request.statement.end
    what = f"{request.model_type.upper()} models are not taken from elsewhere yet"
    raise SqlError(Fault(what=what, sql=run.sql, start=start, end=end))


def _imported(request: ModelRequest, place: Workspace, run: StatementRun) -> Result:
    """Of the file, or the only file of a glob, that `model_path` names; relative paths are this process's."""
    from hagane.workflow.imports.declared_columns import declared_columns
    from hagane.workflow.imports.import_model import import_model

    statement = request.statement
    clause = next(clause for clause in statement.options if clause.name == "model_path")
    at = {"sql": run.sql, "start": clause.start, "end": clause.end}
    try:
        version = import_model(
            _file(str(clause.value)),
            place,
            name=model_name(statement.name, dataset=run.state.dataset),
            model_type=request.model_type,
            inputs=declared_columns({field.name: field.type for field in statement.inputs}, "INPUT"),
            outputs=declared_columns({field.name: field.type for field in statement.outputs}, "OUTPUT"),
            progress=run.state.progress,
        )
    except HaganeError as error:
        faults = (fault if fault.sql else msgspec.structs.replace(fault, **at) for fault in error.faults)
        raise type(error)(*faults) from None
    message = f"created model {version.reference}: {version.model_type}, from {clause.value}"
    return Result(kind=run.kind, message=message, model=version)


def _file(path: str) -> Path:
    """Raises DataError where a glob names no file, or several."""
    expanded = os.path.expanduser(path.removeprefix("file://"))
    found = sorted(glob.glob(expanded)) if glob.has_magic(expanded) else [expanded]
    if len(found) != 1:
        received = f"{len(found)} files" + (f": {', '.join(found[:3])}" if found else "")
        raise DataError(Fault(what=f"{path} names no model", expected="one file", received=received))
    return Path(found[0])


def _study(spec: Spec, rows: str) -> str:
    """A study of its own for each statement and its rows: it goes on where it was interrupted, and another statement
    of the same model is another one. `rows` is a file that is named by its content."""
    content = f"{Path(rows).stem} {write_yaml(spec)}"
    return f"{spec.name}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def _of_training(trained: TrainResult, run: StatementRun, notices: Sequence[str] | None = None) -> Result:
    """`notices` in the place of those of the training."""
    version = trained.version
    metric = "" if version.metric_value is None else f", {version.metric} {version.metric_value:.4g}"
    message = f"created model {version.reference}: {version.model_type}{metric}"
    told = tuple(trained.notes if notices is None else notices)
    return Result(kind=run.kind, message=message, notices=told, model=version, training=trained)
