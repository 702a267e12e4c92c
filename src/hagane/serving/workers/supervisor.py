"""`Supervisor`: starts the workers, watches them, replaces those that end, and ends them all."""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from hagane import errors
from hagane.errors import Fault, HaganeError, ServeError
from hagane.serving.http_server import RETIRE_SECONDS, SHUTDOWN_SECONDS
from hagane.serving.workers.worker_board import WorkerBoard
from hagane.serving.workers.worker_process import WorkerProcess
from hagane.serving.workers.worker_settings import WorkerSettings

HANG_SECONDS = 30.0
"""A worker whose event loop has not turned for so long is killed."""
STEADY_SECONDS = 5.0
"""A worker that lived longer is replaced at once; so are the first `FREE_FAILURES` others, the next after a pause."""
FREE_FAILURES = 3
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
MOST_START_FAILURES = 5
"""After so many workers that never took connections, one after the other, and with no other left, the server ends."""
KILL_SECONDS = 5.0
"""How much longer than it may take a worker is given to be gone."""
_TICK_SECONDS = 0.25
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)

_LOG = logging.getLogger("hagane.serving")


class Supervisor:
    """Keeps `num_workers` processes serving on `listener` from `run` on, until SIGTERM or SIGINT.

    A worker that ends is replaced: at once, or after a pause that doubles where workers do not live long. SIGHUP
    replaces them all, one after the other: the new one takes connections before the old one stops to. `announce` gets
    the start message when all are ready; `on_replace` is called for each that ended without being told to. It holds no
    model: what can go wrong goes wrong in a worker.
    """

    def __init__(
        self,
        listener: socket.socket,
        num_workers: int,
        settings: WorkerSettings,
        announce: Callable[[str], object],
        *,
        max_requests: int | None = None,
        hang_seconds: float = HANG_SECONDS,
        on_replace: Callable[[], object] = lambda: None,
    ) -> None:
        self._num_workers, self._settings, self._announce = num_workers, settings, announce
        self._max_requests, self._hang_seconds = max_requests, hang_seconds
        self._listener, self._on_replace = listener, on_replace
        self._board = WorkerBoard.create(2 * num_workers)
        self._workers: list[WorkerProcess] = []
        self._to_replace: deque[WorkerProcess] = deque()
        self._successor: tuple[WorkerProcess, WorkerProcess] | None = None
        """A worker that is to end, and the one that is being started for it."""
        self._announced = False
        self._is_ending = False
        self._failures = self._start_failures = 0
        self._next_start = 0.0
        self._last_fault: HaganeError | None = None
        self._last_look = time.monotonic()
        self._signals: deque[int] = deque()
        self._selector = selectors.DefaultSelector()

    def run(self) -> None:
        """Until all workers have ended after SIGTERM or SIGINT. Raises what a worker raised that could not start."""
        if threading.current_thread() is not threading.main_thread():
            raise ServeError(
                Fault(what="several workers can be served from the main thread alone", next_step="workers=1")
            )
        with self._handle_signals(), contextlib.closing(self._selector):
            try:
                while not (self._is_ending and not self._workers):
                    self._turn()
            finally:
                for worker in self._workers:
                    worker.kill()
                for worker in self._workers:
                    worker.wait()
                    worker.close()
                os.close(self._board.descriptor)

    def _turn(self) -> None:
        """Look after everything once: signals, what workers told, who ended, who hangs, who is to be started."""
        self._fill_up()
        for key, _ in self._selector.select(_TICK_SECONDS):
            if isinstance(key.data, WorkerProcess):
                key.data.read_status()
            else:
                with contextlib.suppress(BlockingIOError):
                    os.read(key.fd, 4096)
        while self._signals:
            self._on_signal(self._signals.popleft())
        for worker in list(self._workers):
            if worker.has_ended():
                self._on_end(worker)
        self._roll()
        self._watch()
        if not self._announced and self._ready() == self._num_workers:
            self._announced = True
            self._announce(self._workers[0].message)

    # starting

    def _fill_up(self) -> None:
        """Start workers for those that are missing, unless the last ones died too fast."""
        if self._is_ending or time.monotonic() < self._next_start:
            return
        missing = self._num_workers - sum(not worker.is_told_to_end for worker in self._workers)
        missing += self._successor is not None and self._successor[0] in self._workers
        for _ in range(missing):
            if self._start() is None:
                return

    def _start(self) -> WorkerProcess | None:
        """A new worker; None while those that are ending still take all places."""
        taken = {worker.slot for worker in self._workers}
        slot = next((slot for slot in range(self._board.num_slots) if slot not in taken), None)
        if slot is None:
            return None
        self._board.close(slot)

        def settings(status: int) -> WorkerSettings:
            return msgspec.structs.replace(
                self._settings,
                listener=self._listener.fileno(),
                board=self._board.descriptor,
                status=status,
                slot=slot,
                num_slots=self._board.num_slots,
                supervisor=os.getpid(),
            )

        worker = WorkerProcess(slot, settings)
        self._workers.append(worker)
        self._selector.register(worker.status_pipe, selectors.EVENT_READ, worker)
        return worker

    def _ready(self) -> int:
        return sum(worker.is_ready and not worker.is_told_to_end for worker in self._workers)

    # ending

    def _on_end(self, worker: WorkerProcess) -> None:
        """A worker is gone: as it was told to, or by itself."""
        worker.read_status()
        self._workers.remove(worker)
        self._selector.unregister(worker.status_pipe)
        worker.close()
        self._board.close(worker.slot)
        if worker.is_told_to_end:
            return
        fault = _error_of(worker)
        if not self._announced and fault is not None:
            raise fault
        if self._successor is not None and worker is self._successor[1]:
            self._give_up_rolling(worker, fault)
            return
        self._last_fault = fault or self._last_fault
        self._start_failures = 0 if worker.is_ready else self._start_failures + 1
        if self._start_failures >= MOST_START_FAILURES and not any(each.is_ready for each in self._workers):
            raise self._last_fault or _never_started(worker)
        self._replace(worker, fault)

    def _replace(self, worker: WorkerProcess, fault: HaganeError | None) -> None:
        """Have another one started, at once or after a pause, and say so."""
        self._on_replace()
        self._failures = self._failures + 1 if worker.seconds < STEADY_SECONDS or not worker.is_ready else 0
        too_many = self._failures - FREE_FAILURES - 1
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**too_many) if too_many >= 0 else 0.0
        self._next_start = time.monotonic() + pause
        later = f" in {pause:.1f} s" if pause else ""
        why = f": {fault.faults[0].what}" if fault is not None else ""
        _LOG.warning("worker %d %s%s; another one is started%s", worker.pid, worker.how_it_ended(), why, later)

    def _on_signal(self, number: int) -> None:
        if number == signal.SIGHUP and not self._is_ending:
            going = [worker for worker in self._workers if not worker.is_told_to_end]
            self._to_replace.extend(worker for worker in going if worker not in self._to_replace)
        elif number in (signal.SIGINT, signal.SIGTERM):
            seconds = KILL_SECONDS + (0 if self._is_ending else self._settings.drain_seconds + SHUTDOWN_SECONDS)
            self._is_ending = True
            self._listener.close()  # workers have it still, as long as they take connections
            for worker in self._workers:
                worker.stop(seconds)

    # replacing

    def _roll(self) -> None:
        """Replace workers one after the other: the successor takes connections before the old one stops to."""
        if self._is_ending:
            return
        if self._successor is not None:
            old, new = self._successor
            if not new.is_ready:
                return
            self._successor = None
            old.retire(RETIRE_SECONDS + SHUTDOWN_SECONDS + KILL_SECONDS)
        while self._to_replace and (self._to_replace[0] not in self._workers or self._to_replace[0].is_told_to_end):
            self._to_replace.popleft()
        if self._to_replace and self._ready() == self._num_workers:
            new_worker = self._start()
            if new_worker is not None:
                self._successor = self._to_replace.popleft(), new_worker

    def _give_up_rolling(self, worker: WorkerProcess, fault: HaganeError | None) -> None:
        why = fault.faults[0].what if fault is not None else f"the new one {worker.how_it_ended()}"
        _LOG.error("the workers are not replaced, those from before go on: %s", why)
        self._successor = None
        self._to_replace.clear()

    # watching

    def _watch(self) -> None:
        """Kill who hangs or takes too long to end; retire who has answered enough."""
        now = time.monotonic()
        was_away = now - self._last_look > self._hang_seconds / 2  # the machine was: no worker can be blamed
        self._last_look = now
        for worker in self._workers:
            if worker.end_by is not None:
                if now > worker.end_by:
                    worker.kill()
            elif worker.is_ready and was_away:
                self._board.beat(worker.slot)
            elif worker.is_ready and self._board.seconds_since_beat(worker.slot) > self._hang_seconds:
                _LOG.error("worker %d has not moved for %g s: it is killed", worker.pid, self._hang_seconds)
                worker.kill()
            elif self._has_answered_enough(worker):
                self._to_replace.append(worker)

    def _has_answered_enough(self, worker: WorkerProcess) -> bool:
        """Whether it is to be replaced for that, and is not yet in line."""
        if not self._max_requests or self._board.requests(worker.slot) < self._max_requests:
            return False
        return worker not in self._to_replace and (self._successor is None or self._successor[0] is not worker)

    @contextlib.contextmanager
    def _handle_signals(self) -> Iterator[None]:
        """Signals are noted, and wake the selector."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        self._selector.register(reader, selectors.EVENT_READ)
        before = {number: signal.signal(number, lambda each, _: self._signals.append(each)) for number in _SIGNALS}
        wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(reader)
            os.close(writer)


def _never_started(worker: WorkerProcess) -> ServeError:
    next_step = "see its lines in the log above"
    return ServeError(Fault(what=f"no worker starts: the last one {worker.how_it_ended()}", next_step=next_step))


def _error_of(worker: WorkerProcess) -> HaganeError | None:
    """What the worker told of its end."""
    status = worker.status
    if status is None:
        return None
    kind: Any = getattr(errors, status.error, ServeError)
    faults = [msgspec.convert(fault, Fault) for fault in status.faults]
    error: HaganeError = kind(*faults)
    return error
