"""The evaluation of a model that predicts a number."""

from __future__ import annotations

from functools import partial

import numpy as np

from hagane.evaluation.checked_input import CheckedInput
from hagane.evaluation.errors_of_prediction import density, residual_quantiles
from hagane.evaluation.evaluation import Evaluation
from hagane.evaluation.measure import measure_regression, numbers, reasons
from hagane.evaluation.slices import slice_columns
from hagane.number_text import brief_text


def evaluate_regression(checked: CheckedInput) -> Evaluation:
    """Errors of the predictions, their quantiles, and labels against predictions."""
    labels, predictions = checked.labels, checked.scores
    measure = partial(measure_regression, asked=checked.asked)
    values = measure(labels, predictions)
    constant, meaning = _constant(checked)
    return Evaluation(
        task="regression",
        num_rows=len(labels),
        metrics=numbers(values),
        undefined=reasons(values),
        judged_by=checked.asked.name if checked.asked else "",
        judged_at=checked.asked.quantile_level if checked.asked else None,
        baseline=numbers(measure(labels, np.full(len(labels), constant))),
        baseline_meaning=f"always answers the {meaning}, {brief_text(constant, 6)}",
        residuals=residual_quantiles(labels, predictions),
        density=density(labels, predictions),
        slices=slice_columns(measure, checked),
    )


def _constant(checked: CheckedInput) -> tuple[float, str]:
    """The answer that is best where nothing is known of a row, and what it is."""
    if not len(checked.labels):
        return 0.0, "mean"
    with np.errstate(over="ignore"):
        if checked.asked is not None:
            return checked.asked.constant(checked.labels), checked.asked.predicted
        return float(np.nan_to_num(np.mean(checked.labels))), "mean"
