"""`Checkpointer`: when checkpoints are written, by a thread of its own, and how many are kept."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from torch import Tensor

from hagane.errors import Fault
from hagane.progress import SILENT, Progress
from hagane.progress.events import CheckpointWritten
from hagane.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from hagane.training.checkpoint_folder import PREFIX, keep_newest, list_checkpoints, remove_partial_checkpoints


@dataclass(frozen=True, kw_only=True)
class CheckpointPolicy:
    """Where and how often. Both intervals may be given; whichever is reached first writes."""

    folder: Path
    every_seconds: float = 30.0
    every_steps: int | None = None
    keep: int = 2
    """The newest of this number stay."""


class Checkpointer:
    """Writes in the background: a step waits for a copy of the tensors, not for the disk.

    `with` it, so that the last one is on the disk at the end. A checkpoint insures a training and does not end it: one
    that a disk refuses is told by a note, and tried again at the next interval; those before it stay.
    """

    def __init__(self, policy: CheckpointPolicy, progress: Progress = SILENT) -> None:
        self.policy = policy
        self._progress = progress
        self.on_written: Callable[[CheckpointWritten], None] | None = None
        """Told, by the thread that writes, when one is on the disk."""
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._writing: Future[None] | None = None
        self._has_told = False
        self._last_time, self._last_step = time.monotonic(), 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._pool.shutdown(wait=True)
        self._settle()

    def latest(self) -> Checkpoint | None:
        """The newest whole one; what is damaged, which a note tells, or half-written is removed."""
        remove_partial_checkpoints(self.policy.folder)
        for path in reversed(list_checkpoints(self.policy.folder)):
            if (found := read_checkpoint(path)) is not None:
                self._last_step = found.step
                return found
            self._progress.note(f"the checkpoint {path.name} is damaged: the one before it is taken")
            shutil.rmtree(path, ignore_errors=True)
        return None

    def begin_from(self, step: int) -> None:
        """The training goes on from `step`: what is newer here, or half-written, is none of it."""
        remove_partial_checkpoints(self.policy.folder)
        for path in list_checkpoints(self.policy.folder):
            if int(path.name.removeprefix(PREFIX)) > step:
                shutil.rmtree(path, ignore_errors=True)
        self._last_step = step

    def is_due(self, step: int) -> bool:
        """Whether `step` is to be saved: an interval is over, and the one before is written."""
        if self._writing is not None and not self._writing.done():
            return False
        if self.policy.every_steps is not None and step - self._last_step >= self.policy.every_steps:
            return True
        return time.monotonic() - self._last_time >= self.policy.every_seconds

    def save(self, step: int, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Copy the tensors now, write them soon."""
        self._settle()
        begun = time.monotonic()
        copies = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
        self._last_time, self._last_step = time.monotonic(), step
        self._writing = self._pool.submit(self._write, Checkpoint(step, copies, facts), begun)

    def wait(self) -> None:
        """Until what was saved last is on the disk. Raises OSError where it could not be written."""
        if self._writing is not None:
            self._writing.result()

    def leave(self, step: int) -> Fault:
        """What whoever ends the training after `save` hears: whether that is on the disk."""
        where = f"step {step:,}"
        try:
            self.wait()
        except OSError as error:
            what = f"training was told to end, and could not save its state: {error.strerror or error}"
            then = "make room, and run the same command again: it goes on from what was saved before"
            return Fault(what=what, where=f"{where}, {self.policy.folder}", next_step=then)
        then = "run the same command again: it goes on from there"
        return Fault(what="training was told to end, and saved its state", where=where, next_step=then)

    def _settle(self) -> None:
        """Wait as `wait` does; say once what a disk refused."""
        try:
            self.wait()
        except OSError as error:
            if not self._has_told:
                self._progress.note(
                    f"a checkpoint could not be written to {self.policy.folder}: {error.strerror or error}; training "
                    "goes on, and tries again"
                )
            self._has_told = True

    def _write(self, checkpoint: Checkpoint, begun: float) -> None:
        path = write_checkpoint(self.policy.folder, checkpoint)
        if self.on_written is not None:
            self.on_written(
                CheckpointWritten(
                    step=checkpoint.step,
                    path=str(path),
                    num_bytes=sum(file.stat().st_size for file in path.iterdir()),
                    duration_seconds=time.monotonic() - begun,
                )
            )
        keep_newest(self.policy.folder, self.policy.keep)
