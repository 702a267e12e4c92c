"""`check_launch`: every reason why a job cannot be run, before anything is started."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.errors import Fault, SpecError
from hagane.jobs.job import Job
from hagane.jobs.launch_options import LaunchOptions
from hagane.jobs.rank_here import RANK_VARIABLES
from hagane.jobs.replica import CHIEF_POOL

MOST_POOLS = 4
MOST_SHOWN = 8


def check_launch(job: Job, options: LaunchOptions) -> None:
    """Raises SpecError with every fault of the job and its options.

    >>> from hagane.jobs.job import Job, WorkerPool
    >>> check_launch(Job(name="a", worker_pools=(WorkerPool(replica_count=2, command=("x",)),)), LaunchOptions())
    Traceback (most recent call last):
    hagane.errors.SpecError: a job has one primary replica
      where: worker_pool_specs[0].replica_count
      expected: 1
      received: 2
      next: more of them that train are workers: worker_pool_specs[1], --workers
    """
    faults = [*_job_faults(job), *_number_faults(options), *_node_faults(options)]
    if faults:
        raise SpecError(*faults)


def _job_faults(job: Job) -> Iterator[Fault]:
    pools = job.worker_pools
    if len(pools) > MOST_POOLS:
        step = "primary replica, workers, parameter servers, evaluators"
        yield Fault(what=f"a job has no {len(pools)} worker pools", where="worker_pool_specs", expected=step)
    for number, pool in enumerate(pools):
        where = f"worker_pool_specs[{number}]"
        if pool.replica_count < 0:
            what = f"there are no {pool.replica_count} replicas"
            yield Fault(what=what, where=f"{where}.replica_count", expected="0 or more")
        if pool.replica_count > 0 and not pool.command:
            step = "give it a python_package_spec, or a container_spec with a command"
            yield Fault(what="the worker pool has nothing to run", where=where, next_step=step)
    primary = pools[CHIEF_POOL].replica_count if pools else 0
    if primary != 1:
        yield Fault(
            what="a job has one primary replica",
            where="worker_pool_specs[0].replica_count",
            expected="1",
            received=str(primary),
            next_step="more of them that train are workers: worker_pool_specs[1], --workers",
        )


def _number_faults(options: LaunchOptions) -> Iterator[Fault]:
    least = {
        "grace_seconds": (options.grace_seconds, 0),
        "finish_seconds": (options.finish_seconds, 0),
        "max_restarts": (options.max_restarts, 0),
        "threads_per_replica": (options.threads_per_replica, 1),
        "gpus_per_replica": (options.gpus_per_replica, 0),
    }
    for name, (value, lowest) in least.items():
        if value is not None and not value >= lowest:
            yield Fault(what=f"{name} cannot be {value:g}", where=name, expected=f"{lowest} or more")


def _node_faults(options: LaunchOptions) -> Iterator[Fault]:
    count = max(1, len(options.nodes))
    if options.node_rank is None and count > 1:
        named = ", ".join(f"{rank} is {host}" for rank, host in enumerate(options.nodes[:MOST_SHOWN]))
        step = "give each launcher its own: --node-rank, or $" + ", $".join(RANK_VARIABLES)
        expected = f"0 to {count - 1}: {named}"
        yield Fault(what="which of the machines is this one?", where="node_rank", expected=expected, next_step=step)
    elif not 0 <= options.rank < count:
        expected = f"0 to {count - 1}" if options.nodes else "--nodes with every machine of the job"
        yield Fault(what=f"there is no node {options.rank}", where="node_rank", expected=expected)
    if options.nodes and options.max_restarts:
        step = "start the launchers anew on every machine"
        yield Fault(what="jobs on several machines are not restarted", where="max_restarts", next_step=step)
    for host in {host for host in options.nodes if options.nodes.count(host) > 1}:
        yield Fault(what=f"the node {host} is given twice", where="nodes")
