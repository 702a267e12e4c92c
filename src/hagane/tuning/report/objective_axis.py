"""`objective_axis`: the range of values that a chart of trials shows: the good ones whole, the worst at its edge."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hagane.evaluation.metric_info import metric_info
from hagane.evaluation.report.charts import padded
from hagane.page.frame import Axis
from hagane.tuning.objective import Objective

SPREADS = 2.5
"""What is shown reaches from the best value over so many times its distance from the median."""
FARTHEST = 1e100
"""Numbers beyond are drawn here, so that no width of an axis is infinite."""


def objective_axis(objective: Objective, values: Sequence[float]) -> Axis:
    """An axis for the values.

    A training that went astray has a loss a thousand times that of others: all else would be one line.

    >>> axis = objective_axis(Objective("log_loss", "MINIMIZE"), [0.3, 0.31, 0.35, 0.4, 900.0])
    >>> axis.low > 0.29 and axis.high < 1
    True
    """
    finite = sorted(min(max(value, -FARTHEST), FARTHEST) for value in values if math.isfinite(value))
    label = metric_title(objective.metric)
    if not finite:
        return Axis(label)
    low, median, high = finite[0], finite[len(finite) // 2], finite[-1]
    if objective.goal == "MAXIMIZE":
        low = max(low, high - SPREADS * (high - median)) if high > median else low
    elif median > low:
        high = min(high, low + SPREADS * (median - low))
    return Axis(label, *padded(low, high))


def within(axis: Axis, value: float) -> float:
    """The value, or the end of the axis beyond which it lies."""
    return min(max(value, axis.low), axis.high)


def metric_title(metric: str) -> str:
    """What the metric is called where people read it.

    >>> metric_title("roc_auc"), metric_title("model_bytes"), metric_title("eval_loss")
    ('ROC AUC', 'model bytes', 'eval loss')
    """
    return metric_info(metric).title
