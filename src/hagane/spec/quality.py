"""`Quality`: how the quality of a served model's answers is watched, declared."""

from __future__ import annotations

import msgspec

METRICS = (
    "roc_auc", "pr_auc", "accuracy", "precision", "recall", "f1_score", "log_loss", "brier_score",
    "r2_score", "root_mean_squared_error", "mean_absolute_error",
)  # fmt: skip
"""What is looked at, as far as the model has it."""


class Quality(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much worse than in the model's own evaluation answers may be, and of which rows by themselves.

    >>> quality = Quality(thresholds={"accuracy": 0.02})
    >>> round(quality.worst("accuracy", 0.9, higher_is_better=True), 6), round(quality.worst("log_loss", 0.5), 6)
    (0.88, 0.55)
    """

    threshold: float = 0.1
    """How much worse a metric may be, as a share of what the evaluation had."""
    thresholds: dict[str, float] = {}
    """Metric → how much worse it may be, in its own unit."""
    slices: tuple[str, ...] = ()
    """Raw columns whose frequent values are looked at by themselves, in training's evaluation and in the traffic."""
    min_rows: int = 100
    """Of fewer labelled rows figures are shown, and judged by nothing."""
    estimate: bool = False
    """Regressors: fit a small model of the errors on the held-out rows, which estimates them before labels come."""

    def worst(self, metric: str, value: float, *, higher_is_better: bool = False) -> float:
        """The worst that the metric may be where the evaluation had `value`."""
        by = self.thresholds.get(metric, self.threshold * abs(value))
        return value - by if higher_is_better else value + by
