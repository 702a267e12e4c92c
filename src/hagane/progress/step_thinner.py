"""`StepThinner`: the steps of a training as a curve, however many there are."""

from __future__ import annotations

import math

from hagane.progress.events import StepEnded

MOST_IN_OCTAVE = 500
"""Every step is told up to a thousand, then every 2nd up to 2,000, every 4th up to 4,000: 500 a doubling."""


class StepThinner:
    """Takes every step, gives some: each with the mean loss of those since the last.

    Which ones depends on their numbers alone, so that a training that goes on from a checkpoint tells the same ones,
    and what was thinned already passes unchanged.

    >>> steps = [StepEnded(step=s, loss=1 / s, learning_rate=0.1, num_examples=32, duration_seconds=0.01)
    ...          for s in range(1, 100_001)]
    >>> thinner = StepThinner()
    >>> points = [point for step in steps if (point := thinner.take(step))]
    >>> len(points), points[1000].step, points[-1].step, points[-1].num_examples
    (4281, 1002, 99968, 4096)
    """

    def __init__(self) -> None:
        self._last: int | None = None
        self._num_examples = 0
        self._seconds = self._total = 0.0

    def take(self, step: StepEnded) -> StepEnded | None:
        """The point that this step completes, if it completes one."""
        last = step.step - 1 if self._last is None or self._last >= step.step else self._last
        self._last = step.step
        self._num_examples += step.num_examples
        self._seconds += step.duration_seconds
        self._total += (math.nan if step.loss is None else step.loss) * step.num_examples
        every = _every(step.step)
        return self._point(step) if step.step // every > last // every else None

    def _point(self, step: StepEnded) -> StepEnded:
        mean = self._total / self._num_examples if self._num_examples else step.loss
        point = StepEnded(
            step=step.step,
            loss=mean,
            learning_rate=step.learning_rate,
            num_examples=self._num_examples,
            duration_seconds=self._seconds,
        )
        self._num_examples, self._seconds, self._total = 0, 0.0, 0.0
        return point


def _every(step: int) -> int:
    """The largest power of two that is no more than step / 500."""
    return int(2 ** max(0, (max(step, 1) // MOST_IN_OCTAVE).bit_length() - 1))
