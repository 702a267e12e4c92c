"""Evaluations side by side, and whether that is fair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hagane.evaluation.comparison import ComparedMetric, Comparison
from hagane.evaluation.evaluation import Evaluation, label_text
from hagane.evaluation.metric_info import METRICS, metric_info
from hagane.number_text import brief_text


def compare(evaluations: Mapping[str, Evaluation]) -> Comparison:
    """Put evaluations side by side, by model name; the best value of each metric is marked.

    >>> import numpy as np
    >>> from hagane.evaluation.evaluate import evaluate
    >>> labels = np.array([1.0, 2.0, 3.0])
    >>> one = evaluate(labels, labels + 0.1, task="regression")
    >>> two = evaluate(labels, labels + 0.2, task="regression")
    >>> table = compare({"one": one, "two": two})
    >>> table.is_fair, {metric.name: metric.best for metric in table.metrics}["mean_absolute_error"]
    (True, ('one',))
    """
    measured = {name for each in evaluations.values() for name in each.metrics}
    names = [name for name in METRICS if name in measured] + sorted(measured - set(METRICS))
    return Comparison(
        models=tuple(evaluations),
        num_rows=tuple(each.num_rows for each in evaluations.values()),
        metrics=tuple(_compared(name, evaluations) for name in names),
        unfair=tuple(_unfair(evaluations)),
        bootstrap=next((each.bootstrap for each in evaluations.values() if each.bootstrap), None),
    )


def _compared(name: str, evaluations: Mapping[str, Evaluation]) -> ComparedMetric:
    info = metric_info(name)
    values = {model: each.metrics.get(name) for model, each in evaluations.items()}
    defined = [value for value in values.values() if value is not None]
    best = (max if info.higher_is_better else min)(defined, default=None)
    winners = tuple(model for model, value in values.items() if value is not None and value == best)
    intervals = tuple(each.confidence.get(name) for each in evaluations.values())
    return ComparedMetric(name, info.title, info.higher_is_better, tuple(values.values()), winners, intervals)


def _unfair(evaluations: Mapping[str, Evaluation]) -> Iterator[str]:
    described: dict[str, dict[str, str]] = {
        "the tasks differ": {name: each.kind for name, each in evaluations.items()},
        "the classes differ": {name: ", ".join(map(label_text, each.classes)) for name, each in evaluations.items()},
        "the numbers of rows differ": {name: f"{each.num_rows:,}" for name, each in evaluations.items()},
    }
    differing = [what for what, values in described.items() if len(set(values.values())) > 1]
    for what in differing:
        yield what + ": " + "; ".join(f"{name}: {value}" for name, value in described[what].items())
    if not differing and len({each.labels_digest for each in evaluations.values()}) > 1:
        yield "the labels differ: the same number of rows, but other rows or another order"
    thresholds = {name: each.threshold for name, each in evaluations.items() if each.threshold is not None}
    if len(set(thresholds.values())) > 1:
        yield "precision, recall, F1 and accuracy stand on different thresholds: " + "; ".join(
            f"{name}: {brief_text(value, 6)}" for name, value in thresholds.items()
        )
