"""`told_events`: what a command does, as events for a program (`--events`)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hagane.errors import Fault, HaganeError, StorageError
from hagane.fronts.cli.console import Output
from hagane.progress import Progress

if TYPE_CHECKING:
    from hagane.progress.event_log import EventLog

STDOUT = "-"


@contextmanager
def told_events(output: Output, place: str | None) -> Iterator[Progress]:
    """The progress to tell within: that of `output`, and beside it a log of events in the file `place`, if any.

    `-` is stdout, which then holds events alone. Whatever ends the work is the log's last line (`error`), and is raised
    again. Raises StorageError where the file cannot be written to, or holds something else.
    """
    if place is None:
        yield output.progress
        return
    if place == STDOUT:
        if output.json:
            raise typer.BadParameter("--events - and --json both write to stdout: name a file for the events")
        output.is_quiet = True
    from hagane.progress.tee import Tee

    with _open_log(place, output) as log:
        try:
            yield Tee(output.progress, log)
        except BaseException as error:
            _tell_failure(log, error)
            raise


def _open_log(place: str, output: Output) -> EventLog:
    from hagane.progress.event_log import EventLog
    from hagane.progress.events import Warned

    def warn(error: OSError) -> None:
        output.progress.tell(Warned(text=f"--events {place} takes no more: {error.strerror}; the work goes on"))

    if place == STDOUT:
        sys.stdout.flush()
        return EventLog(sys.stdout.fileno(), on_loss=warn)
    try:
        if _holds_something_else(Path(place)):
            step = "choose a new file, or one that --events made"
            raise StorageError(Fault(what=f"{place} holds no events", where=f"--events {place}", next_step=step))
        return EventLog.at(Path(place), on_loss=warn)
    except OSError as error:
        what = f"events cannot be written to {place}: {error.strerror}"
        raise StorageError(Fault(what=what, where=f"--events {place}", next_step="choose another place")) from None


def _holds_something_else(path: Path) -> bool:
    """Whether a file is there that lines must not be appended to: data, a spec."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        first = file.read(16)
    return bool(first.strip()) and not first.startswith(b'{"event":')


def _tell_failure(log: EventLog, error: BaseException) -> None:
    from hagane.fronts.cli.run import EXIT_BUG, EXIT_INTERRUPTED, disk_error
    from hagane.fronts.cli.usage_error import UsageError
    from hagane.progress.events import Failed

    known = disk_error(error) if isinstance(error, OSError) else error
    if isinstance(known, HaganeError):
        log.tell(Failed(error=type(known).__name__, faults=known.faults, exit_code=known.exit_code))
    elif isinstance(error, KeyboardInterrupt | typer.Abort):
        log.tell(Failed(error="Interrupted", faults=(Fault(what="interrupted"),), exit_code=EXIT_INTERRUPTED))
    elif isinstance(error, typer.BadParameter):
        log.tell(
            Failed(error="UsageError", faults=(Fault(what=error.format_message()),), exit_code=UsageError.exit_code)
        )
    else:
        what = f"internal error: {type(error).__name__}: {error}"
        log.tell(Failed(error="InternalError", faults=(Fault(what=what),), exit_code=EXIT_BUG))
