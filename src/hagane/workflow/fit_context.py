"""`fit_context`: what a family is told of prepared and encoded rows, whoever fits it: a training, or a trial."""

from __future__ import annotations

from pathlib import Path

from hagane.models.family import FitContext
from hagane.progress import Progress
from hagane.spec.spec import Training
from hagane.training.preemption import Preemption
from hagane.training.time_limit import TimeLimit
from hagane.workflow.beginning import Beginning
from hagane.workflow.prepare import Prepared
from hagane.workflow.row_weights import WeightedSplits


def fit_context(
    prepared: Prepared,
    encoded: WeightedSplits,
    beginning: Beginning | None,
    *,
    progress: Progress,
    preemption: Preemption | None,
    checkpoints: Path | None,
    training: Training | None = None,
    num_threads: int = 0,
    keeps_last: bool = False,
    time_limit: TimeLimit | None = None,
) -> FitContext:
    """The context of a fit that begins with `beginning`. `training` stands in for the spec's."""
    spec, label = prepared.resolved.spec, prepared.label
    return FitContext(
        features=encoded.train.features,
        num_classes=label.num_classes,
        num_labels=label.width,
        label_names=label.columns,
        class_offsets=encoded.class_offsets,
        seed=spec.training.seed,
        num_threads=num_threads,
        progress=progress,
        memory=prepared.table.engine.memory,
        checkpoints=checkpoints,
        keeps_last=keeps_last,
        preemption=preemption,
        time_limit=time_limit,
        training=training or spec.training,
        warm_start=beginning.warm_start if beginning else None,
    )
