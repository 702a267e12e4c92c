"""`replica_environment`: the variables that tell a replica who it is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hagane.jobs.cluster import Cluster, cluster_spec, tf_config
from hagane.jobs.replica import Replica

TORCHRUN = (
    *("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK", "GROUP_WORLD_SIZE"),
    *("ROLE_NAME", "ROLE_RANK", "ROLE_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"),
    *("TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT", "TORCHELASTIC_MAX_RESTARTS", "TORCHELASTIC_USE_AGENT_STORE"),
)
"""What torchrun sets (https://docs.pytorch.org/docs/stable/elastic/run.html). A replica that has no rank has none of
them, not even those of a torchrun around the launcher."""

OUTPUT_FOLDERS = {"AIP_MODEL_DIR": "model", "AIP_CHECKPOINT_DIR": "checkpoints", "AIP_TENSORBOARD_LOG_DIR": "logs"}
"""Vertex AI's, below the CustomJobSpec's baseOutputDirectory
(https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec)."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is the same for every replica of this machine in one attempt."""

    inherited: Mapping[str, str]
    """The launcher's own environment, with OMP_NUM_THREADS."""
    job_id: str
    output: str
    """The base output directory: a folder, or a URL."""
    gpus: Sequence[Sequence[str]] | None = None
    """Of each rank of this machine; None where all see all."""
    restart: int = 0
    max_restarts: int = 0
    import_paths: Mapping[int, Sequence[str]] = field(default_factory=dict)
    """Of each worker pool, the folders and archives that go before the user's PYTHONPATH."""


def replica_environment(cluster: Cluster, replica: Replica, around: Surroundings) -> dict[str, str]:
    """All variables of the replica: those of the launcher, then of the job, then the worker pool's own."""
    found = {name: value for name, value in around.inherited.items() if name not in TORCHRUN}
    found |= {
        "TF_CONFIG": json.dumps(tf_config(cluster, replica)),
        "CLUSTER_SPEC": json.dumps(cluster_spec(cluster, replica)),
        "CLOUD_ML_JOB": json.dumps(cluster.job.training_input),
        "CLOUD_ML_JOB_ID": around.job_id,
        "PYTHONUNBUFFERED": "1",
    }
    found |= {name: _below(around.output, folder) for name, folder in OUTPUT_FOLDERS.items()}
    if paths := around.import_paths.get(replica.pool):
        found["PYTHONPATH"] = os.pathsep.join([*paths, *filter(None, [found.get("PYTHONPATH")])])
    if replica.trains:
        found |= _torchrun(cluster, replica, around)
    if around.gpus is not None:
        found["CUDA_VISIBLE_DEVICES"] = ",".join(_gpus(cluster, replica, around.gpus))
    return found | cluster.job.worker_pools[replica.pool].env


def _below(base: str, folder: str) -> str:
    """Vertex AI's paths end in a slash."""
    return f"{base.rstrip('/')}/{folder}/" if "://" in base else f"{Path(base) / folder}/"


def _torchrun(cluster: Cluster, replica: Replica, around: Surroundings) -> dict[str, str]:
    """Torchrun's variables.

    Where GPUs are divided, a replica is a machine of its own, as on Vertex AI: its only GPU is number 0, and so is its
    LOCAL_RANK, by which programs choose it. Rank 0 keeps the store itself: no agent does.
    """
    ranks = cluster.ranks
    local = [each for each in ranks if each.node == replica.node]
    same_role = [each for each in ranks if each.role == replica.role]
    rank, size = ranks.index(replica), len(ranks)
    alone = around.gpus is not None
    values = {
        "RANK": rank,
        "WORLD_SIZE": size,
        "LOCAL_RANK": 0 if alone else local.index(replica),
        "LOCAL_WORLD_SIZE": 1 if alone else len(local),
        "GROUP_RANK": rank if alone else replica.node,
        "GROUP_WORLD_SIZE": size if alone else cluster.num_nodes,
        "ROLE_NAME": replica.role,
        "ROLE_RANK": replica.index,
        "ROLE_WORLD_SIZE": len(same_role),
        "MASTER_ADDR": ranks[0].host,
        "MASTER_PORT": cluster.master_port,
        "TORCHELASTIC_RUN_ID": around.job_id,
        "TORCHELASTIC_RESTART_COUNT": around.restart,
        "TORCHELASTIC_MAX_RESTARTS": around.max_restarts,
        "TORCHELASTIC_USE_AGENT_STORE": False,
    }
    return {name: str(value) for name, value in values.items()}


def _gpus(cluster: Cluster, replica: Replica, gpus: Sequence[Sequence[str]]) -> Sequence[str]:
    """The replica's own; parameter servers and evaluators leave them to those that train."""
    local = [each for each in cluster.here if each.trains]
    return gpus[local.index(replica)] if replica.trains else ()
