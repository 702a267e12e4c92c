"""`Attempt`: the replicas of this machine, from their start until all of them are gone."""

from __future__ import annotations

import selectors
import time
from pathlib import Path

from hagane.jobs.cluster import Cluster
from hagane.jobs.end_signals import EndSignals
from hagane.jobs.events import Exited, Line, OnEvent, Started, note
from hagane.jobs.guard import Guard
from hagane.jobs.job_result import ReplicaResult, exit_code_of
from hagane.jobs.job_rule import not_needed, windows
from hagane.jobs.launch_options import LaunchOptions
from hagane.jobs.node_link import NodeLink, RemoteExit
from hagane.jobs.replica import CHIEF_POOL, Replica
from hagane.jobs.replica_environment import Surroundings, replica_environment
from hagane.jobs.replica_process import ReplicaProcess
from hagane.signal_name import signal_name

LOOK_SECONDS = 0.05
"""How often the processes are looked at when nothing is written."""
SAID_SECONDS = 2.0
"""After how long those that are waited for are named."""


class Attempt:
    """Runs a cluster's replicas once. `failed` and `exit_code` tell how it ended."""

    def __init__(
        self,
        cluster: Cluster,
        options: LaunchOptions,
        *,
        folder: Path,
        guard: Guard,
        signals: EndSignals,
        link: NodeLink | None,
        on_event: OnEvent,
    ) -> None:
        self.failed: str | None = None
        """The replica that failed first."""
        self.exit_code = 0
        self.results: dict[str, ReplicaResult] = {}
        self._cluster = cluster
        self._options = options
        self._folder = folder
        self._guard = guard
        self._signals = signals
        self._link = link
        self._tell = on_event
        self._processes: list[ReplicaProcess] = []
        self._remote: dict[str, RemoteExit] = {}
        self._selector = selectors.DefaultSelector()
        self._waits_for: set[int] = set()
        self._chief_ended_at: float | None = None
        self._said_waiting = False
        self._said_leaving = False

    @property
    def chief_exit_code(self) -> int | None:
        """What the primary replica exited with, where it ran here and no signal ended it."""
        codes = [each.exit_code for each in self._processes if each.replica.pool == CHIEF_POOL]
        return codes[0] if codes else None

    def run(self, around: Surroundings) -> None:
        """Start them, watch them, end them. Whatever is raised on the way, none is left behind."""
        try:
            for replica in self._cluster.here:
                self._start(replica, around)
            while not self._is_done():
                self._read()
                self._watch()
        except BaseException:
            self._abandon()
            raise
        finally:
            self._selector.close()

    def _start(self, replica: Replica, around: Surroundings) -> None:
        if self._signals.number is not None:
            return
        attempt = f".restart-{around.restart}" if around.restart else ""
        log = self._folder / f"{replica.name}{attempt}.log"
        command = self._cluster.job.worker_pools[replica.pool].command
        process = ReplicaProcess(replica, command, replica_environment(self._cluster, replica, around), log)
        self._processes.append(process)
        self._signals.processes = self._processes
        self._guard.began(process.pid)
        self._register(process.output.fileno(), process)
        if process.exit_notice is not None:
            self._register(process.exit_notice, None)
        self._tell(
            Started(
                time=time.time(),
                replica=replica.name,
                pid=process.pid,
                address=replica.address,
                log=str(log),
                restart=around.restart,
            )
        )

    def _read(self) -> None:
        for key, _ in self._selector.select(LOOK_SECONDS):
            process: ReplicaProcess | None = key.data
            if process is not None:
                self._show(process, process.output.read())

    def _watch(self) -> None:
        now = time.monotonic()
        for process in sorted(filter(self._has_exited, self._processes), key=suspicion):
            self._exited(process)
        for process in self._processes:
            if not process.output.is_closed:
                self._show(process, process.output.progress(now))
            process.press(self._options.grace_seconds)
            self._settle(process)
        if self._link is not None:
            self._hear(self._link)
        if self._is_ending():
            self._end_all()
        else:
            self._end_idle()

    def _has_exited(self, process: ReplicaProcess) -> bool:
        notice = process.exit_notice
        if not process.poll():
            return False
        self._unregister(notice)
        return True

    def _settle(self, process: ReplicaProcess) -> None:
        self._show(process, process.settle())
        if process.is_gone and process.replica.name not in self.results:
            self.results[process.replica.name] = process.result()
            self._guard.ended(process.pid)
            if process.output.log_error is not None:
                self._tell(note(f"the log of {process.replica.name} is not whole: {process.output.log_error.strerror}"))

    def _show(self, process: ReplicaProcess, lines: list[str]) -> None:
        if process.output.is_closed:
            self._unregister(process.output.fileno())
        for text in lines:
            self._tell(Line(time=time.time(), replica=process.replica.name, text=text))

    def _unregister(self, descriptor: int | None) -> None:
        """Wait for it no more, if that was done."""
        if descriptor is not None and descriptor in self._waits_for:
            self._waits_for.discard(descriptor)
            self._selector.unregister(descriptor)

    def _register(self, descriptor: int, process: ReplicaProcess | None) -> None:
        self._waits_for.add(descriptor)
        self._selector.register(descriptor, selectors.EVENT_READ, process)

    def _exited(self, process: ReplicaProcess) -> None:
        self._show(process, process.output.read_waiting())
        result = process.result()
        self._tell(
            Exited(
                time=time.time(),
                replica=result.name,
                exit_code=result.exit_code,
                signal=result.signal,
                seconds=result.seconds,
                was_ended=result.was_ended,
            )
        )
        if self._link is not None:
            self._link.tell(RemoteExit(result.name, result.exit_code, result.signal, result.was_ended))
        self._judge(process.replica, failed=process.failed, code=exit_code_of(result.exit_code, result.signal))

    def _judge(self, replica: Replica, *, failed: bool, code: int) -> None:
        if failed and not self._is_ending():
            self.failed, self.exit_code = replica.name, code
        elif replica.pool == CHIEF_POOL and not failed:
            self._chief_ended_at = time.monotonic()

    def _hear(self, link: NodeLink) -> None:
        """What the other machines tell."""
        by_name = {replica.name: replica for replica in self._cluster.replicas}
        for exited in link.hear():
            self._remote[exited.name] = exited
            code = exit_code_of(exited.exit_code, exited.signal)
            if exited.name in by_name and not exited.was_ended:
                self._judge(by_name[exited.name], failed=exited.exit_code != 0, code=code)
        if link.lost is not None and not self._is_ending() and not self._knows_all():
            self.failed, self.exit_code = link.lost, 1

    def _is_ending(self) -> bool:
        return self.failed is not None or self._signals.number is not None

    def _end_all(self) -> None:
        if self._link is not None and not self._said_leaving:
            self._said_leaving = True
            if self._signals.number is not None:
                self._link.leave(f"ended by {signal_name(self._signals.number)}")
        self._end(self._processes)

    def _end(self, processes: list[ReplicaProcess]) -> None:
        for process in processes:
            process.end(self._options.grace_seconds)

    def _end_idle(self) -> None:
        """End those that have nothing more to wait for."""
        local = {process.replica: process for process in self._processes}
        over = {replica: replica.name in self._remote for replica in self._cluster.replicas}
        over |= {replica: process.is_over for replica, process in local.items()}
        since = None if self._chief_ended_at is None else time.monotonic() - self._chief_ended_at
        idle = not_needed(over, since, self._options.finish_seconds)
        self._end([local[replica] for replica in idle if replica in local])
        if since is not None and since >= SAID_SECONDS and not self._said_waiting:
            self._say_waiting(over)

    def _say_waiting(self, over: dict[Replica, bool]) -> None:
        self._said_waiting = True
        window = windows(over, self._options.finish_seconds)
        waiting = [replica for replica, is_over in over.items() if not is_over and replica.pool in window]
        if waiting:
            names = ", ".join(replica.name for replica in waiting)
            seconds = max(window[replica.pool] for replica in waiting)
            self._tell(note(f"training is over; {names} may go on for {seconds:.0f} s (--finish-seconds)"))

    def _is_done(self) -> bool:
        return all(process.is_gone for process in self._processes) and (self._is_ending() or self._knows_all())

    def _knows_all(self) -> bool:
        """Whether every replica of the other machines is known to have ended."""
        return len(self._remote) + len(self._cluster.here) == len(self._cluster.replicas)

    def _abandon(self) -> None:
        """End everything without a word: whoever listened has gone, or the job could not be started whole."""
        self._end(self._processes)
        while not all(process.is_gone for process in self._processes):
            time.sleep(LOOK_SECONDS)
            for process in self._processes:
                if not process.output.is_closed:
                    process.output.read()
                process.poll()
                process.press(self._options.grace_seconds)
                process.settle()


def suspicion(process: ReplicaProcess) -> int:
    """Of replicas that are found to have ended at the same time, the likely cause of the others' end comes first.

    A process that was killed, or that crashed, did not notice that another was gone; one that aborted may have.
    """
    if process.signal is not None and process.signal != "SIGABRT":
        return 0
    return 1 if process.signal is None else 2
