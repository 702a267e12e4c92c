"""`run_job`: a job from its first port to its last process."""

from __future__ import annotations

import dataclasses
import signal
import time
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from pathlib import Path

from hagane.counted import counted
from hagane.jobs.attempt import Attempt
from hagane.jobs.check_launch import check_launch
from hagane.jobs.cluster import LOOPBACK, Cluster, place_replicas
from hagane.jobs.devices import share_gpus, visible_gpus
from hagane.jobs.end_signals import EndSignals
from hagane.jobs.events import Ended, OnEvent, Restarted, note
from hagane.jobs.guard import Guard
from hagane.jobs.job import Job
from hagane.jobs.job_folder import JobFolder
from hagane.jobs.job_result import JobResult, State
from hagane.jobs.launch_options import LaunchOptions
from hagane.jobs.node_link import NodeLink
from hagane.jobs.ports import PortReservation
from hagane.jobs.python_packages import import_root
from hagane.jobs.rank_here import rank_here
from hagane.jobs.replica_environment import Surroundings
from hagane.usable_cores import usable_cores

FIRST_PORT = 27182
"""Of jobs on several machines; Cloud ML Engine's local mode begins there, too."""
INTERRUPTED = 128
"""What an interrupted job exits with, plus the signal's number."""


def run_job(
    job: Job,
    jobs_folder: Path,
    options: LaunchOptions | None = None,
    *,
    environment: Mapping[str, str],
    on_event: OnEvent,
) -> JobResult:
    """Run the job's replicas of this machine until the job is over; logs are kept in a new folder in `jobs_folder`.

    `environment` is what replicas inherit. A replica's failure is a result, no error.
    Raises SpecError for what cannot be run, TrainingError where a replica cannot be started or a port is taken.
    """
    options = rank_here(options or LaunchOptions(), environment)
    check_launch(job, options)
    return _Run(job, options, JobFolder(jobs_folder, job.name), environment, on_event).run()


def reserve_cluster(job: Job, options: LaunchOptions, ports: PortReservation) -> Cluster:
    """The job's cluster on ports that are free on this machine; over several machines on agreed ones."""
    count = sum(pool.replica_count for pool in job.worker_pools) + 1
    if options.start_port is None and not options.nodes:
        return place_replicas(job, ports.take(count))
    first = FIRST_PORT if options.start_port is None else options.start_port
    cluster = place_replicas(job, range(first, first + count), options.nodes or (LOOPBACK,), options.rank)
    is_first = options.rank == 0
    ports.claim([replica.port for replica in cluster.here] + [cluster.master_port] * is_first)
    return cluster


class _Run:
    """One call of `run_job`."""

    def __init__(
        self,
        job: Job,
        options: LaunchOptions,
        folder: JobFolder,
        environment: Mapping[str, str],
        on_event: OnEvent,
    ) -> None:
        self.job = job
        self.options = options
        self.folder = folder
        self.tell = on_event
        self.started = time.monotonic()
        self.environment = environment
        self.import_paths = {
            number: [import_root(package, folder.path / "packages") for package in pool.packages]
            for number, pool in enumerate(job.worker_pools)
        }

    def run(self) -> JobResult:
        """From the first port to the last process, as often as restarts are left."""
        with ExitStack() as stack:
            link = stack.enter_context(self._link() or nullcontext())
            guard = stack.enter_context(Guard())
            signals = stack.enter_context(EndSignals(self.options.grace_seconds))
            output = stack.enter_context(self.folder.outputs(self.job.base_output_directory))
            restart = 0
            while True:
                with PortReservation() as ports:
                    cluster = reserve_cluster(self.job, self.options, ports)
                    around = self._around(cluster, output)
                    if restart == 0:
                        self.tell(note(_said(cluster, around, self.folder.path)))
                    attempt = Attempt(
                        cluster,
                        self.options,
                        folder=self.folder.path,
                        guard=guard,
                        signals=signals,
                        link=link,
                        on_event=self.tell,
                    )
                    self.folder.write(cluster, None)
                    attempt.run(dataclasses.replace(around, restart=restart))
                if attempt.failed is None or signals.number is not None or restart == self.options.max_restarts:
                    return self._result(cluster, attempt, signals.number, restart)
                restart += 1
                self._restarted(restart, attempt.failed)

    def _link(self) -> NodeLink | None:
        if not self.options.nodes:
            return None
        pools = [pool.replica_count for pool in self.job.worker_pools]
        first = FIRST_PORT if self.options.start_port is None else self.options.start_port
        text = f"{pools} {first} {self.options.nodes}"
        return NodeLink(self.options.nodes, self.options.rank, first + sum(pools) + 1, text)

    def _around(self, cluster: Cluster, output: str) -> Surroundings:
        here, ranks = len(cluster.here), sum(replica.trains for replica in cluster.here)
        environment = dict(self.environment)
        threads = self.options.threads_per_replica or max(1, usable_cores() // max(1, here))
        if self.options.threads_per_replica is not None or "OMP_NUM_THREADS" not in environment:
            environment["OMP_NUM_THREADS"] = str(threads)
        return Surroundings(
            inherited=environment,
            job_id=self.folder.id,
            output=output,
            gpus=share_gpus(visible_gpus(environment), ranks, self.options.gpus_per_replica),
            max_restarts=self.options.max_restarts,
            import_paths=self.import_paths,
        )

    def _restarted(self, restart: int, failed: str) -> None:
        limit = self.options.max_restarts
        self.tell(Restarted(time=time.time(), restart=restart, max_restarts=limit, failed=failed))

    def _result(self, cluster: Cluster, attempt: Attempt, signal_number: int | None, restarts: int) -> JobResult:
        state, code = _state(attempt, signal_number)
        seconds = round(time.monotonic() - self.started, 3)
        by_name = attempt.results
        result = JobResult(
            name=self.job.name,
            folder=self.folder.path,
            state=state,
            exit_code=code,
            failed=attempt.failed,
            signal=None if signal_number is None else signal.Signals(signal_number).name,
            replicas=tuple(by_name[replica.name] for replica in cluster.here if replica.name in by_name),
            num_restarts=restarts,
            seconds=seconds,
        )
        self.folder.write(cluster, result)
        failed, folder = attempt.failed, str(self.folder.path)
        self.tell(Ended(time=time.time(), state=state, exit_code=code, failed=failed, seconds=seconds, folder=folder))
        return result


def _said(cluster: Cluster, around: Surroundings, folder: Path) -> str:
    """What is decided for the user, in one line."""
    threads = f"OMP_NUM_THREADS={around.inherited['OMP_NUM_THREADS']} each"
    gpus = "" if around.gpus is None else f", {counted(len(around.gpus[0]), 'GPU')} a rank" if around.gpus else ""
    elsewhere = f" of {len(cluster.replicas)}" if cluster.num_nodes > 1 else ""
    return f"{counted(len(cluster.here), 'replica')}{elsewhere}, {threads}{gpus}; logs in {folder}"


def _state(attempt: Attempt, signal_number: int | None) -> tuple[State, int]:
    """How the job ended, and with what to exit.

    A primary replica that saves its state at SIGTERM and says so with a code of its own (75: go on with the same
    command) is heard.
    """
    if attempt.failed is not None:
        return "failed", attempt.exit_code
    if signal_number is None:
        return "succeeded", 0
    said = attempt.chief_exit_code if signal_number == signal.SIGTERM else None
    return "interrupted", said or INTERRUPTED + signal_number
