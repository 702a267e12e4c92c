"""When to stop an iterative fit, and which iteration to keep."""

from __future__ import annotations

import math


class EarlyStopping:
    """Watches a loss that should fall.

    An iteration improves when its loss is below the best one by more than `min_rel_progress` of the best one's
    magnitude; `patience` iterations in a row without that say stop. The best iteration is the lowest loss seen
    since, however small the gain. A loss that is not a number never improves.

    >>> watch = EarlyStopping(patience=2, min_rel_progress=0.0)
    >>> [watch.update(i, loss) for i, loss in enumerate([3.0, 2.0, 2.5, 2.5])]
    [False, False, False, True]
    >>> watch.best_iteration, watch.best_loss
    (1, 2.0)
    """

    def __init__(self, *, patience: int, min_rel_progress: float, enabled: bool = True) -> None:
        self.patience = patience
        self.min_rel_progress = min_rel_progress
        self.enabled = enabled
        self.best_iteration = -1
        self.best_loss = math.inf
        self._reference = math.inf
        self._reference_iteration = -1

    def update(self, iteration: int, loss: float) -> bool:
        """Take the loss of an iteration; whether to stop now."""
        if loss < self.best_loss:
            self.best_loss, self.best_iteration = loss, iteration
        if loss < self._reference - self._margin():
            self._reference, self._reference_iteration = loss, iteration
        return self.enabled and iteration - self._reference_iteration >= self.patience

    def _margin(self) -> float:
        return self.min_rel_progress * abs(self._reference) if math.isfinite(self._reference) else 0.0
