"""`train_multi_worker`: processes of several machines, each of which was given the same command."""

from __future__ import annotations

from hagane.training.elastic import train_in_processes
from hagane.training.machines import Machines
from hagane.training.training_job import Share, TrainingJob
from hagane.training.training_run import Trained, TrainingRun


def train_multi_worker(job: TrainingJob, share: Share, run: TrainingRun) -> Trained:
    """Train with the machines that meet at `rendezvous`. Raises TrainingError and PreemptedError."""
    least, most = run.strategy.nodes
    assert run.strategy.rendezvous is not None
    machines = Machines(least, most, rendezvous=run.strategy.rendezvous, run_id="hagane")
    return train_in_processes(job, share, run, machines)
