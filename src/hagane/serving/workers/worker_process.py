"""`WorkerProcess`: a worker as its supervisor sees it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import msgspec

from hagane.errors import Fault, ServeError
from hagane.parent_death import ParentDeath
from hagane.serving.workers.worker_settings import WorkerSettings, WorkerStatus
from hagane.signal_name import signal_name

_COMMAND = (sys.executable, "-m", "hagane.serving.workers.worker")


class WorkerProcess:
    """A process of its own session, so that Ctrl-C of a terminal reaches its supervisor alone. Started when made.

    `settings` gets the status pipe and makes the rest. Raises ServeError where no process can be started.
    """

    def __init__(self, slot: int, settings: Callable[[int], WorkerSettings]) -> None:
        self.slot = slot
        self.is_ready = False
        """Whether it takes connections."""
        self.message = ""
        """Its start message."""
        self.status: WorkerStatus | None = None
        """Why it could not start."""
        self.end_by: float | None = None
        """When it is to be gone, in seconds of `time.monotonic`; None while nobody has told it to end."""
        self._begin = time.monotonic()
        self.status_pipe, writer = os.pipe()
        os.set_blocking(self.status_pipe, False)
        self._told = b""
        told = settings(writer)
        descriptors = [told.listener, told.board, writer]
        try:
            self._process = subprocess.Popen(
                _COMMAND,
                stdin=subprocess.PIPE,
                pass_fds=descriptors,
                start_new_session=True,
                preexec_fn=ParentDeath(),  # noqa: PLW1509  # it calls only what its parent has loaded
            )
        except (OSError, subprocess.SubprocessError) as error:
            os.close(self.status_pipe)
            raise ServeError(Fault(what=f"no worker can be started: {error}")) from None
        finally:
            os.close(writer)
        self._tell(msgspec.json.encode(told))

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def seconds(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self._begin

    @property
    def is_told_to_end(self) -> bool:
        """Whether its end is wanted."""
        return self.end_by is not None

    def read_status(self) -> None:
        """Take what it told: it is ready, or why it cannot be."""
        while True:
            try:
                chunk = os.read(self.status_pipe, 65_536)
            except BlockingIOError:
                return
            if not chunk:
                return
            self._told += chunk
            *lines, self._told = self._told.split(b"\n")
            for line in lines:
                status = msgspec.json.decode(line, type=WorkerStatus)
                if status.error:
                    self.status = status
                else:
                    self.is_ready, self.message = True, status.message

    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    def close(self) -> None:
        """To be called once it has ended."""
        os.close(self.status_pipe)

    def how_it_ended(self) -> str:
        """For the log: `was killed by SIGKILL`, `ended with exit code 1`."""
        code = self._process.poll() or 0
        return f"was killed by {signal_name(-code)}" if code < 0 else f"ended with exit code {code}"

    def stop(self, seconds: float) -> None:
        """Ask it to finish what is in flight and end; asked twice, it does not wait for that."""
        self._end(signal.SIGTERM, seconds)

    def retire(self, seconds: float) -> None:
        """Ask it to take no more connections, and to end once those that it has are done with."""
        self._end(signal.SIGUSR1, seconds)

    def kill(self) -> None:
        """End it at once."""
        if not self.has_ended():
            self._process.kill()

    def wait(self) -> None:
        """Until it is gone."""
        self._process.wait()

    def _end(self, number: signal.Signals, seconds: float) -> None:
        end_by = time.monotonic() + seconds
        self.end_by = end_by if self.end_by is None else min(end_by, self.end_by)
        if not self.has_ended():
            self._process.send_signal(number if self.is_ready else signal.SIGTERM)

    def _tell(self, text: bytes) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        try:
            pipe.write(text)
            pipe.close()
        except BrokenPipeError:
            pass  # it is gone already: that is seen, and told, elsewhere
