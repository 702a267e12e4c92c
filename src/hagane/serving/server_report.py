"""`ServerReport`: what a server tells of itself: what it serves of its endpoint, and what it could not take."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from typing import Literal

import msgspec

ModelState = Literal["START", "LOADING", "AVAILABLE", "UNLOADING", "END"]
"""TensorFlow Serving's states of a version."""


class ModelStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One deployed model in one server."""

    id: str
    """The deployed model's."""
    model: str
    version: int
    state: ModelState
    error: str = ""
    """Why it was not taken."""


class ServerReport(msgspec.Struct, frozen=True, kw_only=True):
    """One server process of an endpoint.

    >>> server_report = ServerReport(endpoint="late", host=host_name(), process=os.getpid(), started=start_time())
    >>> server_report.is_alive()
    True
    """

    endpoint: str
    host: str
    process: int
    started: float
    """When the process began, as the system counts it: a process number is given out again."""
    url: str = ""
    revision: int = 0
    """The revision of the endpoint that is served."""
    wanted_revision: int = 0
    """The newest that it knows: greater while it is being loaded, and when it could not be taken."""
    models: tuple[ModelStatus, ...] = ()
    problem: str = ""
    """Why the wanted revision is not the served one."""
    changed: str = ""
    """When this was told: ISO 8601, UTC."""

    @property
    def server(self) -> str:
        """The server's name: no other process has it, not even a later one of the same number."""
        return f"{self.host}:{self.process}:{self.started:.0f}"

    def is_alive(self) -> bool:
        """False where its process is known to be gone; of another machine's processes nothing is known."""
        return self.host != host_name() or start_time(self.process) == self.started


def host_name() -> str:
    """This machine's name."""
    return socket.gethostname()


def start_time(process: int | None = None) -> float | None:
    """When a process of this machine began, in ticks; None where there is none (any more).

    Where the system does not tell, 0 for one that lives.
    """
    process = os.getpid() if process is None else process
    with contextlib.suppress(OSError, ValueError, IndexError):
        return float(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19])
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return None
    except OSError:
        pass
    return None if Path("/proc/self/stat").exists() else 0.0
