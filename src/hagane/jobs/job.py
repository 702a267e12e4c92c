"""`Job`: what is to run, how many times, under which names."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Primary = Literal["chief", "master"]


class WorkerPool(msgspec.Struct, frozen=True, kw_only=True):
    """Replicas that run one command; its place in the job says what they are for."""

    replica_count: int = 0
    command: tuple[str, ...] = ()
    """The program and its arguments, as `execvp` takes them."""
    env: dict[str, str] = {}
    """Variables of its own, which go before all others."""
    packages: tuple[str, ...] = ()
    """Folders, wheels and source distributions that go before the user's PYTHONPATH."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A training job: up to four worker pools, as Vertex AI's CustomJobSpec orders them.

    Pool 0 is the primary replica, 1 the workers, 2 the parameter servers, 3 the evaluators:
    https://cloud.google.com/vertex-ai/docs/training/distributed-training.

    >>> pool = WorkerPool(replica_count=1, command=("python", "train.py"))
    >>> Job(name="train", worker_pools=(pool,)).roles
    ('chief', 'worker', 'ps', 'evaluator')
    """

    name: str
    worker_pools: tuple[WorkerPool, ...]
    primary: Primary = "chief"
    """What TF_CONFIG calls pool 0: `chief` in TensorFlow 2, `master` in TensorFlow 1."""
    training_input: dict[str, Any] = {}
    """`job` of TF_CONFIG, and CLOUD_ML_JOB: what Cloud ML Engine calls the TrainingInput."""
    custom_job_spec: dict[str, Any] = {}
    """`job` of CLUSTER_SPEC: Vertex AI's CustomJobSpec."""
    base_output_directory: str = ""
    """Where AIP_MODEL_DIR and its like lie; empty: in the job's own folder."""

    @property
    def roles(self) -> tuple[str, str, str, str]:
        """What the replicas of each pool are called."""
        return (self.primary, "worker", "ps", "evaluator")
