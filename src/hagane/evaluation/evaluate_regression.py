"""The evaluation of a model that predicts a number."""

from __future__ import annotations

import numpy as np

from hagane.evaluation.checked_input import CheckedInput
from hagane.evaluation.errors_of_prediction import density, residual_quantiles
from hagane.evaluation.evaluation import Evaluation
from hagane.evaluation.measure import measure_regression, numbers, reasons
from hagane.evaluation.slices import slice_columns


def evaluate_regression(checked: CheckedInput) -> Evaluation:
    """Errors of the predictions, their quantiles, and labels against predictions."""
    labels, predictions = checked.labels, checked.scores
    values = measure_regression(labels, predictions)
    with np.errstate(over="ignore"):
        mean = float(np.nan_to_num(np.mean(labels))) if len(labels) else 0.0
    return Evaluation(
        task="regression",
        num_rows=len(labels),
        metrics=numbers(values),
        undefined=reasons(values),
        baseline=numbers(measure_regression(labels, np.full(len(labels), mean))),
        baseline_meaning=f"always answers the mean, {mean:,.6g}",
        residuals=residual_quantiles(labels, predictions),
        density=density(labels, predictions),
        slices=slice_columns(measure_regression, checked),
    )
