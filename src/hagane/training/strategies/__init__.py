"""The distribution strategies: who trains. One line a strategy; imported only when asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from hagane.training.training_job import Share, TrainingJob
from hagane.training.training_run import Trained, TrainingRun

STRATEGIES: dict[str, str] = {
    "single": "hagane.training.strategies.single:train_single",
    "mirrored": "hagane.training.strategies.mirrored:train_mirrored",
    "multi_worker": "hagane.training.strategies.multi_worker:train_multi_worker",
}
"""Name → `module:function`, from a job, its rows and the run to what was trained."""

Train = Callable[[TrainingJob, Share, TrainingRun], Trained]


def get_strategy(name: str) -> Train:
    """The strategy called `name`, one of `STRATEGIES`."""
    module, _, function = STRATEGIES[name].partition(":")
    train: Train = getattr(importlib.import_module(module), function)
    return train
