"""`made_model`: a request for a model is fulfilled by the workflow that it asks for."""

from __future__ import annotations

from hagane.errors import Fault, SqlError
from hagane.session.result import Result
from hagane.session.statement_run import StatementRun
from hagane.workflow.statement_spec import ModelRequest
from hagane.workflow.train import TrainResult
from hagane.workspace.workspace import Workspace


def made_model(request: ModelRequest, rows: str | None, place: Workspace, run: StatementRun) -> Result:
    """Train, tune or search on `rows`, the path of a Parquet file. Raises HaganeError."""
    spec = request.spec
    if request.kind == "searched" and spec is not None:
        from hagane.workflow.automl import automl

        return _of_training(automl(spec, workspace=place, frame=rows, progress=run.state.progress).trained, run)
    if request.kind == "trained" and spec is not None and spec.tuning is not None:
        from hagane.workflow.tune import tune

        return _of_training(tune(spec, workspace=place, frame=rows, progress=run.state.progress).trained, run)
    if request.kind == "trained" and spec is not None:
        from hagane.workflow.train import train

        return _of_training(train(spec, workspace=place, frame=rows, progress=run.state.progress), run)
    start, end = request.statement.start, request.statement.end
    what = f"{request.model_type.upper()} models are not taken from elsewhere yet"
    raise SqlError(Fault(what=what, sql=run.sql, start=start, end=end))


def _of_training(trained: TrainResult, run: StatementRun) -> Result:
    version = trained.version
    metric = "" if version.metric_value is None else f", {version.metric} {version.metric_value:.4g}"
    message = f"created model {version.reference}: {version.model_type}{metric}"
    return Result(kind=run.kind, message=message, notices=trained.notes, model=version, training=trained)
