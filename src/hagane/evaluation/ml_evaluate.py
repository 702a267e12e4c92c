"""`ml_evaluate`: the metrics of BigQuery ML's ML.EVALUATE, of all that an evaluation measures."""

from __future__ import annotations

from collections.abc import Mapping

CLASSIFICATION = ("precision", "recall", "accuracy", "f1_score", "log_loss", "roc_auc")
REGRESSION = (
    "mean_absolute_error",
    "mean_squared_error",
    "mean_squared_log_error",
    "median_absolute_error",
    "r2_score",
    "explained_variance",
)
OVER_NOTHING = ("precision", "recall", "f1_score")
"""Ratios that BigQuery answers with 0 where nothing is to be divided by."""


def ml_evaluate(metrics: Mapping[str, float | None], *, num_classes: int) -> dict[str, float | None]:
    """ML.EVALUATE's columns, in its order; `num_classes` is 0 for numbers.

    Of two classes precision, recall and F1 are the positive class's; of more all are plain means over the classes, the
    log loss among them. None where a metric is undefined, but for ratios whose divisor is 0: they are 0.

    >>> found = ml_evaluate({"precision": None, "accuracy": 0.9, "log_loss": 0.3, "macro_log_loss": 0.4}, num_classes=3)
    >>> found["precision"], found["log_loss"]
    (0.0, 0.4)
    """
    if not num_classes:
        return {name: metrics.get(name) for name in REGRESSION}
    found = {name: metrics.get(name) for name in CLASSIFICATION}
    if num_classes > 2:
        found["log_loss"] = metrics.get("macro_log_loss")
    return found | {name: 0.0 for name in OVER_NOTHING if found[name] is None}
