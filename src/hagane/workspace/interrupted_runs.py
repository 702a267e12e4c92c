"""`interrupted_runs`: the trainings that can go on, what they hold, and their removal."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from hagane.errors import Fault, NotFoundError, StorageError, nearest
from hagane.training.checkpoint_folder import newest_checkpoint, newest_step, step_of
from hagane.workspace.folder_lock import LOCK_SUFFIX, lock_folder
from hagane.workspace.run_folder import CHECKPOINTS, RunAbout, read_about, remove_run
from hagane.workspace.run_releases import run_releases


class InterruptedRun(msgspec.Struct, frozen=True, kw_only=True):
    """One training that was ended before its model was made, or that runs now."""

    id: str
    """Its folder's name."""
    folder: Path
    is_running: bool
    about: RunAbout | None
    """None where its `run.json` is damaged."""
    step: int
    """Of the newest checkpoint; 0 where there is none yet."""
    num_bytes: int
    last_saved: str | None
    """When the newest checkpoint was written: ISO 8601, UTC; None where there is none."""
    last_written: str
    """When anything in it was."""

    @property
    def age_seconds(self) -> float | None:
        """Since the newest checkpoint was written; None where there is none."""
        if self.last_saved is None:
            return None
        return (datetime.now(UTC) - datetime.fromisoformat(self.last_saved)).total_seconds()

    @property
    def can_go_on(self) -> bool:
        """Whether the releases here are those that it was begun by: others do not find it, and begin anew."""
        return self.about is not None and self.about.releases == run_releases()

    def as_json(self) -> dict[str, object]:
        """The fields as plain values beside those of its description, the spec left out: `about.spec` has it."""
        found: dict[str, object] = msgspec.to_builtins(self, enc_hook=str)
        about = found.pop("about") or {}
        assert isinstance(about, dict)
        about.pop("spec", None)
        return {"id": found.pop("id"), **about, **found, "can_go_on": self.can_go_on}


def interrupted_runs(parent: Path) -> tuple[InterruptedRun, ...]:
    """Every run folder under `parent`, the one written last first.

    >>> interrupted_runs(Path("nowhere"))
    ()
    """
    folders = [entry for entry in parent.iterdir() if entry.is_dir()] if parent.is_dir() else []
    return tuple(sorted(map(_run, folders), key=lambda run: run.last_written, reverse=True))


def delete_run(parent: Path, run_id: str) -> InterruptedRun:
    """Remove a run's folder; what it was. `run_id` may be the beginning of one id.

    Raises NotFoundError with the nearest id, and StorageError for a run that a process is working on.
    """
    found = find_run(parent, run_id)
    lock = lock_folder(found.folder)
    if lock is None:
        step = "end that process first, or wait"
        raise StorageError(Fault(what=f"the run {found.id} is going on", where=str(found.folder), next_step=step))
    remove_run(found.folder)
    found.folder.with_name(found.folder.name + LOCK_SUFFIX).unlink(missing_ok=True)
    os.close(lock)
    return found


def find_run(parent: Path, run_id: str) -> InterruptedRun:
    """The run of this id, or the only one whose id begins so. Raises NotFoundError."""
    runs = interrupted_runs(parent)
    same = [run for run in runs if run.id == run_id] or [run for run in runs if run_id and run.id.startswith(run_id)]
    if len(same) == 1:
        return same[0]
    what = f"'{run_id}' begins {len(same)} runs' ids" if same else f"no run '{run_id}'"
    near = same[0].id if same else nearest(run_id, [run.id for run in runs])
    raise NotFoundError(Fault(what=what, where=str(parent), nearest=near, next_step="hagane runs list"))


def saved_step(folder: Path) -> int:
    """The step of the newest checkpoint in a run's folder; 0 where there is none."""
    return newest_step(folder / CHECKPOINTS)


def _run(folder: Path) -> InterruptedRun:
    files = [path for path in folder.rglob("*") if path.is_file()]
    statuses = [status for path in files if (status := _status(path)) is not None]
    written = max((status.st_mtime for status in statuses), default=folder.stat().st_mtime)
    saved = newest_checkpoint(folder / CHECKPOINTS)
    return InterruptedRun(
        id=folder.name,
        folder=folder,
        is_running=_is_running(folder),
        about=read_about(folder),
        step=step_of(saved) if saved else 0,
        num_bytes=sum(status.st_size for status in statuses),
        last_saved=_moment(_saved_at(saved)) if saved else None,
        last_written=_moment(written),
    )


def _saved_at(checkpoint: Path) -> float:
    """When the checkpoint was written, seconds since 1970: its files were before it was renamed."""
    status = _status(checkpoint)
    return time.time() if status is None else status.st_mtime  # a newer one has just taken its place


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _status(path: Path) -> os.stat_result | None:
    """None where its owner has just removed it."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _is_running(folder: Path) -> bool:
    """Whether a process works on it."""
    if not folder.with_name(folder.name + LOCK_SUFFIX).exists():
        return False
    lock = lock_folder(folder)
    if lock is not None:
        os.close(lock)
    return lock is None
