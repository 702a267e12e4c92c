"""`told_what_is_saved`: whoever ends a training hears what the next one has of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hagane.progress import Progress
from hagane.workspace.interrupted_runs import saved_step


@contextmanager
def told_what_is_saved(folder: Path, progress: Progress) -> Iterator[None]:
    """Note from which step the same training would go on, where this one is interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        if step := saved_step(folder):
            progress.note(f"the state at step {step:,} is kept ({folder}): the same command goes on from there")
        raise
