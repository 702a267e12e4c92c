"""`train_single`: a training in this process, on one device."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from hagane.training.checkpoint import Checkpoint
from hagane.training.checkpointer import Checkpointer
from hagane.training.group import Group
from hagane.training.loop import train_module
from hagane.training.seeded import seeded
from hagane.training.training_job import Share, TrainingJob
from hagane.training.training_run import Trained, TrainingRun


def train_single(job: TrainingJob, share: Share, run: TrainingRun) -> Trained:
    """Train here. Raises TrainingError and PreemptedError."""
    group = Group()
    group.device = run.device
    saving: AbstractContextManager[Checkpointer[Checkpoint] | None] = nullcontext()
    if run.checkpoints is not None:
        saving = Checkpointer(run.checkpoints, run.checkpoint_policy, Checkpoint, run.progress)
    with seeded(job.settings.seed, job.num_threads):
        task = job.make_task(share)
        with saving as checkpointer:
            history = train_module(task, job.settings, run.progress, group=group, checkpointer=checkpointer,
                                   preemption=run.preemption)  # fmt: skip
    return Trained(task.module.to("cpu"), history)
