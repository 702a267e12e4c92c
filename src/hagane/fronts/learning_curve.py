"""`learning_curve`: would more data help? In Python."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hagane.progress import SILENT, Progress
from hagane.spec.spec import Spec

if TYPE_CHECKING:
    from hagane.evaluation.learning_curve import LearningCurve


def learning_curve(
    spec: Spec | str | Path,
    *,
    frame: object | None = None,
    hparams: Mapping[str, Any] | None = None,
    metric: str | None = None,
    more: float = 10.0,
    workspace: str | Path | None = None,
    progress: Progress | None = None,
) -> LearningCurve:
    """Train what a `Spec`, or the YAML file at a path, declares on growing parts of its rows.

    `frame` (Arrow, pandas, Polars) stands in for its data. The result has the trainings (`points`), what `more` times
    the rows would be worth (`gain`, `then`, each with bounds) and says it in words (`describe()`). `metric`: log loss
    or RMSE by default. No model is kept. Raises HaganeError.
    """
    from hagane.spec.decode_python import decode_python
    from hagane.spec.read_yaml import read_spec
    from hagane.workflow.learning_curve import learning_curve as run
    from hagane.workspace.workspace import Workspace

    declared = decode_python(spec, Spec) if isinstance(spec, Spec) else read_spec(spec)
    place = Workspace(None if workspace is None else Path(workspace))
    return run(declared, workspace=place, frame=frame, hparams=hparams, metric=metric, more=more,
               progress=progress or SILENT)  # fmt: skip
