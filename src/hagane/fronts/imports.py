"""`import_model`: a model that was trained elsewhere, from Python."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hagane.fronts.python import TrainedModel
    from hagane.progress import Progress


def import_model(
    path: str | Path,
    *,
    name: str | None = None,
    model_type: str | None = None,
    inputs: Mapping[str, str] | None = None,
    outputs: Mapping[str, str] | None = None,
    workspace: str | Path | None = None,
    progress: Progress | None = None,
) -> TrainedModel:
    """Register the model in the file `path`, by default under the file's name; it can be predicted with at once.

    `model_type` is `onnx` or `xgboost`, by default what the file's ending says. `inputs` and `outputs` are columns with
    their SQL types, `{"age": "FLOAT64"}`, where the file names none. Raises SpecError for a type that cannot be
    imported, DataError with every fault of the file.
    """
    from hagane.bundle.bundle import Bundle
    from hagane.fronts.python import TrainedModel
    from hagane.progress import SILENT
    from hagane.workflow.imports.declared_columns import declared_columns
    from hagane.workflow.imports.import_model import import_model as work
    from hagane.workspace.model_version import model_name
    from hagane.workspace.workspace import Workspace

    place = Workspace(workspace)
    version = work(
        path,
        place,
        name=name or model_name(Path(path).stem),
        model_type=model_type,
        inputs=declared_columns(inputs or {}, "inputs"),
        outputs=declared_columns(outputs or {}, "outputs"),
        progress=progress or SILENT,
    )
    return TrainedModel(Bundle.load(version.path), place)
