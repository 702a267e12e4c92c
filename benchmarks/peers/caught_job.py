"""`caught_job`: what a network's family would have a strategy train, caught on its way there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hagane.features.encode import encode
from hagane.models import family_options, get_family, train_torch
from hagane.models.family import FitContext
from hagane.progress import SILENT
from hagane.spec.spec import Spec
from hagane.training.training_job import Share, TrainingJob
from hagane.workflow.prepare import prepare
from hagane.workspace.workspace import Workspace


class CaughtError(Exception):
    """The job that a family was about to do."""


def caught_job(spec: Spec, options: dict[str, Any], folder: Path) -> tuple[TrainingJob, Share]:
    """Of `spec`, a network for two classes trained without eval rows; its columns are encoded under `folder`."""
    workspace = Workspace(folder)
    prepared = prepare(spec, None, SILENT, folder=workspace.root)
    with workspace.scratch() as scratch:
        encoded = encode(
            prepared.splits, prepared.transform, prepared.label, scratch / "encoded", cache=workspace.cache
        )
    caught: list[tuple[TrainingJob, Share]] = []

    def strategy(job: TrainingJob, share: Share, run: Any) -> Any:
        caught.append((job, share))
        raise CaughtError

    before, train_torch.get_strategy = train_torch.get_strategy, lambda name: strategy
    context = FitContext(features=encoded.train.features, num_classes=2)
    try:
        get_family(spec.model.type).fit(encoded.train, None, family_options(spec.model.type, options), context)
    except CaughtError:
        pass
    finally:
        train_torch.get_strategy = before
    return caught[0]
