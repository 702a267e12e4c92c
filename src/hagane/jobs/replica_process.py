"""`ReplicaProcess`: a replica that runs, with all the processes that it starts in its group."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from hagane.errors import Fault, TrainingError
from hagane.jobs.job_result import ReplicaResult
from hagane.jobs.replica import Replica
from hagane.jobs.replica_output import ReplicaOutput
from hagane.parent_death import ParentDeath
from hagane.signal_name import signal_name

LAST_WAIT_SECONDS = 2.0
"""How long a killed group may take to be gone: a process in the depths of a driver cannot be killed."""
PROCESSES = Path("/proc")


class ReplicaProcess:
    """The leader of a session of its own, from its start until nothing of its process group is left.

    Raises TrainingError where the program cannot be started.
    """

    def __init__(self, replica: Replica, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.replica = replica
        self.output = ReplicaOutput(log)
        self.was_ended = False
        """Whether it was told to end."""
        self.exit_code: int | None = None
        self.signal: str | None = None
        self.is_over = False
        """Whether the process itself has ended."""
        self.is_gone = False
        """Whether nothing is left: no process of the group, no output unread."""
        self._kill_at: float | None = None
        self._killed_at: float | None = None
        self._has_asked_group = False
        self._started_at = time.monotonic()
        self._seconds: float | None = None
        self._process = self._start(command, environment)
        self.exit_notice: int | None = _exit_notice(self._process.pid)
        """A descriptor that is readable once the process has ended, where the system has such a thing."""

    def _start(self, command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self.output.writer,
                stderr=self.output.writer,
                env=environment,
                start_new_session=True,
                preexec_fn=ParentDeath(),  # noqa: PLW1509  # it calls only what its parent has loaded
            )
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            self.output.close()
            why = getattr(error, "strerror", None) or str(error)
            what = f"{self.replica.name} cannot be started: {command[0]}: {why}"
            raise TrainingError(Fault(what=what, next_step="check the program, and the interpreter")) from None
        finally:
            self.output.close_writer()

    @property
    def pid(self) -> int:
        """The process, and its group."""
        return self._process.pid

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return time.monotonic() - self._started_at if self._seconds is None else self._seconds

    @property
    def failed(self) -> bool:
        """Whether it ended badly without being told to end."""
        return self.is_over and not self.was_ended and self.exit_code != 0

    def poll(self) -> bool:
        """Whether the process has ended since the last call."""
        if self.is_over or (code := self._process.poll()) is None:
            return False
        self._seconds = self.seconds
        self.is_over = True
        if self.exit_notice is not None:
            os.close(self.exit_notice)
            self.exit_notice = None
        self.exit_code, self.signal = (code, None) if code >= 0 else (None, signal_name(-code))
        return True

    def end(self, grace_seconds: float) -> None:
        """Ask the process to end (SIGTERM), and have its group killed when the grace period is over.

        The process alone is asked at first: it may need the others of its group (those that load its data) to save
        what it has. What is left when it has ended is asked then.
        """
        if self._kill_at is None:
            self._kill_at = time.monotonic() + grace_seconds
            if self._process.poll() is None:
                self.was_ended = True
                self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the whole group."""
        if not self.is_gone:
            self.was_ended = self.was_ended or self._process.poll() is None
            self._killed_at = self._killed_at or time.monotonic()
            self._signal_group(signal.SIGKILL)

    def press(self, grace_seconds: float) -> None:
        """Look after it, now and then: ask what an ended process left behind to end, kill what stays too long."""
        if self.is_over and not self._has_asked_group:
            self._has_asked_group = True
            self._kill_at = self._kill_at or time.monotonic() + grace_seconds
            self._signal_group(signal.SIGTERM)
        if self._kill_at is not None and time.monotonic() >= self._kill_at and self._killed_at is None:
            self.kill()

    def settle(self) -> list[str]:
        """Once no process of the group is left: the last lines. `is_gone` says that it is so."""
        if self.is_gone or not self.is_over or (_lives(self.pid) and not self._has_waited()):
            return []
        self.is_gone = True
        return self.output.drain()

    def result(self) -> ReplicaResult:
        """How it ended."""
        return ReplicaResult(
            name=self.replica.name,
            exit_code=self.exit_code,
            signal=self.signal,
            seconds=round(self.seconds, 3),
            was_ended=self.was_ended,
            log=self.output.log,
            last_lines=self.output.last_lines,
        )

    def _has_waited(self) -> bool:
        return self._killed_at is not None and time.monotonic() - self._killed_at > LAST_WAIT_SECONDS

    def _signal_group(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def _lives(group: int) -> bool:
    """Whether a process of the group is left that is not dead: the dead stay until somebody asks for them."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    states = [found for each in PROCESSES.glob("[0-9]*/stat") if (found := _state_and_group(each)) is not None]
    return not states or any(state not in "ZX" for state, its_group in states if its_group == group)


def _state_and_group(stat: Path) -> tuple[str, int] | None:
    """From proc(5): the fields behind the program's name, which may hold anything."""
    try:
        fields = stat.read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[2])


def _exit_notice(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
