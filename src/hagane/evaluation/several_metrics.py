"""`several_metrics`: the metrics of several labels that are predicted at once, from those of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Truths = npt.NDArray[np.bool_]
MEANS = (
    *("roc_auc", "pr_auc", "f1_score", "log_loss", "r2_score", "root_mean_squared_error", "mean_absolute_error"),
    *("mean_pinball_loss", "mean_poisson_deviance"),
)
"""Metrics that are averaged over the labels."""


def several_metrics(each: Sequence[Mapping[str, float | None]], hits: Truths | None) -> dict[str, float | None]:
    """Means over the labels for which a metric is defined; of truth values the Hamming loss and subset accuracy too.

    `hits` [n, k]: whether the label was answered rightly; None for numbers.

    >>> several_metrics([{"roc_auc": 0.5}, {"roc_auc": None}], np.array([[True, False], [True, True]]))
    {'roc_auc': 0.5, 'hamming_loss': 0.25, 'subset_accuracy': 0.5}
    """
    return _means(each) | ({} if hits is None else _joint(hits))


def _means(each: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for name in MEANS:
        values = [one[name] for one in each if name in one]
        defined = [value for value in values if value is not None]
        if values:
            found[name] = sum(defined) / len(defined) if defined else None
    return found


def _joint(hits: Truths) -> dict[str, float | None]:
    """What is of all labels of a row together."""
    if not len(hits):
        return {"hamming_loss": None, "subset_accuracy": None}
    return {"hamming_loss": float((~hits).mean()), "subset_accuracy": float(hits.all(axis=1).mean())}
