"""`JobResult`: how a job ended, and each of its replicas."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Literal

import msgspec

State = Literal["succeeded", "failed", "interrupted"]

TOLD_LINES = 20
"""How many of a failing replica's last lines are shown."""


class ReplicaResult(msgspec.Struct, frozen=True, kw_only=True):
    """One replica of the last attempt."""

    name: str
    exit_code: int | None
    """What it exited with; None where a signal ended it, or where it ran on another machine that has gone."""
    signal: str | None
    seconds: float
    was_ended: bool
    """Whether the launcher ended it."""
    log: Path | None
    """All that it wrote; None for a replica of another machine."""
    last_lines: tuple[str, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Whether it ended well, or was ended when it was needed no more."""
        return self.exit_code == 0 or self.was_ended

    @property
    def how(self) -> str:
        """How it ended, in words.

        >>> ReplicaResult(name="ps-0", exit_code=None, signal="SIGTERM", seconds=1, was_ended=True, log=None).how
        'ended'
        """
        if self.was_ended:
            return "ended"
        return f"exit code {self.exit_code}" if self.signal is None else f"ended by {self.signal}"


class JobResult(msgspec.Struct, frozen=True, kw_only=True):
    """How the job ended."""

    name: str
    folder: Path
    """Logs, `job.json`, and the outputs that have no other place."""
    state: State
    exit_code: int
    """0, or that of the replica that failed first; 128 + the signal's number where one ended it."""
    failed: str | None
    """The replica that failed first."""
    signal: str | None
    """The signal that interrupted the launcher."""
    replicas: tuple[ReplicaResult, ...]
    num_restarts: int
    seconds: float

    def replica(self, name: str) -> ReplicaResult:
        """The replica of that name. Raises KeyError."""
        for replica in self.replicas:
            if replica.name == name:
                return replica
        raise KeyError(name)


def exit_code_of(exit_code: int | None, signal_name: str | None) -> int:
    """What the launcher exits with for a replica that ended so: its code, or 128 + the signal, as shells do.

    >>> exit_code_of(3, None), exit_code_of(None, "SIGKILL")
    (3, 137)
    """
    if exit_code is not None:
        return exit_code
    return 128 + signal.Signals[signal_name] if signal_name and signal_name in signal.Signals.__members__ else 1
