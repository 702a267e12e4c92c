"""`Checkpointer`: when checkpoints are written, by a thread of its own, and how many are kept."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from hagane.errors import Fault
from hagane.progress import SILENT, Progress
from hagane.progress.events import CheckpointWritten
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.training.checkpoint_folder import keep_newest, list_checkpoints, remove_partial_checkpoints, step_of


class Savable(Protocol):
    """A checkpoint: what a training needs to go on, in the form that suits its library."""

    @property
    def step(self) -> int:
        """Steps that are done: of an optimizer, of a solver, rounds of trees."""

    def write(self, folder: Path) -> Path:
        """Write it under `folder`; where it lies. Raises OSError, and leaves nothing, where it cannot."""

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The one at `path`; None where it is damaged. Raises OSError where the disk does not give it."""


C = TypeVar("C", bound=Savable)


class Checkpointer(Generic[C]):
    """Writes checkpoints of one kind under `folder`, in the background: a training does not wait for the disk.

    `with` it, so that the last one is on the disk at the end. A checkpoint insures a training and does not end it: one
    that a disk refuses is told by a note, and tried again at the next interval; those before it stay.
    """

    def __init__(self, folder: Path, policy: CheckpointPolicy, kind: type[C], progress: Progress = SILENT) -> None:
        self.folder, self.policy = folder, policy
        self._kind, self._progress = kind, progress
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._writing: Future[None] | None = None
        self._has_told = False
        self._last_time, self._last_step = time.monotonic(), 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._pool.shutdown(wait=True)
        self._settle()

    def latest(self) -> C | None:
        """The newest whole one; what is damaged, which a note tells, or half-written is removed."""
        remove_partial_checkpoints(self.folder)
        for path in reversed(list_checkpoints(self.folder)):
            if (found := self._kind.read(path)) is not None:
                self._last_step = found.step
                return found
            self._progress.note(f"the checkpoint {path.name} is damaged: the one before it is taken")
            shutil.rmtree(path, ignore_errors=True)
        return None

    def of_step(self, step: int) -> C | None:
        """That of a step; None where there is none, or it is damaged."""
        return next((self._kind.read(path) for path in list_checkpoints(self.folder) if step_of(path) == step), None)

    def begin_from(self, step: int) -> None:
        """The training goes on from `step`: what is newer here, or half-written, is none of it."""
        remove_partial_checkpoints(self.folder)
        for path in list_checkpoints(self.folder):
            if step_of(path) > step:
                shutil.rmtree(path, ignore_errors=True)
        self._last_step = step

    def is_step_to_save(self, step: int) -> bool:
        """Whether `step` is a multiple of `every_steps`."""
        return self.policy.every_steps is not None and step % self.policy.every_steps == 0

    def is_due(self, step: int) -> bool:
        """Whether `step` is to be saved: an interval is over, and the one before is written.

        Of steps, an interval ends with each multiple of `every_steps`, wherever the training began.
        """
        if self._writing is not None and not self._writing.done():
            return False
        every = self.policy.every_steps
        if every is not None and step // every > self._last_step // every:
            return True
        return time.monotonic() - self._last_time >= self.policy.every_seconds

    def save(self, checkpoint: C) -> None:
        """Write it soon: what it holds must not change any more."""
        self._settle()
        self._last_time, self._last_step = time.monotonic(), checkpoint.step
        self._writing = self._pool.submit(self._write, checkpoint, self._last_time)

    def wait(self) -> None:
        """Until what was saved last is on the disk. Raises OSError where it could not be written."""
        if self._writing is not None:
            self._writing.result()

    def leave(self, where: str) -> Fault:
        """What whoever ends the training after `save` hears: whether that is on the disk."""
        try:
            self.wait()
        except OSError as error:
            what = f"training was told to end, and could not save its state: {error.strerror or error}"
            then = "make room, and run the same command again: it goes on from what was saved before"
            return Fault(what=what, where=f"{where}, {self.folder}", next_step=then)
        then = "run the same command again: it goes on from there"
        return Fault(what="training was told to end, and saved its state", where=where, next_step=then)

    def _settle(self) -> None:
        """Wait as `wait` does; say once what a disk refused."""
        try:
            self.wait()
        except OSError as error:
            if not self._has_told:
                self._progress.note(
                    f"a checkpoint could not be written to {self.folder}: {error.strerror or error}; training goes on, "
                    "and tries again"
                )
            self._has_told = True

    def _write(self, checkpoint: C, begun: float) -> None:
        path = checkpoint.write(self.folder)
        written = CheckpointWritten(
            step=checkpoint.step,
            path=str(path),
            num_bytes=sum(file.stat().st_size for file in path.iterdir()),
            duration_seconds=time.monotonic() - begun,
        )
        self._progress.tell(written)
        keep_newest(self.folder, self.policy.keep)
