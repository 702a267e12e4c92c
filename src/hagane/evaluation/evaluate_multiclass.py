"""The evaluation of a classifier of three classes and more."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hagane.evaluation.checked_input import CheckedInput
from hagane.evaluation.curves import calibration_bins
from hagane.evaluation.evaluation import ClassMetrics, Evaluation, label_text
from hagane.evaluation.measure import measure_multiclass, number, numbers, reasons, without_calibration
from hagane.evaluation.slices import slice_columns
from hagane.metrics.calibration import top_label_bins
from hagane.metrics.confusion_matrix import class_counts, confusion_matrix
from hagane.metrics.roc_auc import one_vs_rest_roc_auc
from hagane.metrics.undefined import Value


def evaluate_multiclass(checked: CheckedInput) -> Evaluation:
    """Metrics averaged over classes, each class against the others, and the confusion matrix."""
    labels, scores, num_classes = checked.labels, checked.scores, len(checked.classes)
    matrix = confusion_matrix(labels, np.argmax(scores, axis=1), num_classes)
    areas = one_vs_rest_roc_auc(labels, scores)
    values = measure_multiclass(labels, scores, areas)
    shares = np.bincount(labels, minlength=num_classes) / max(1, len(labels))
    majority = label_text(checked.classes[int(np.argmax(shares))])
    return Evaluation(
        task="classification",
        num_rows=len(labels),
        classes=checked.classes,
        metrics=numbers(values),
        undefined=reasons(values),
        baseline=without_calibration(measure_multiclass(labels, np.broadcast_to(shares, scores.shape))),
        baseline_meaning=f"always answers {majority}, with the share of each label as its scores",
        confusion_matrix=tuple(tuple(row) for row in matrix.tolist()),
        class_metrics=_class_metrics(checked, matrix, areas),
        calibration=calibration_bins(top_label_bins(labels, scores)),
        slices=slice_columns(measure_multiclass, checked),
    )


def _class_metrics(checked: CheckedInput, matrix: npt.NDArray[Any], areas: list[Value]) -> tuple[ClassMetrics, ...]:
    return tuple(
        ClassMetrics(
            label=label,
            num_rows=counts.true_positives + counts.false_negatives,
            precision=number(counts.precision),
            recall=number(counts.recall),
            f1_score=number(counts.f1_score),
            roc_auc=number(area),
        )
        for label, counts, area in zip(checked.classes, class_counts(matrix), areas, strict=True)
    )
