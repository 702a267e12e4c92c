"""Hagane's side of `benchmarks/training.py` beside its peers, in a process like theirs.

Commands: `prepare` (read the file, fit the transform, encode), `train` (the training loop on what was prepared),
`whole` (`hagane train` from the file to a bundle, with the ROC AUC of the test rows; nothing is cached from before).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from peers.contender import answer_commands, clocked, take_problem

PROBLEM, ANSWERS = take_problem()

from hagane.progress import SILENT
from hagane.spec.spec import Model, Spec, Split
from hagane.training.group import Group
from hagane.training.loop import train_module
from hagane.training.seeded import seeded
from hagane.training.training_job import Share, TrainingJob
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace
from peers.caught_job import caught_job

FAMILIES = {"dnn": "dnn_classifier", "wide": "dnn_linear_combined_classifier"}
OPTIONS: dict[str, Any] = {
    "hidden_units": PROBLEM.hidden_units,
    "dropout": PROBLEM.dropout,
    "batch_size": PROBLEM.batch_size,
    "optimizer": "adamw",
    "learn_rate": PROBLEM.learn_rate,
    "learn_rate_schedule": "constant",
    "embedding_dims": PROBLEM.categories,
    "max_iterations": PROBLEM.epochs,
    "early_stop": False,
}
SPEC = Spec(
    data=PROBLEM.file,
    label=PROBLEM.label,
    split=Split(method="column", column="part"),
    model=Model(type=FAMILIES[PROBLEM.kind], options=OPTIONS),
)


class Contender:
    """What the commands share."""

    def __init__(self) -> None:
        self.held: tuple[TrainingJob, Share] | None = None

    def prepare(self) -> dict[str, float]:
        def work() -> None:
            with tempfile.TemporaryDirectory() as folder:
                self.held = caught_job(SPEC, OPTIONS, Path(folder))

        return clocked(work)

    def train(self) -> dict[str, float]:
        assert self.held is not None
        job, share = self.held
        with seeded(job.settings.seed, PROBLEM.threads):
            task = job.make_task(share)
            return clocked(lambda: train_module(task, job.settings, group=Group()))

    def whole(self) -> dict[str, float]:
        scored: list[float] = []

        def work() -> None:
            with tempfile.TemporaryDirectory() as folder:
                result = train(SPEC, workspace=Workspace(Path(folder)), progress=SILENT)
                scored.append(result.evaluation.metrics["roc_auc"])

        return clocked(work) | {"roc_auc": scored[0]}


if __name__ == "__main__":
    contender = Contender()
    answer_commands(ANSWERS, {"prepare": contender.prepare, "train": contender.train, "whole": contender.whole})
