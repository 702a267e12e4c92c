"""`launch_workers`: start the processes of a training on this machine and watch them, by torchelastic's agent."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple, NoReturn

from torch.distributed.elastic.agent.server import RunResult, WorkerGroup, WorkerSpec, WorkerState
from torch.distributed.elastic.agent.server.local_elastic_agent import LocalElasticAgent
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException, Std
from torch.distributed.elastic.multiprocessing.errors import ProcessFailure
from torch.distributed.elastic.rendezvous import RendezvousHandler, RendezvousParameters
from torch.distributed.elastic.rendezvous import registry as rendezvous_registry

from hagane.progress.events import WorkerDied
from hagane.training.checkpoint_folder import newest_step
from hagane.training.machines import Machines
from hagane.training.training_run import TrainingRun

ELASTIC = "torch.distributed.elastic"
OWN_STORES = "TORCH_DISABLE_SHARE_RDZV_TCP_STORE"
LOOPBACKS = ("lo", "lo0")
"""Of Linux, of macOS."""
KEEP_ALIVE = {"last_call_timeout": 5, "keep_alive_interval": 2, "keep_alive_max_attempt": 3}
CLOSED_BY_AGENT = -signal.SIGTERM


class Ended(NamedTuple):
    """How the processes ended that did not end well."""

    exit_code: int
    """Of the one that died first; negative: the number of the signal."""


def launch_workers(folder: Path, run: TrainingRun, machines: Machines, num_processes: int) -> Ended | None:
    """Until every process has ended; None where all ended well.

    Raises torchelastic's RendezvousError, where the machines do not meet, and SignalException, after the processes have
    saved and ended, for SIGTERM.
    """
    with ExitStack() as stack:
        for context in (_quiet_logs(), _stores_of_their_own(), _raised_as_signal(run)):
            stack.enter_context(context)
        rendezvous = _rendezvous(machines)
        spec = WorkerSpec(
            role="worker",
            local_world_size=num_processes,
            entrypoint=shutil.which("env") or "/usr/bin/env",
            args=_command(folder, run),
            rdzv_handler=rendezvous,
            max_restarts=run.strategy.max_restarts,
            monitor_interval=0.1,
        )
        logs = DefaultLogsSpecs(log_dir=str(folder / "logs"), redirects=Std.ALL)
        try:
            result: RunResult | None = _Agent(spec, logs, run).run()
        except SignalException:
            raise  # the other machines may go on: their rendezvous stays open
        except BaseException:
            rendezvous.shutdown()
            raise
        rendezvous.shutdown()
    if result is None or not result.is_failed():  # None: the rendezvous was over before this machine came
        return None
    return Ended(_cause(result.failures)[1].exitcode)


def _rendezvous(machines: Machines) -> RendezvousHandler:
    parameters = RendezvousParameters(
        backend="c10d",
        endpoint=machines.rendezvous,
        run_id=machines.run_id or uuid.uuid4().hex,
        min_nodes=machines.least,
        max_nodes=machines.most,
        timeout=machines.timeout_seconds,
        **KEEP_ALIVE,
    )
    return rendezvous_registry.get_rendezvous_handler(parameters)


class _Agent(LocalElasticAgent):  # type: ignore[misc]
    """Tells of processes that died, hears a notice to end from any thread, and leaves signals to whoever has them."""

    def __init__(self, spec: WorkerSpec, logs: DefaultLogsSpecs, run: TrainingRun) -> None:
        super().__init__(spec, logs)
        self._run = run

    def _start_workers(self, worker_group: WorkerGroup) -> dict[int, int]:
        """torchelastic takes SIGINT, SIGHUP and SIGQUIT, too: they are given back."""
        with _signals_kept():
            started: dict[int, int] = super()._start_workers(worker_group)
            return started

    def _monitor_workers(self, worker_group: WorkerGroup) -> RunResult:
        if self._run.preemption is not None and self._run.preemption.requested:
            raise SignalException("told to end", signal.SIGTERM)
        result: RunResult = super()._monitor_workers(worker_group)
        if result.state in (WorkerState.FAILED, WorkerState.UNHEALTHY) and result.failures:
            self._tell(result.failures, worker_group.workers[0].world_size)
        return result

    def _tell(self, failures: Mapping[int, ProcessFailure], num_workers: int) -> None:
        worker, failure = _cause(failures)
        checkpoints = self._run.checkpoints
        died = WorkerDied(
            worker=worker,
            num_workers=num_workers,
            exit_code=failure.exitcode,
            restarts_left=self._remaining_restarts,
            step=0 if checkpoints is None else newest_step(checkpoints),
        )
        self._run.progress.tell(died)


def _cause(failures: Mapping[int, ProcessFailure]) -> tuple[int, ProcessFailure]:
    """The process that died first, and how: others end because it did, or because the agent ends them then."""
    killed = (each for each in failures.items() if each[1].exitcode < 0 and each[1].exitcode != CLOSED_BY_AGENT)
    return next(killed, next(iter(failures.items())))


def _command(folder: Path, run: TrainingRun) -> tuple[str, ...]:
    """What `env` starts: a worker, with variables of its own."""
    variables = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TORCH_CPP_LOG_LEVEL": "ERROR"}
    names = {name for _, name in socket.if_nameindex()}
    loopback = next((name for name in LOOPBACKS if name in names), None)
    if run.strategy.type == "mirrored" and loopback is not None:
        variables["GLOO_SOCKET_IFNAME"] = os.environ.get("GLOO_SOCKET_IFNAME", loopback)
    variables["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS", "1")
    settings = (f"{name}={value}" for name, value in variables.items())
    worker = ("-P", "-m", "hagane.training.start_worker", str(folder), str(os.getpid()))
    return *settings, sys.executable, *worker


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """torchelastic tells of its work by warnings; what a user needs to know is told by our errors."""
    loggers = [logging.getLogger(name) for name in (*logging.root.manager.loggerDict,) if name.startswith(ELASTIC)]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@contextmanager
def _stores_of_their_own() -> Iterator[None]:
    """The agent itself reads this: in torch 2.13 a store that it shares with its processes keeps the addresses of those
    that died, and those started again wait for them."""
    before = os.environ.get(OWN_STORES)
    os.environ[OWN_STORES] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(OWN_STORES, None)
        else:
            os.environ[OWN_STORES] = before


@contextmanager
def _raised_as_signal(run: TrainingRun) -> Iterator[None]:
    """SIGTERM raises SignalException, one that came before, too; the handler of before is back afterwards.

    Only the main thread may have handlers. In others the agent looks for the notice.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _raise_signal)
    try:
        if run.preemption is not None and run.preemption.requested:
            _raise_signal(signal.SIGTERM, None)
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)


def _raise_signal(number: int, _: FrameType | None) -> NoReturn:
    raise SignalException("told to end", signal.Signals(number))


@contextmanager
def _signals_kept() -> Iterator[None]:
    """The handlers are afterwards what they are now."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept: dict[int, Callable[[int, FrameType | None], object] | int | None] = {
        number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
    }
    try:
        yield
    finally:
        for number, handler in kept.items():
            if handler is not None:
                signal.signal(number, handler)
