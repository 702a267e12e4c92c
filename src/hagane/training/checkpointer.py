"""`Checkpointer`: when checkpoints are written, by a thread of its own, and how many are kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from torch import Tensor

from hagane.progress.events import CheckpointWritten
from hagane.training.checkpoint import Checkpoint, latest_checkpoint, write_checkpoint
from hagane.training.checkpoint_folder import keep_newest


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

    `with` it, so that the last one is on the disk at the end. An error of the disk is raised by the next `save`, or
    at the end.
    """

    def __init__(self, policy: CheckpointPolicy) -> None:
        self.policy = policy
        self.on_written: Callable[[CheckpointWritten], None] | None = None
        """Told, by the thread that writes, when one is on the disk."""
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._writing: Future[None] | None = None
        self._last_time, self._last_step = time.monotonic(), 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._pool.shutdown(wait=True)
        if kind is None:
            self.wait()

    def latest(self) -> Checkpoint | None:
        """The newest whole one."""
        found = latest_checkpoint(self.policy.folder)
        self._last_step = found.step if found else 0
        return found

    def is_due(self, step: int) -> bool:
        """Whether `step` is to be saved: an interval is over, and the one before is written."""
        if self._writing is not None and not self._writing.done():
            return False
        if self.policy.every_steps is not None and step - self._last_step >= self.policy.every_steps:
            return True
        return time.monotonic() - self._last_time >= self.policy.every_seconds

    def save(self, step: int, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Copy the tensors now, write them soon. Raises OSError of the one before."""
        self.wait()
        begun = time.monotonic()
        copies = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
        self._last_time, self._last_step = time.monotonic(), step
        self._writing = self._pool.submit(self._write, Checkpoint(step, copies, facts), begun)

    def wait(self) -> None:
        """Until what was saved is on the disk. Raises OSError where it could not be written."""
        if self._writing is not None:
            self._writing.result()

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
