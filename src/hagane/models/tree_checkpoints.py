"""`TreeCheckpoints`: a training of trees that can go on after its process is gone.

A checkpoint holds the model's text, the sums of all rows, and the `RoundState`.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.errors import Fault, PreemptedError
from hagane.models.family import FitContext, Iteration
from hagane.models.growing_trees import GrowingTrees, Grown
from hagane.progress.events import CheckpointWritten, Resumed
from hagane.training.array_checkpoint import ArrayCheckpoint, latest_arrays, write_arrays
from hagane.training.checkpoint_folder import keep_newest, remove_partial_checkpoints
from hagane.training.early_stopping import EarlyStopping


class RoundState(msgspec.Struct, kw_only=True):
    """Where a training stands between two rounds, besides its trees and sums."""

    round_number: int = 0
    """Rounds that are done."""
    watch: EarlyStopping = msgspec.field(default_factory=lambda: EarlyStopping(patience=1, min_rel_progress=0.0))
    """Of boosting: a forest's trees do not depend on one another."""
    curve: list[Iteration] = []
    duration_ms: float = 0.0
    """Of all rounds of a forest, which are one iteration."""
    is_over: bool = False


class Saved(NamedTuple):
    """What a checkpoint held."""

    grown: Grown
    state: RoundState


class TreeCheckpoints:
    """Those of one fit, written by a thread of their own. `with` it, so that the last one is on the disk at the end.

    Without `context.checkpoints` nothing is kept, and a notice to end only ends. A disk that refuses a checkpoint does
    not end the training: it is told by a note, and tried again.
    """

    def __init__(self, context: FitContext, *, is_kept: bool = True) -> None:
        self._folder = context.checkpoints if is_kept else None
        self._preemption, self._progress = context.preemption, context.progress
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._writing: Future[None] | None = None
        self._asked = context.training.checkpoint
        self._last, self._last_round = time.monotonic(), 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
                 ) -> None:  # fmt: skip
        self._pool.shutdown(wait=True)
        self._settle()

    def latest(self) -> Saved | None:
        """What an earlier process left of this very fit."""
        if self._folder is None:
            return None
        remove_partial_checkpoints(self._folder)
        found = latest_arrays(self._folder)
        if found is None:
            return None
        arrays, state = found.arrays, msgspec.convert(found.facts, RoundState)
        self._last_round = state.round_number
        self._progress.tell(Resumed(step=state.round_number, iteration=len(state.curve)))
        return Saved(Grown(arrays["model"].tobytes().decode("ascii"), arrays["train"], arrays.get("eval")), state)

    def after_round(self, trees: GrowingTrees, state: RoundState) -> None:
        """Save where a checkpoint is due. Raises PreemptedError, once all is saved, at a notice to end."""
        if self._preemption is not None and self._preemption.requested:
            self._leave(trees, state)
        if self._folder is not None and self._is_due(state.round_number):
            self._save(trees, state)

    def _is_due(self, round_number: int) -> bool:
        if self._writing is not None and not self._writing.done():
            return False
        if self._asked.every_steps is not None and round_number - self._last_round >= self._asked.every_steps:
            return True
        return time.monotonic() - self._last >= self._asked.every_seconds

    def _leave(self, trees: GrowingTrees, state: RoundState) -> None:
        where = f"round {state.round_number}"
        if self._folder is None:
            step = "start it again: it begins at its first round"
            raise PreemptedError(Fault(what="training was told to end", where=where, next_step=step))
        self._save(trees, state)
        assert self._writing is not None
        self._writing.result()
        step = "run the same command again: it goes on from there"
        raise PreemptedError(Fault(what="training was told to end, and saved its state", where=where, next_step=step))

    def _save(self, trees: GrowingTrees, state: RoundState) -> None:
        """Take the state now, write it soon."""
        self._settle()
        grown = trees.state()
        arrays: dict[str, npt.NDArray[Any]] = {
            "model": np.frombuffer(grown.text.encode("ascii"), np.uint8),
            "train": grown.train_sums,
        }
        if grown.eval_sums is not None:
            arrays["eval"] = grown.eval_sums
        checkpoint = ArrayCheckpoint(state.round_number, arrays, msgspec.to_builtins(state))
        self._last, self._last_round = time.monotonic(), state.round_number
        self._writing = self._pool.submit(self._write, checkpoint, self._last)

    def _write(self, checkpoint: ArrayCheckpoint, begun: float) -> None:
        assert self._folder is not None
        path = write_arrays(self._folder, checkpoint)
        num_bytes, seconds = sum(file.stat().st_size for file in path.iterdir()), time.monotonic() - begun
        written = CheckpointWritten(step=checkpoint.step, path=str(path), num_bytes=num_bytes, duration_seconds=seconds)
        self._progress.tell(written)
        keep_newest(self._folder, self._asked.keep)

    def _settle(self) -> None:
        """Until what was saved is on the disk; say what the disk refused."""
        try:
            if self._writing is not None:
                self._writing.result()
        except OSError as error:
            self._progress.note(f"a checkpoint could not be written ({error}); training goes on, and tries again")
        self._writing = None
