"""What a person, or a program, sees of a job that runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from hagane.fronts.cli.console import Output
from hagane.jobs.events import Ended, Event, Exited, Line, Note, Restarted, event_json
from hagane.jobs.job import Job
from hagane.jobs.line_reader import without_colours

COLOURS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)
"""ANSI's, by replica: cyan, green, yellow, magenta, blue, and the same bright."""


def replica_names(job: Job) -> list[str]:
    """The replicas of a job in their order.

    >>> from hagane.jobs.job import WorkerPool
    >>> replica_names(Job(name="a", worker_pools=(WorkerPool(replica_count=1), WorkerPool(replica_count=2))))
    ['chief-0', 'worker-0', 'worker-1']
    """
    pools = zip(job.roles, job.worker_pools, strict=False)
    return [f"{role}-{index}" for role, pool in pools for index in range(pool.replica_count)]


class LaunchScreen:
    """Lines on stdout, each after its replica's name; what the launcher has to say on stderr."""

    def __init__(self, names: Iterable[str], output: Output) -> None:
        known = list(names)
        width = max(map(len, known), default=0)
        self._output = output
        self._has_failed = False
        self._has_colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self._prefixes = {name: self._prefix(f"{name:<{width}}", index) for index, name in enumerate(known)}

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Line(replica=name, text=text):
                shown = text if self._has_colours else without_colours(text)
                sys.stdout.write(f"{self._prefixes[name]}{shown}\n")
                sys.stdout.flush()
            case Note(text=text):
                self._output.progress.note(text)
            case Exited(was_ended=False) if event.exit_code != 0 and not self._has_failed:
                self._has_failed = True
                how = f"exit code {event.exit_code}" if event.signal is None else f"ended by {event.signal}"
                self._output.progress.note(f"{event.replica} failed: {how}; the others are being ended")
            case Restarted(failed=name, restart=restart, max_restarts=most):
                self._has_failed = False
                self._output.progress.note(f"{name} failed: restart {restart} of {most}")
            case Ended(state="interrupted"):
                self._output.progress.note(
                    f"the job was interrupted after {event.seconds:.1f} s; logs in {event.folder}"
                )
            case Ended(state="succeeded"):
                self._output.progress.note(f"the job succeeded in {event.seconds:.1f} s; logs in {event.folder}")

    def _prefix(self, name: str, index: int) -> str:
        if not self._has_colours:
            return f"{name} | "
        return f"\x1b[{COLOURS[index % len(COLOURS)]}m{name} |\x1b[0m "


class JsonScreen:
    """A line of JSON an event on stdout."""

    def __call__(self, event: Event) -> None:
        """Print one event."""
        sys.stdout.write(event_json(event) + "\n")
        sys.stdout.flush()
