"""`python -m hagane.serving.workers.worker`: a process that serves beside others. Its supervisor starts it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys

import msgspec

from hagane.errors import Fault, HaganeError, ServeError
from hagane.serving.exchange import Exchange
from hagane.serving.serve_on import serve_on
from hagane.serving.workers.travelling_options import options_from_json
from hagane.serving.workers.worker_board import WorkerBoard
from hagane.serving.workers.worker_settings import WorkerSettings, WorkerStatus

BEAT_SECONDS = 0.5
"""How often it shows that its event loop turns."""

_LOG = logging.getLogger("hagane.serving")


def main() -> int:
    """Serve as standard input says; the exit code. What it cannot do is told to the supervisor, not here."""
    settings = msgspec.json.decode(sys.stdin.buffer.read(), type=WorkerSettings)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        _Worker(settings).run()
    except HaganeError as error:
        _tell(settings, _status_of(error))
        return error.exit_code
    except Exception as error:
        _LOG.exception("a worker failed")
        _tell(settings, _status_of(ServeError(Fault(what=f"a worker failed: {type(error).__name__}: {error}"))))
        return 1
    return 0


class _Worker:
    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._board = WorkerBoard(settings.board, settings.num_slots)

    def run(self) -> None:
        settings = self._settings
        with socket.socket(fileno=settings.listener) as listener:
            serve_on(
                listener,
                settings.path,
                grpc_address=settings.grpc_address,
                announce=self._started,
                share=(self._board, settings.slot),
                drain_seconds=settings.drain_seconds,
                observers=(self,) if settings.count_requests else (),
                **options_from_json(settings.options),
            )

    def observe(self, exchange: Exchange) -> None:
        """Count it."""
        self._board.add_request(self._settings.slot)

    def _started(self, message: str) -> None:
        """On the event loop, which takes connections now."""
        self._beat(asyncio.get_running_loop())
        _tell(self._settings, WorkerStatus(message=message))

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        if os.getppid() != self._settings.supervisor:
            os._exit(1)  # where the system does not end the children of a process that was killed
        self._board.beat(self._settings.slot)
        loop.call_later(BEAT_SECONDS, self._beat, loop)


def _status_of(error: HaganeError) -> WorkerStatus:
    faults = [msgspec.to_builtins(fault) for fault in error.faults]
    return WorkerStatus(error=type(error).__name__, faults=faults)


def _tell(settings: WorkerSettings, status: WorkerStatus) -> None:
    try:
        os.write(settings.status, msgspec.json.encode(status) + b"\n")
    except OSError:
        os._exit(1)  # nobody is there any more


if __name__ == "__main__":
    sys.exit(main())
