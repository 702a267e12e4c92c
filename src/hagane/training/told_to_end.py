"""`told_to_end`: what a training hears that ends at a machine's notice (SIGTERM)."""

from __future__ import annotations

from typing import Any

from hagane.errors import Fault, PreemptedError
from hagane.training.checkpointer import Checkpointer


def told_to_end(
    where: str, checkpointer: Checkpointer[Any] | None, *, without: str = "start it again"
) -> PreemptedError:
    """Waits until what `checkpointer` saved last is on the disk, and says whether it is; `without` one, what to do.

    >>> told_to_end("step 3", None).faults[0].next_step
    'start it again'
    """
    if checkpointer is None:
        return PreemptedError(Fault(what="training was told to end", where=where, next_step=without))
    return PreemptedError(checkpointer.leave(where))
