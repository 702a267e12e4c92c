"""Why a model answers as it does, from Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hagane.explanation.explanations import Space


def explain(
    model: str | Path,
    data: object,
    *,
    top_k: int = 5,
    space: Space = "raw",
    output: object = None,
    workspace: str | Path | None = None,
) -> Any:
    """ML.EXPLAIN_PREDICT: what each column added to each prediction, before the columns of `data`.

    As `TrainedModel.explain` of the bundle, or registered model, called `model`.
    """
    from hagane.fronts.python import load

    return load(model, workspace=workspace).explain(data, top_k=top_k, space=space, output=output)
