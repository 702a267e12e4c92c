"""`card_analyses`: the quantitative analyses of a model card, from the evaluation."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.evaluation.evaluation import Evaluation, label_text
from hagane.evaluation.metric_info import metric_info
from hagane.evaluation.model_card import CardSection, CardTable
from hagane.evaluation.report.sections import slice_metrics
from hagane.number_text import percent_text
from hagane.page.number_text import number_text

MOST_CLASSES = 20
"""Classes, labels and values of a slice that are shown."""


def card_analyses(evaluation: Evaluation) -> Iterator[CardSection]:
    """Slices, calibration, intervals, classes: what there is of them."""
    yield from _calibration(evaluation)
    yield from _intervals(evaluation)
    yield from _classes(evaluation)
    yield from _labels(evaluation)
    for name, one in judged_labels(evaluation)[:MOST_CLASSES]:
        yield from _slices(name, one)


def judged_labels(evaluation: Evaluation) -> list[tuple[str, Evaluation]]:
    """What slices are of: the label, or each of several with its name."""
    return [(one.name, one.evaluation) for one in evaluation.labels] or [("", evaluation)]


def _calibration(evaluation: Evaluation) -> Iterator[CardSection]:
    if evaluation.uncalibrated is not None:
        rows = tuple(
            (metric_info(name).title, number_text(value), number_text(evaluation.metrics.get(name)))
            for name, value in evaluation.uncalibrated.metrics.items()
        )
        table = CardTable(("Metric", "Before", "After"), rows)
        yield CardSection(title="Quantitative analyses: calibration", table=table)


def _intervals(evaluation: Evaluation) -> Iterator[CardSection]:
    if (found := evaluation.intervals) is not None:
        facts = (
            ("Labels inside", percent_text(found.coverage)),
            ("Promised", percent_text(found.level)),
            ("Expected of so many rows", f"{percent_text(found.expected_low)} … {percent_text(found.expected_high)}"),
            ("Not contradicted", f"{percent_text(found.low)} … {percent_text(found.high)}"),
            ("Verdict", found.verdict),
            ("Mean width", number_text(found.mean_width)),
        )
        yield CardSection(title="Quantitative analyses: prediction intervals", facts=facts)


def _classes(evaluation: Evaluation) -> Iterator[CardSection]:
    if evaluation.class_metrics:
        classes = sorted(evaluation.class_metrics, key=lambda each: -each.num_rows)[:MOST_CLASSES]
        rows = tuple(
            (
                label_text(each.label),
                f"{each.num_rows:,}",
                *map(number_text, (each.precision, each.recall, each.f1_score)),
            )
            for each in classes
        )
        table = CardTable(("Class", "Rows", "Precision", "Recall", "F1 score"), rows)
        yield CardSection(title="Quantitative analyses: classes", table=table)


def _labels(evaluation: Evaluation) -> Iterator[CardSection]:
    if evaluation.labels:
        names = [name for name in evaluation.metrics if name in evaluation.labels[0].evaluation.metrics]
        rows = tuple(
            (one.name, *(number_text(one.evaluation.metrics.get(name)) for name in names)) for one in evaluation.labels
        )
        titles = ("Label", *(metric_info(name).title for name in names))
        yield CardSection(title="Quantitative analyses: labels", table=CardTable(titles, rows))


def _slices(label: str, evaluation: Evaluation) -> Iterator[CardSection]:
    names = slice_metrics(evaluation)
    for column in evaluation.slices:
        rows = tuple(
            (
                "NULL" if each.value is None else each.value,
                f"{each.num_rows:,}",
                *(number_text(each.metrics.get(name)) for name in names),
                "clearly worse" if each.is_worse else "few rows" if each.is_small else "",
            )
            for each in column.slices[:MOST_CLASSES]
        )
        heads = (column.column, "Rows", *(metric_info(name).title for name in names), "")
        of_label = f"{label} " if label else ""
        yield CardSection(title=f"Quantitative analyses: {of_label}by {column.column}", table=CardTable(heads, rows))
