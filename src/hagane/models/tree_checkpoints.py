"""`TreeCheckpoints`: a training of trees that can go on after its process is gone.

A checkpoint holds the model's text, the sums of all rows, and the `RoundState`.
"""

from __future__ import annotations

from contextlib import nullcontext
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.models.array_checkpointer import ArrayCheckpointer, array_checkpointer
from hagane.models.family import FitContext, Iteration
from hagane.models.growing_trees import GrowingTrees, Grown
from hagane.progress.events import Resumed
from hagane.training.array_checkpoint import ArrayCheckpoint
from hagane.training.early_stopping import EarlyStopping
from hagane.training.told_to_end import told_to_end


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
    is_final: bool = False
    """Whether it is over for any number of rounds: trees cannot be split, or the eval rows said so."""


class Saved(NamedTuple):
    """What a checkpoint held."""

    grown: Grown
    state: RoundState


class TreeCheckpoints:
    """Those of one fit. `with` it, so that the last one is on the disk at the end.

    Without `context.checkpoints` nothing is kept, and a notice to end only ends.
    """

    def __init__(self, context: FitContext, *, is_kept: bool = True) -> None:
        self._context = context
        self._place = array_checkpointer(context) if is_kept else nullcontext()
        self._checkpointer: ArrayCheckpointer | None = None
        self._saved_round = -1

    def __enter__(self) -> Self:
        self._checkpointer = self._place.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
                 ) -> None:  # fmt: skip
        self._place.__exit__(kind, error, trace)

    def latest(self) -> Saved | None:
        """What an earlier process left of this very fit."""
        if self._checkpointer is None or (found := self._checkpointer.latest()) is None:
            return None
        arrays, state = found.arrays, msgspec.convert(found.facts, RoundState)
        self._saved_round = state.round_number
        self._context.progress.tell(Resumed(step=state.round_number, iteration=len(state.curve)))
        return Saved(Grown(arrays["model"].tobytes().decode("ascii"), arrays["train"], arrays.get("eval")), state)

    def after_round(self, trees: GrowingTrees, state: RoundState) -> None:
        """Save where a checkpoint is due. Raises PreemptedError, once all is saved, at a notice to end."""
        checkpointer, preemption = self._checkpointer, self._context.preemption
        ends = preemption is not None and preemption.requested
        if checkpointer is not None and (ends or checkpointer.is_due(state.round_number)):
            checkpointer.save(_checkpoint(trees, state))
        if ends:
            without = "start it again: it begins at its first round"
            raise told_to_end(f"round {state.round_number}", checkpointer, without=without)

    def after_last(self, trees: GrowingTrees, state: RoundState) -> None:
        """Save the last state where the context asks for it."""
        if self._checkpointer is not None and self._context.keeps_last and state.round_number != self._saved_round:
            self._checkpointer.save(_checkpoint(trees, state))


def _checkpoint(trees: GrowingTrees, state: RoundState) -> ArrayCheckpoint:
    """What is there after a round: arrays of its own."""
    grown = trees.state()
    arrays: dict[str, npt.NDArray[Any]] = {
        "model": np.frombuffer(grown.text.encode("ascii"), np.uint8),
        "train": grown.train_sums,
    }
    if grown.eval_sums is not None:
        arrays["eval"] = grown.eval_sums
    return ArrayCheckpoint(state.round_number, arrays, msgspec.to_builtins(state))
