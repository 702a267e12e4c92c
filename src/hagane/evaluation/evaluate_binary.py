"""The evaluation of a classifier of two classes."""

from __future__ import annotations

from functools import partial

import numpy as np

from hagane.evaluation.checked_input import CheckedInput
from hagane.evaluation.curves import calibration_bins, pr_curve, roc_curve
from hagane.evaluation.evaluation import Evaluation, label_text
from hagane.evaluation.measure import measure_binary, numbers, reasons, without_calibration
from hagane.evaluation.slices import slice_columns
from hagane.evaluation.thresholds import suggest_threshold, threshold_metrics, threshold_table
from hagane.metrics.best_threshold import Aim
from hagane.metrics.calibration import reliability_bins
from hagane.metrics.ranked_counts import ranked_counts


def evaluate_binary(checked: CheckedInput, threshold: float, aim: Aim, aim_value: float) -> Evaluation:
    """Metrics of the positive class at `threshold`, curves over all of them, and the threshold best for `aim`."""
    labels, scores = checked.labels, checked.scores
    positive = labels == 1
    ranked = ranked_counts(positive, scores)
    values = measure_binary(labels, scores, threshold)
    used, suggested = threshold_metrics(ranked, threshold), suggest_threshold(ranked, aim, aim_value)
    share = float(np.mean(positive)) if len(labels) else 0.5
    majority = label_text(checked.classes[int(share >= 0.5)])
    others = (threshold, suggested.gives.threshold) if suggested.gives else (threshold,)
    return Evaluation(
        task="classification",
        num_rows=len(labels),
        classes=checked.classes,
        metrics=numbers(values),
        undefined=reasons(values),
        baseline=without_calibration(measure_binary(labels, np.full(len(labels), share), 0.5)),
        baseline_meaning=f"always answers {majority}, with the share of each label as its score",
        confusion_matrix=(
            (used.true_negatives, used.false_positives),
            (used.false_negatives, used.true_positives),
        ),
        threshold=threshold,
        suggested=suggested,
        threshold_table=threshold_table(ranked, *others),
        roc_curve=roc_curve(ranked),
        pr_curve=pr_curve(ranked),
        calibration=calibration_bins(reliability_bins(positive, scores)),
        slices=slice_columns(partial(measure_binary, threshold=threshold), checked),
    )
