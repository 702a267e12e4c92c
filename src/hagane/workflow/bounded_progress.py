"""`BoundedProgress`: ends a fit that turns out to take longer than it was foreseen to."""

from __future__ import annotations

import time

from hagane.errors import Fault, TrainingError
from hagane.progress import Phase, Progress
from hagane.progress.events import Event, IterationEnded

PATIENCE = 1.25
"""A fit may take so many times its part of the time before the whole is given up."""
TRAIN = "train"


class BoundedProgress:
    """A `Progress` that raises TrainingError out of `tell` where `num_fits` fits would not be done by `end`.

    `end` is of `time.monotonic`. Each fit of an ensemble has an equal part of the time: so it is known early, with time
    left for something that takes less.
    """

    def __init__(self, progress: Progress, *, end: float, num_fits: int) -> None:
        self.is_over = False
        """Whether a fit was ended."""
        self._progress, self._num_fits, self._num_begun = progress, num_fits, 0
        self._began, self._end = time.monotonic(), end

    def phase(
        self, name: str, *, total: float | None = None, unit: str = "rows", at_most: bool = False,
        completed: float = 0.0,
    ) -> Phase:  # fmt: skip
        """A stage of the work: those named `train …` are fits."""
        self._num_begun += name.partition(" ")[0] == TRAIN
        return self._progress.phase(name, total=total, unit=unit, at_most=at_most, completed=completed)

    def note(self, text: str) -> None:
        """A line for the user."""
        self._progress.note(text)

    def tell(self, event: Event) -> None:
        """Raises TrainingError, once."""
        self._progress.tell(event)
        if self._num_begun and isinstance(event, IterationEnded) and not self.is_over:
            share = min(1.0, PATIENCE * self._num_begun / self._num_fits)
            self.is_over = time.monotonic() > self._began + share * (self._end - self._began)
            if self.is_over:
                raise TrainingError(Fault(what="this takes longer than there is time"))
