"""When to stop an iterative fit, and which iteration to keep."""

from __future__ import annotations

import math

import msgspec


class EarlyStopping(msgspec.Struct, kw_only=True):
    """Watches a loss that should fall. What it has seen can be written and read back.

    An iteration improves when its loss is below the best one by more than `min_rel_progress` of the best one's
    magnitude; `patience` iterations in a row without that say stop. The best iteration is the lowest loss seen
    since, however small the gain. A loss that is not a number never improves.

    >>> watch = EarlyStopping(patience=2, min_rel_progress=0.0)
    >>> [watch.update(i, loss) for i, loss in enumerate([3.0, 2.0, 2.5, 2.5])]
    [False, False, False, True]
    >>> watch.best_iteration, watch.best_loss
    (1, 2.0)
    """

    patience: int
    min_rel_progress: float
    enabled: bool = True
    best_iteration: int = -1
    """-1: none had a loss that is a finite number."""
    best_loss: float | None = None
    reference: float | None = None
    """What the next loss must fall below."""
    reference_iteration: int = -1

    def update(self, iteration: int, loss: float) -> bool:
        """Take the loss of an iteration; whether to stop now."""
        if math.isfinite(loss) and (self.best_loss is None or loss < self.best_loss):
            self.best_loss, self.best_iteration = loss, iteration
        if math.isfinite(loss) and (self.reference is None or loss < self.reference - self._margin()):
            self.reference, self.reference_iteration = loss, iteration
        return self.enabled and iteration - self.reference_iteration >= self.patience

    def _margin(self) -> float:
        return self.min_rel_progress * abs(self.reference or 0.0)
