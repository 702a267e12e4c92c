"""`CheckpointPolicy`: how often a training saves its state, so that it can go on after whatever ends it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hagane.errors import Fault

LEAST_SECONDS = 0.1


class CheckpointPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Both intervals may be given; whichever is reached first saves."""

    every_seconds: float = 30.0
    """0.1 or more. What a kill loses is at most this, and the step that runs."""
    every_steps: int | None = None
    """Steps of the optimizer, rounds of trees, iterations of a solver."""
    keep: int = 2
    """The newest so many stay: one that the disk damaged is passed over for the one before it."""


def checkpoint_faults(checkpoint: CheckpointPolicy, where: str) -> Iterator[Fault]:
    """Values out of range."""
    if not checkpoint.every_seconds >= LEAST_SECONDS:
        at, expected = f"{where}.every_seconds", f">= {LEAST_SECONDS}"
        yield Fault(what=f"{at} is out of range", where=at, expected=expected, received=f"{checkpoint.every_seconds:g}")
    for name in ("every_steps", "keep"):
        value = getattr(checkpoint, name)
        if value is not None and value < 1:
            at = f"{where}.{name}"
            yield Fault(what=f"{at} is out of range", where=at, expected=">= 1", received=str(value))
