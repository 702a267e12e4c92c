"""`Explosion`: whether a loss has left all bounds, and what its last steps looked like.

The rule: the median loss of 20 steps is above 30 times that of the first 20 (or 1, where that is more: losses are of
standardised labels, or of probabilities), and it rose twice in a row. Medians are
not moved by single batches of outliers; a loss that starts high has a high bound; one that has come down to next to
nothing and jumps about there is far from what it began with.
"""

from __future__ import annotations

import math
from statistics import median

import msgspec

BLOCK_STEPS = 20
FACTOR = 30.0
RISES = 2
LAST_STEPS = 8


class Explosion(msgspec.Struct, kw_only=True):
    """Takes the loss of every step. What it has seen can be written and read back.

    >>> seen = Explosion()
    >>> any(seen.take(1.0 + step % 3) for step in range(100))
    False
    >>> next(step for step in range(1000) if seen.take(2.0 * 1.1**step))
    59
    """

    first: float | None = None
    """Median of the first block."""
    levels: list[float] = []
    """Medians of the last blocks, the newest last."""
    block: list[float] = []
    """Losses of the block that runs."""
    last: list[float] = []
    """Losses of the last steps, those that are finite."""

    def take(self, loss: float) -> bool:
        """Take the mean loss of a step; whether it has exploded."""
        if not math.isfinite(loss):
            return False
        self.last = [*self.last[1 - LAST_STEPS :], loss]
        self.block.append(loss)
        if len(self.block) < BLOCK_STEPS:
            return False
        level = median(self.block)
        self.block = []
        self.first = level if self.first is None else self.first
        self.levels = [*self.levels[-RISES:], level]
        rises = len(self.levels) > RISES and all(a < b for a, b in zip(self.levels, self.levels[1:], strict=False))
        return rises and level > FACTOR * max(self.first, 1.0)

    @property
    def is_growing(self) -> bool:
        """Whether the last steps rise as a power does: their second half is three times their first, or more."""
        if len(self.last) < 3:
            return False
        half = len(self.last) // 2
        return median(self.last[half:]) > 3 * max(median(self.last[:half]), 0.0)
