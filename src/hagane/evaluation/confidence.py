"""`confidence_intervals`: how far an evaluation's metrics would move on other rows of the same kind."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.evaluation.bootstrap import Bootstrap, ConfidenceInterval, Resampled, chosen_rows, resample
from hagane.evaluation.checked_input import CheckedInput
from hagane.metrics.weighted_metrics import (
    WeightedMetrics,
    binary_metrics,
    multiclass_metrics,
    regression_metrics,
)
from hagane.progress import SILENT, Progress


def confidence_intervals(
    checked: CheckedInput,
    metrics: Mapping[str, float | None],
    threshold: float,
    *,
    num_resamples: int,
    seed: int,
    progress: Progress = SILENT,
) -> tuple[dict[str, ConfidenceInterval], Bootstrap | None]:
    """An interval for each of the `metrics` that has one, and how they came about; none for fewer than two rows."""
    if not num_resamples or len(checked.labels) < 2:
        return {}, None
    rows = chosen_rows(len(checked.labels), seed)
    if rows is None and len(checked.classes) == 2:
        rows = np.argsort(checked.scores, kind="stable")  # resampling in the order of the scores is faster
    measure = weighted_metrics(checked, threshold, rows)
    num_rows = len(checked.labels) if rows is None else len(rows)
    found = resample([measure], num_rows, num_resamples=num_resamples, seed=seed, progress=progress)[0]
    scaled = msgspec.structs.replace(found, scale=math.sqrt(num_rows / len(checked.labels)))
    return intervals_of(scaled, metrics), found.bootstrap


def weighted_metrics(
    checked: CheckedInput, threshold: float, rows: npt.NDArray[np.int64] | None = None
) -> WeightedMetrics:
    """The metrics of `rows` (all where None) for any weighting of them."""
    labels, scores = checked.labels, checked.scores
    if rows is not None:
        labels, scores = labels[rows], scores[rows]
    with np.errstate(over="ignore", invalid="ignore"):
        if not checked.classes:
            return regression_metrics(labels, scores, checked.asked)
        if len(checked.classes) == 2:
            return binary_metrics(labels, scores, threshold)
        return multiclass_metrics(labels, scores)


def intervals_of(resampled: Resampled, metrics: Mapping[str, float | None]) -> dict[str, ConfidenceInterval]:
    """Those of the metrics that have one, in their order."""
    found = {name: resampled.interval(name, figure) for name, figure in metrics.items()}
    return {name: interval for name, interval in found.items() if interval is not None}
