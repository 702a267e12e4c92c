"""`Cluster`: the replicas of a job with their addresses, and the two JSON documents that tell a replica of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hagane.jobs.job import Job
from hagane.jobs.replica import EVALUATOR_POOL, Replica

LOOPBACK = "127.0.0.1"
ENVIRONMENT = "cloud"
"""What `environment` says in both documents, in Cloud ML Engine's local mode, too."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Every replica of the job, on this machine and on others, in the order of the pools."""

    job: Job
    replicas: tuple[Replica, ...]
    master_port: int
    """Where the process of rank 0 listens for the others."""
    node: int = 0
    """Which of the nodes this machine is."""
    num_nodes: int = 1

    @property
    def here(self) -> tuple[Replica, ...]:
        """The replicas of this machine."""
        return tuple(replica for replica in self.replicas if replica.node == self.node)

    @property
    def ranks(self) -> tuple[Replica, ...]:
        """The replicas of all-reduce by rank: the primary one, then the workers."""
        return tuple(replica for replica in self.replicas if replica.trains)

    @property
    def is_distributed(self) -> bool:
        """Whether there is more than the one primary replica."""
        return len(self.replicas) > 1


def place_replicas(job: Job, ports: Sequence[int], hosts: Sequence[str] = (LOOPBACK,), node: int = 0) -> Cluster:
    """The job's cluster. `ports` holds one a replica in the order of the pools, and the master's port at its end.

    Over several hosts, ranks go in blocks that differ by one at most (torchrun's order), parameter servers and
    evaluators in turn.

    >>> from hagane.jobs.job import Job, WorkerPool
    >>> pools = WorkerPool(replica_count=1), WorkerPool(replica_count=3), WorkerPool(replica_count=2)
    >>> placed = place_replicas(Job(name="a", worker_pools=pools), range(10, 17), ("x", "y"))
    >>> [f"{replica.name} {replica.address}" for replica in placed.replicas]
    ['chief-0 x:10', 'worker-0 x:11', 'worker-1 y:12', 'worker-2 y:13', 'ps-0 x:14', 'ps-1 y:15']
    """
    num_ranks = sum(pool.replica_count for pool in job.worker_pools[:2])
    replicas: list[Replica] = []
    for number, (pool, role) in enumerate(zip(job.worker_pools, job.roles, strict=False)):
        for index in range(pool.replica_count):
            rank = len(replicas)
            at = rank * len(hosts) // num_ranks if rank < num_ranks else index % len(hosts)
            replicas.append(Replica(number, role, index, at, hosts[at], ports[rank]))
    return Cluster(job, tuple(replicas), ports[len(replicas)], node, len(hosts))


def tf_config(cluster: Cluster, replica: Replica) -> dict[str, Any]:
    """TensorFlow's TF_CONFIG with the fields that Cloud ML Engine adds.

    The evaluators are no part of `cluster`; a lone primary replica has neither `cluster` nor `task`:
    https://cloud.google.com/ai-platform/training/docs/distributed-training-details.

    >>> from hagane.jobs.job import Job, WorkerPool
    >>> job = Job(name="a", worker_pools=(WorkerPool(replica_count=1), WorkerPool(replica_count=1)))
    >>> found = place_replicas(job, (2222, 2223, 2224))
    >>> tf_config(found, found.replicas[1])["task"]
    {'type': 'worker', 'index': 0}
    """
    known = [each for each in cluster.replicas if each.pool != EVALUATOR_POOL] if cluster.is_distributed else []
    task = {"type": replica.role, "index": replica.index} if cluster.is_distributed else {}
    return {
        "cluster": _addresses(known, [each.role for each in known]),
        "task": task,
        "environment": ENVIRONMENT,
        "job": cluster.job.training_input,
    }


def cluster_spec(cluster: Cluster, replica: Replica) -> dict[str, Any]:
    """Vertex AI's CLUSTER_SPEC: worker pools by number, evaluators among them.

    https://cloud.google.com/vertex-ai/docs/training/distributed-training#cluster-variables. `task.trial` is of
    hyperparameter tuning, and absent.
    """
    return {
        "cluster": _addresses(cluster.replicas, [f"workerpool{each.pool}" for each in cluster.replicas]),
        "environment": ENVIRONMENT,
        "task": {"type": f"workerpool{replica.pool}", "index": replica.index},
        "job": cluster.job.custom_job_spec,
    }


def _addresses(replicas: Sequence[Replica], names: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for replica, name in zip(replicas, names, strict=True):
        found.setdefault(name, []).append(replica.address)
    return found
