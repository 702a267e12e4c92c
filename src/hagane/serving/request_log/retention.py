"""`expire`: hours that are too old, or that no longer fit, are deleted: whole, the oldest first."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from hagane.serving.request_log.log_folder import KINDS, Kind, LogFolder, hour_bytes
from hagane.serving.request_log.log_options import LogOptions
from hagane.write_aside import write_aside

HOUR_SECONDS = 3600
LATE_SECONDS = 300
"""An hour is being written until so long after its end."""


class Expired(msgspec.Struct, frozen=True):
    """What was deleted, and what is left."""

    hours: tuple[str, ...] = ()
    """`requests/dt=2026-11-21/hh=15`, the oldest first."""
    num_bytes: int = 0
    left_bytes: int = 0
    """On disk after that: more than the limit only where what is being written alone is."""


def first_open_hour(now_seconds: float) -> int:
    """The first hour that may still be written to: neither it nor a later one is merged or deleted."""
    return int(now_seconds - LATE_SECONDS) // HOUR_SECONDS


def expire(folder: LogFolder, options: LogOptions, now_seconds: float, *, dry_run: bool = False) -> Expired:
    """Delete by age, then by size. Hold the log's lock alone. Raises OSError.

    An hour is too old when its end is; the limit of size is for requests and feedback together.
    """
    sizes = {(hour, kind): hour_bytes(path) for kind in KINDS for hour, path in folder.hours(kind).items()}
    left, gone = sum(sizes.values()), []
    open_hour = first_open_hour(now_seconds)
    oldest = None if options.max_age_days is None else now_seconds - options.max_age_days * 24 * HOUR_SECONDS
    for hour, kind in sorted(sizes):
        is_old = oldest is not None and (hour + 1) * HOUR_SECONDS <= oldest
        is_too_much = options.max_bytes is not None and left > options.max_bytes
        if hour < open_hour and (is_old or is_too_much):
            gone.append((hour, kind))
            left -= sizes[hour, kind]
    if not dry_run:
        _note(folder, [hour for hour, kind in gone if kind == "requests"])
        for hour, kind in gone:
            remove_hour(folder, kind, hour)
    names = tuple(folder.hour_path(kind, hour).relative_to(folder.path).as_posix() for hour, kind in gone)
    return Expired(names, sum(sizes[each] for each in gone), left)


def last_cleaned(folder: LogFolder) -> int | None:
    """The last hour of requests that was deleted; None where none was."""
    try:
        return int(folder.cleaned_path.read_text())
    except (OSError, ValueError):
        return None


def _note(folder: LogFolder, hours: list[int]) -> None:
    """Who sums hours up can tell one that is gone from one in which nothing came. A full disk must not keep it full."""
    if hours:
        with contextlib.suppress(OSError):
            write_aside(folder.cleaned_path, str(max(*hours, last_cleaned(folder) or 0)).encode())


def remove_hour(folder: LogFolder, kind: Kind, hour: int) -> None:
    """Delete all files of an hour, then its folder, and the day's where it is empty."""
    path = folder.hour_path(kind, hour)
    for file in _files(path):
        file.unlink(missing_ok=True)
    for each in (path, path.parent):
        with contextlib.suppress(OSError):  # a late file came, or other hours are there
            each.rmdir()


def _files(path: Path) -> list[Path]:
    """Merged files last: those that they stand for would count again without them."""
    return (
        sorted(path.iterdir(), key=lambda file: (file.name.startswith("merged-"), file.name)) if path.is_dir() else []
    )
