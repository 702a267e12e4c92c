"""`training_info`: how a model was trained, iteration by iteration, as its bundle remembers it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from hagane.bundle.bundle import Bundle
from hagane.models.family import ClusterInfo
from hagane.workflow.read_documents import spec_of
from hagane.workflow.write_report import lineage_of
from hagane.workspace.workspace import Workspace


class TrainingIteration(msgspec.Struct, frozen=True, kw_only=True):
    """A row of BigQuery ML's ML.TRAINING_INFO. Losses are weighted means over rows, in the label's own unit."""

    training_run: int = 0
    iteration: int
    """From 1."""
    loss: float | None
    eval_loss: float | None
    learning_rate: float | None
    """None: the family has none."""
    duration_ms: float
    eval_metric: float | msgspec.UnsetType | None = msgspec.UNSET
    """Of the eval rows; left out where the model's options ask for none."""
    cluster_info: tuple[ClusterInfo, ...] | msgspec.UnsetType = msgspec.UNSET
    """Of k-means: its clusters."""


class TrainingInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Every iteration, and which one's state the model holds."""

    model: str
    model_type: str
    best_iteration: int
    eval_metric: str | None = None
    """The name of the metric that was watched; None: the eval loss was."""
    iterations: tuple[TrainingIteration, ...]
    advice: tuple[str, ...] = ()
    """What the curve suggests (overfitting, underfitting)."""
    training_seconds: float
    """From the data to the bundle."""

    def columns(self) -> dict[str, list[Any]]:
        """ML.TRAINING_INFO's columns, such as for `pandas.DataFrame(info.columns())`."""
        left_out = {"eval_metric"} if not self.eval_metric else set()
        left_out |= {"cluster_info"} if self.model_type != "kmeans" else set()
        names = [name for name in TrainingIteration.__struct_fields__ if name not in left_out]
        return {name: [getattr(each, name) for each in self.iterations] for name in names}


def training_info(model: str | Path, *, workspace: Workspace) -> TrainingInfo:
    """Of the model or bundle named. Raises NotFoundError, BundleError."""
    bundle = Bundle.load(workspace.bundle_path(str(model)))
    lineage = lineage_of(bundle)
    metric = _metric_of(bundle)
    rows = (
        TrainingIteration(
            training_run=each.training_run,
            iteration=each.iteration,
            loss=each.loss,
            eval_loss=each.eval_loss,
            learning_rate=each.learning_rate,
            duration_ms=each.duration_ms,
            eval_metric=each.metric if metric else msgspec.UNSET,
            cluster_info=each.cluster_info or msgspec.UNSET,
        )
        for each in lineage.training_info
    )
    version = workspace.version_at(bundle.folder)
    return TrainingInfo(
        model=version.reference if version else bundle.name,
        model_type=bundle.signature.model_type,
        best_iteration=lineage.best_iteration,
        eval_metric=metric,
        iterations=tuple(rows),
        advice=lineage.advice,
        training_seconds=lineage.training_seconds,
    )


def _metric_of(bundle: Bundle) -> str | None:
    spec = spec_of(bundle)
    name: str | None = spec.model.options.get("eval_metric")
    return name
