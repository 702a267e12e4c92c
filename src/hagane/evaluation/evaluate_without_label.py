"""`evaluate_without_label`: what a model without a label is worth, by its own figures of rows."""

from __future__ import annotations

from hagane.evaluation.evaluation import Evaluation
from hagane.evaluation.measure import numbers, reasons
from hagane.models.measured_model import Measurement
from hagane.types import LabelFreeTask

NOTHING = "is that there is nothing to be judged"


def evaluate_without_label(
    measurement: Measurement | None, *, task: LabelFreeTask, num_rows: int, part: str, num_row_errors: int = 0
) -> Evaluation:
    """The evaluation of the rows that were measured; of a model that has no figures one without metrics.

    >>> evaluate_without_label(None, task="preprocessing", num_rows=3, part="train").metrics
    {}
    """
    metrics = {} if measurement is None else measurement.metrics()
    return Evaluation(
        task=task,
        num_rows=num_rows,
        part=part,
        num_row_errors=num_row_errors,
        metrics=numbers(metrics),
        undefined=reasons(metrics),
        baseline={} if measurement is None else numbers(measurement.baseline()),
        baseline_meaning=NOTHING if measurement is None else measurement.baseline_meaning,
    )
