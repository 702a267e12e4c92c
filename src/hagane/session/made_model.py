"""`made_model`: a request for a model is fulfilled by the workflow that it asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from hagane.errors import HaganeError
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
    return _elsewhere(request, place, run)


def _elsewhere(request: ModelRequest, place: Workspace, run: StatementRun) -> Result:
    """Of a file that is imported, or an endpoint; faults that name no clause are of that which names it."""
    from hagane.workflow.made_elsewhere import NEEDED, made_elsewhere

    statement, option = request.statement, NEEDED[request.kind]
    clause = next((clause for clause in statement.options if clause.name == option.name), statement)
    at = {"sql": run.sql, "start": clause.start, "end": clause.end}
    name = model_name(statement.name, dataset=run.state.dataset)
    try:
        version = made_elsewhere(request, place, name=name, progress=run.state.progress)
    except HaganeError as error:
        faults = (fault if fault.sql else msgspec.structs.replace(fault, **at) for fault in error.faults)
        raise type(error)(*faults) from None
    message = f"created model {version.reference}: {version.model_type}, {option.verb} {request.options[option.name]}"
    return Result(kind=run.kind, message=message, model=version)


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
