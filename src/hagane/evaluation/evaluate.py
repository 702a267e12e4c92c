"""`evaluate`: labels and scores in, an `Evaluation` out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.evaluation.checked_input import CheckedInput, check_input
from hagane.evaluation.confidence import confidence_intervals
from hagane.evaluation.curves import calibration_bins
from hagane.evaluation.evaluate_binary import evaluate_binary
from hagane.evaluation.evaluate_multiclass import evaluate_multiclass
from hagane.evaluation.evaluate_regression import evaluate_regression
from hagane.evaluation.evaluation import Evaluation, Label, Uncalibrated
from hagane.evaluation.interval_coverage import interval_coverage
from hagane.evaluation.measure import measure_binary, measure_multiclass, numbers
from hagane.metrics.asked_metric import AskedMetric
from hagane.metrics.best_threshold import Aim
from hagane.metrics.calibration import reliability_bins, top_label_bins
from hagane.progress import SILENT, Progress

Array = npt.NDArray[Any]
NUM_RESAMPLES = 1_000
CALIBRATED_METRICS = ("log_loss", "brier_score", "expected_calibration_error")
"""What calibration is for."""


def evaluate(
    labels: Array,
    scores: Array,
    *,
    task: Literal["classification", "regression"],
    classes: Sequence[Label] | None = None,
    threshold: float = 0.5,
    aim: Aim = "f1_score",
    aim_value: float = 0.5,
    slices: Mapping[str, Array] | None = None,
    part: str = "",
    num_row_errors: int = 0,
    num_null_labels: int = 0,
    num_unknown_labels: int = 0,
    uncalibrated: Array | None = None,
    calibration: str = "",
    bounds: Array | None = None,
    level: float = 0.9,
    num_fitted: int | None = None,
    asked: AskedMetric | None = None,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Evaluation:
    """Measure `scores` against `labels`, whole and by slices, beside a baseline that has learned nothing.

    Classification: `labels` [n] class indices 0 … c - 1 into `classes` (ascending; 0 … c - 1 by default), `scores`
    [n, c] probabilities, or [n] of the positive class, which is the higher of two labels. A binary row is called
    positive when its score is >= `threshold`; of several classes the most probable is predicted (the first of equals).
    Regression: both [n]. `slices`: column name → [n] of strings, None for NULL. `part`, `num_row_errors`,
    `num_null_labels` and `num_unknown_labels` are noted in the result as they are given. `uncalibrated` are the scores
    before a `calibration` (its method), `bounds` [n, 2] those of prediction intervals that promise `level`, fitted on
    `num_fitted` rows. `asked` is the metric by which numbers are judged that are no means.
    Confidence intervals are drawn from `num_resamples` bootstrap resamples, seeded; 0: none.

    Raises DataError, every fault at once: shapes that disagree, a label that is no class, NaN or infinity in either.

    >>> result = evaluate(np.array([0, 1, 1]), np.array([0.2, 0.9, 0.4]), task="classification", classes=["no", "yes"])
    >>> result.headline(), result.metrics["recall"], result.confusion_matrix
    (('roc_auc', 1.0), 0.5, ((1, 0), (1, 1)))
    """
    given = slices or {}
    checked = check_input(labels, scores, task=task, classes=classes, threshold=threshold, slices=given, asked=asked)
    result = _evaluate(checked, threshold, aim, aim_value)
    confidence, bootstrap = confidence_intervals(
        checked, result.metrics, threshold, num_resamples=num_resamples, seed=seed, progress=progress
    )
    bounded = None if bounds is None else interval_coverage(checked.labels, np.asarray(bounds), level, num_fitted)
    before = _uncalibrated(checked, uncalibrated, calibration, task) if uncalibrated is not None else None
    return msgspec.structs.replace(
        result,
        labels_digest=_digest(checked.labels),
        part=part,
        num_row_errors=num_row_errors,
        num_null_labels=num_null_labels,
        num_unknown_labels=num_unknown_labels,
        confidence=confidence,
        bootstrap=bootstrap,
        uncalibrated=before,
        intervals=bounded,
    )


def _uncalibrated(
    checked: CheckedInput, scores: Array, method: str, task: Literal["classification", "regression"]
) -> Uncalibrated:
    """What the scores before calibration come to on the same rows."""
    before = check_input(checked.labels, scores, task=task, classes=checked.classes, threshold=0.5, slices={})
    is_binary = len(checked.classes) == 2
    values = measure_binary(before.labels, before.scores, 0.5) if is_binary else measure_multiclass(*_both(before))
    bins = reliability_bins(before.labels == 1, before.scores) if is_binary else top_label_bins(*_both(before))
    metrics = {name: value for name, value in numbers(values).items() if name in CALIBRATED_METRICS}
    return Uncalibrated(method=method, metrics=metrics, bins=calibration_bins(bins))


def _both(checked: CheckedInput) -> tuple[Array, Array]:
    return checked.labels, checked.scores


def _evaluate(checked: CheckedInput, threshold: float, aim: Aim, aim_value: float) -> Evaluation:
    if not checked.classes:
        return evaluate_regression(checked)
    if len(checked.classes) == 2:
        return evaluate_binary(checked, threshold, aim, aim_value)
    return evaluate_multiclass(checked)


def _digest(labels: Array) -> str:
    return hashlib.blake2b(np.ascontiguousarray(labels).tobytes(), digest_size=8).hexdigest()
