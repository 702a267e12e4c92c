"""Jobs of small programs that are run for real."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hagane.jobs.events import Event, Line
from hagane.jobs.job import Job, WorkerPool
from hagane.jobs.job_result import JobResult

PRELUDE = """
import json, os, signal, subprocess, sys, time
task = json.loads(os.environ["TF_CONFIG"])["task"]
role, index = task.get("type", "chief"), task.get("index", 0)
"""


@dataclass
class Ran:
    """What a job came to."""

    result: JobResult
    events: list[Event] = field(default_factory=list)

    @property
    def lines(self) -> list[tuple[str, str]]:
        return [(event.replica, event.text) for event in self.events if isinstance(event, Line)]

    def log(self, name: str) -> bytes:
        return (self.result.folder / f"{name}.log").read_bytes()


Run = Callable[..., Ran]


def program(code: str) -> tuple[str, ...]:
    """A command that runs Python code which knows its `role` and `index`."""
    return (sys.executable, "-S", "-c", PRELUDE + code)


def job_of(code: str, *counts: int, name: str = "test") -> Job:
    """The same program in every pool."""
    pools = tuple(WorkerPool(replica_count=count, command=program(code)) for count in counts or (1,))
    return Job(name=name, worker_pools=pools)


def is_alive(pid: int) -> bool:
    """Whether a process runs (a dead one that nobody has asked for does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for it, or fail."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)
