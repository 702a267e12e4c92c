"""`array_checkpointer`: what saves a fit in numpy or by LightGBM, as its context asks for it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from hagane.models.family import FitContext
from hagane.training.array_checkpoint import ArrayCheckpoint
from hagane.training.checkpointer import Checkpointer

ArrayCheckpointer = Checkpointer[ArrayCheckpoint]


def array_checkpointer(context: FitContext) -> AbstractContextManager[ArrayCheckpointer | None]:
    """`with` it; None where the context says no place.

    >>> with array_checkpointer(FitContext(features=())) as checkpointer:
    ...     checkpointer is None
    True
    """
    if context.checkpoints is None:
        return nullcontext()
    return Checkpointer(context.checkpoints, context.training.checkpoint, ArrayCheckpoint, context.progress)
