"""Folders of trainings that may have to go on: they outlive the process, and the same training started again has them.

A run folder is named by what is trained, on what, so that only the very same training finds it. While a process uses
it, it holds the lock beside it; a second run of the same training at the same time gets a folder of its own.
"""

from __future__ import annotations

import itertools
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from hagane.workspace.folder_lock import LOCK_SUFFIX, lock_folder
from hagane.write_aside import write_aside

KEPT_SECONDS = 14 * 24 * 3600
"""What nobody has gone on with for so long is removed by the next training."""
ABOUT_FILE = "run.json"
CHECKPOINTS = "checkpoints"
"""The folder in a run's folder that holds its checkpoints, `step-<number>` each."""
TRIES, PAUSE_SECONDS = 5, 0.02
"""A folder may be locked for a moment by who only looks whether it is used."""


class RunAbout(msgspec.Struct, frozen=True, kw_only=True):
    """What a run folder is of: its `run.json`."""

    name: str
    """The model's."""
    model_type: str
    label: str | tuple[str, ...]
    """As the spec has it."""
    data: str
    """The query or the paths, as the spec has them."""
    spec: str
    """The resolved spec as YAML."""
    started: str = ""
    """When it was begun: ISO 8601, UTC."""
    releases: str = ""
    """Of what it was begun by (`run_releases`): others begin anew."""


@contextmanager
def run_folder(parent: Path, key: str, about: RunAbout | None = None) -> Iterator[Path]:
    """The folder of the run `key` under `parent`, as the last run left it. `remove_run` it when nothing is to go on.

    >>> import tempfile
    >>> parent = Path(tempfile.mkdtemp())
    >>> with run_folder(parent, "a1") as folder, run_folder(parent, "a1") as other:
    ...     print(folder.name, other.name)
    a1 a1-2
    """
    parent.mkdir(parents=True, exist_ok=True)
    folder, lock = _claim(parent, key)
    _remove_old(parent)
    try:
        folder.mkdir(exist_ok=True)
        if about is not None and not (folder / ABOUT_FILE).exists():
            _write_about(folder, about)
        yield folder
    finally:
        if folder.is_dir():
            os.utime(folder)
        else:
            _lock_of(folder).unlink(missing_ok=True)
        os.close(lock)


def read_about(folder: Path) -> RunAbout | None:
    """What the run folder says of itself; None where it says nothing, or nothing that can be read."""
    try:
        return msgspec.json.decode((folder / ABOUT_FILE).read_bytes(), type=RunAbout)
    except (OSError, msgspec.DecodeError):
        return None


def last_written(folder: Path) -> float:
    """When anything in the folder was written last: seconds since 1970."""
    times = []
    for path in (folder, *folder.rglob("*")):
        with suppress(OSError):  # a checkpoint that is just being rotated away
            times.append(path.stat().st_mtime)
    return max(times, default=0.0)


def remove_run(folder: Path) -> None:
    """There is nothing to go on with: the model is made, or cannot be."""
    shutil.rmtree(folder, ignore_errors=True)


def _claim(parent: Path, key: str) -> tuple[Path, int]:
    """The first folder of this key that is there and that nobody uses, else the first that is free; and its lock."""
    left = [folder for folder in (parent / key, *sorted(parent.glob(f"{key}-*"))) if folder.is_dir()]
    free = (parent / (key if number == 1 else f"{key}-{number}") for number in itertools.count(1))
    for folder in itertools.chain(left, free):
        for _ in range(TRIES):
            if (lock := lock_folder(folder)) is not None:
                return folder, lock
            time.sleep(PAUSE_SECONDS)
    raise AssertionError("there is always a free number")


def _write_about(folder: Path, about: RunAbout) -> None:
    started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = msgspec.json.format(msgspec.json.encode(msgspec.structs.replace(about, started=started)))
    write_aside(folder / ABOUT_FILE, text)


def _remove_old(parent: Path) -> None:
    for lock_path in parent.glob(f"*{LOCK_SUFFIX}"):
        folder = lock_path.with_suffix("")
        lock = lock_folder(folder)
        if lock is None:
            continue
        is_old = not folder.is_dir() or time.time() - last_written(folder) > KEPT_SECONDS
        if is_old:
            remove_run(folder)
            lock_path.unlink(missing_ok=True)
        os.close(lock)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + LOCK_SUFFIX)
