"""`render_evaluation`: what a model is worth, for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from hagane.evaluation.bootstrap import ConfidenceInterval
from hagane.evaluation.evaluation import Evaluation, Label, MetricRow, SliceColumn, Uncalibrated, label_text
from hagane.evaluation.interval_coverage import IntervalCoverage
from hagane.evaluation.metric_info import METRICS, metric_info
from hagane.fronts.cli.new_table import cell, new_table, rest_text, titled
from hagane.fronts.cli.short_text import short_text
from hagane.number_text import figure_text, percent_text

LARGEST_MATRIX = 6
"""Classes up to which the confusion matrix is drawn; beyond, the largest confusions are listed."""
NUM_CONFUSIONS = 8
NUM_CLASSES = 12
NUM_LABELS = 30
NUM_LABEL_METRICS = 5
NUM_SLICES = 10
NUM_SLICE_METRICS = 4
AIMS = {
    "f1_score": "F1",
    "accuracy": "accuracy",
    "youden": "Youden's J",
    "precision_at_recall": "precision at recall >= {:g}",
    "recall_at_precision": "recall at precision >= {:g}",
}
SLICE_METRICS = (
    "roc_auc",
    "accuracy",
    "precision",
    "recall",
    "f1_score",
    "log_loss",
    "mean_pinball_loss",
    "mean_poisson_deviance",
    "r2_score",
    "root_mean_squared_error",
    "mean_absolute_error",
    "median_absolute_error",
)
"""The first few of these that a slice has are shown."""


def render_evaluation(evaluation: Evaluation) -> RenderableType:
    """Metrics beside the baseline, the confusion matrix, the suggested threshold, classes, residuals, slices."""
    return Group(*_spaced(_parts(evaluation)))


def _parts(evaluation: Evaluation) -> Iterator[RenderableType]:
    yield _headline(evaluation)
    yield render_metrics(evaluation)
    if evaluation.labels:
        yield _labels(evaluation)
    if evaluation.confusion_matrix and evaluation.num_rows:
        small = len(evaluation.classes) <= LARGEST_MATRIX
        yield _matrix(evaluation) if small else _confusions(evaluation)
    if evaluation.suggested:
        yield _suggestion(evaluation)
    if evaluation.kind == "multiclass" and evaluation.class_metrics and evaluation.num_rows:
        yield _classes(evaluation)
    if evaluation.residuals:
        yield _residuals(evaluation)
    if evaluation.uncalibrated:
        yield _calibration(evaluation, evaluation.uncalibrated)
    if evaluation.intervals:
        yield _intervals(evaluation.intervals)
    for column in evaluation.slices:
        yield _slices(column)


def _spaced(parts: Iterator[RenderableType]) -> Iterator[RenderableType]:
    for index, part in enumerate(parts):
        if index:
            yield Text("")
        yield part


def _headline(evaluation: Evaluation) -> Text:
    name, value = evaluation.headline()
    title = METRICS[name].title if name in METRICS else name
    text = Text.assemble((f"{title} {figure_text(value)}", "bold green"), f" on {evaluation.rows_text}")
    if evaluation.num_null_labels:
        text.append(f", {evaluation.num_null_labels:,} without a label left out", "dim")
    if evaluation.num_unknown_labels:
        text.append(f", {evaluation.num_unknown_labels:,} of a class unknown to the model left out", "yellow")
    if evaluation.num_row_errors:
        text.append(f", an expression erred on {evaluation.num_row_errors:,}", "yellow")
    return text


def render_metrics(evaluation: Evaluation) -> RenderableType:
    """Every metric with its confidence interval, beside that of the baseline."""
    table = new_table()
    table.add_column("metric")
    table.add_column("model", justify="right", style="bold")
    if evaluation.bootstrap:
        table.add_column(f"{100 * evaluation.bootstrap.level:g} % interval", no_wrap=True)
    table.add_column("baseline", justify="right", style="dim")
    table.add_column("")
    for row in evaluation.metric_rows():
        interval = [interval_text(row.interval)] if evaluation.bootstrap else []
        table.add_row(row.title, figure_text(row.value), *interval, figure_text(row.baseline), _verdict(row))
    notes = [f"baseline: {evaluation.baseline_meaning}"]
    notes += [evaluation.bootstrap.meaning] if evaluation.bootstrap else []
    notes += evaluation.means_told
    return Group(table, *(Text(note, "dim") for note in notes))


def interval_text(interval: ConfidenceInterval | None) -> str:
    """From where to where.

    >>> interval_text(ConfidenceInterval(0.91234, 0.92345)), interval_text(None)
    ('0.9123 … 0.9234', '')
    """
    return "" if interval is None else f"{figure_text(interval.low)} … {figure_text(interval.high)}"


def _verdict(row: MetricRow) -> Text:
    """Whether the model beats the baseline; not of precision and recall, which one can have at the other's cost."""
    if row.value is None:
        return Text(row.reason, "yellow")
    if row.name in ("precision", "recall") or row.baseline is None or row.value == row.baseline:
        return Text("")
    better = (row.value > row.baseline) == row.higher_is_better
    return Text("better", "green") if better else Text("worse", "red")


def _matrix(evaluation: Evaluation) -> RenderableType:
    """Labels down, predictions across."""
    names = [cell(label_text(label), 16) for label in evaluation.classes]
    table = new_table()
    table.add_column("label ↓  predicted →", no_wrap=True)
    for name in names:
        table.add_column(cell(name, min(12, 54 // len(names) - 3)), justify="right")
    table.add_column("recall", justify="right", style="dim")
    for index, (name, row) in enumerate(zip(names, evaluation.confusion_matrix, strict=True)):
        total = sum(row)
        cells = [_cell(count, total, index == other) for other, count in enumerate(row)]
        table.add_row(name, *cells, percent_text(row[index] / total if total else None))
    return titled("confusion matrix" + _at_threshold(evaluation), table)


def _at_threshold(evaluation: Evaluation) -> str:
    positive = evaluation.positive_class
    if evaluation.threshold is None or positive is None:
        return ""
    return f" ('{short_text(label_text(positive), 20)}' from probability {evaluation.threshold:g})"


def _cell(count: int, total: int, right: bool) -> Text:
    share = count / total if total else 0.0
    style = ("green" if right else "red") if count and share >= 0.02 else "dim" if not count else ""
    return Text(f"{count:,}", f"bold {style}" if share >= 0.5 else style)


def _confusions(evaluation: Evaluation) -> RenderableType:
    """The pairs of classes that are confused most."""
    table = new_table()
    for heading in ("label", "predicted"):
        table.add_column(heading, no_wrap=True)
    table.add_column("rows", justify="right")
    table.add_column("of the label's rows", justify="right", style="dim")
    for count, share, label, predicted in _largest_confusions(evaluation):
        table.add_row(cell(label_text(label), 25), cell(label_text(predicted), 25), f"{count:,}", percent_text(share))
    return titled("largest confusions", table)


def _largest_confusions(evaluation: Evaluation) -> Sequence[tuple[int, float, Label, Label]]:
    classes = evaluation.classes
    found = [
        (count, count / sum(row), classes[i], classes[j])
        for i, row in enumerate(evaluation.confusion_matrix)
        for j, count in enumerate(row)
        if count and i != j
    ]
    return sorted(found, key=lambda item: -item[0])[:NUM_CONFUSIONS]


def _suggestion(evaluation: Evaluation) -> Text:
    suggested = evaluation.suggested
    assert suggested is not None
    aim = AIMS[suggested.aim].format(suggested.aim_value)
    if suggested.gives is None:
        return Text(f"no threshold for {aim}: {suggested.reason}", "yellow")
    gives = suggested.gives
    text = Text.assemble("threshold ", (figure_text(gives.threshold), "bold"), f" is best for {aim}: ")
    figures = (
        ("precision", gives.precision),
        ("recall", gives.recall),
        ("F1", gives.f1_score),
        ("accuracy", gives.accuracy),
    )
    return text.append(", ".join(f"{name} {figure_text(value)}" for name, value in figures))


def _labels(evaluation: Evaluation) -> RenderableType:
    """The metrics of each of several labels."""
    table = new_table()
    table.add_column("label", no_wrap=True)
    shown = evaluation.labels[:NUM_LABELS]
    names = [name for name in SLICE_METRICS if name in shown[0].evaluation.metrics][:NUM_LABEL_METRICS]
    for name in names:
        table.add_column(metric_info(name).title, justify="right")
    for one in shown:
        table.add_row(cell(one.name, 25), *(figure_text(one.evaluation.metrics.get(name)) for name in names))
    rest = rest_text(len(evaluation.labels) - len(shown), "labels")
    return titled("each label by itself (--json has its whole report)", table, rest)


def _classes(evaluation: Evaluation) -> RenderableType:
    table = new_table()
    table.add_column("class", no_wrap=True)
    for heading in ("rows", "precision", "recall", "F1", "ROC AUC"):
        table.add_column(heading, justify="right")
    shown = sorted(evaluation.class_metrics, key=lambda each: -each.num_rows)[:NUM_CLASSES]
    for each in shown:
        figures = (each.precision, each.recall, each.f1_score, each.roc_auc)
        table.add_row(cell(label_text(each.label), 25), f"{each.num_rows:,}", *map(figure_text, figures))
    rest = rest_text(len(evaluation.class_metrics) - len(shown), "classes")
    return titled("each class against the others", table, rest)


def _residuals(evaluation: Evaluation) -> RenderableType:
    """Quantiles of label - prediction, side by side."""
    table = new_table()
    quantiles = [quantile for quantile in evaluation.residuals if quantile.q in (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)]
    names = {0: "lowest", 0.5: "median", 1: "highest"}
    for quantile in quantiles:
        table.add_column(names.get(quantile.q, f"{100 * quantile.q:g} %"), justify="right")
    table.add_row(*(figure_text(quantile.value) for quantile in quantiles))
    return titled("errors (label - prediction) by quantile", table)


def _calibration(evaluation: Evaluation, before: Uncalibrated) -> RenderableType:
    """What calibration did to the metrics that it is for."""
    table = new_table()
    table.add_column("metric")
    for heading in ("before", "after"):
        table.add_column(heading, justify="right")
    for name, value in before.metrics.items():
        table.add_row(metric_info(name).title, figure_text(value), figure_text(evaluation.metrics.get(name)))
    return titled(f"calibration ({before.method}, fitted on the eval rows)", table)


def _intervals(found: IntervalCoverage) -> Text:
    """Whether the prediction intervals kept their promise."""
    text = Text.assemble(
        "prediction intervals: ", (percent_text(found.coverage), "bold"), " of the labels lie inside, "
    )
    text.append(f"{percent_text(found.level)} promised, {percent_text(found.expected_low)} … ")
    text.append(f"{percent_text(found.expected_high)} expected of so many rows (")
    text.append(found.verdict, "yellow" if found.verdict == "less than promised" else "green")
    return text.append(f"); mean width {figure_text(found.mean_width)}")


def _slices(column: SliceColumn) -> RenderableType:
    table = new_table()
    table.add_column("value", no_wrap=True)
    table.add_column("rows", justify="right")
    measured = {name for each in column.slices for name, value in each.metrics.items() if value is not None}
    names = [name for name in SLICE_METRICS if name in measured][:NUM_SLICE_METRICS]
    for name in names:
        table.add_column(METRICS[name].title, justify="right")
    shown = column.slices[:NUM_SLICES]
    if any(each.is_worse for each in shown):
        table.add_column("")
    for each in shown:
        rows = f"{each.num_rows:,}" + ("*" if each.is_small else " ")
        figures = (figure_text(each.metrics.get(name)) for name in names)
        said = [Text("worse" if each.is_worse else "", "red")] if len(table.columns) > len(names) + 2 else []
        table.add_row(cell(each.value, 25), rows, *figures, *said, style="dim" if each.is_small else "")
    small = f"* fewer than {column.small_below_rows} rows: chance weighs much"
    starred = any(each.is_small for each in shown)
    worse = "worse: a higher loss than the other rows, by more than chance explains"
    rest = rest_text(column.num_values - len(shown), "values")
    return titled(
        f"by {short_text(column.column, 40)}",
        table,
        small if starred else "",
        worse if any(each.is_worse for each in shown) else "",
        rest,
    )
