"""`report_html`: an evaluation as one page that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from hagane.counted import counted
from hagane.description.report.statistics_table import statistics_table
from hagane.evaluation.evaluation import Density, Evaluation, LabelEvaluation, label_text
from hagane.evaluation.report import sections
from hagane.evaluation.report.anomalies_section import anomalies_section
from hagane.evaluation.report.charts import calibration_chart, density_chart, pr_chart, roc_chart, training_chart
from hagane.evaluation.report.outliers_section import outliers_section
from hagane.number_text import percent_text
from hagane.page.markup import Markup, element, joined
from hagane.page.pieces import Span, bar, card, chart_with_key, folded
from hagane.page.whole_page import whole_page

if TYPE_CHECKING:
    from hagane.anomalies.anomaly_report import AnomalyReport
    from hagane.anomalies.outlier_report import OutlierReport
    from hagane.models.family import Iteration
    from hagane.statistics.statistics import Statistics


MAX_FEATURES = 15
MAX_LABELS = 20
"""Of several labels so many have a section of their own: as many as keep their curves."""


def report_html(
    evaluation: Evaluation,
    *,
    title: str,
    curve: Sequence[Iteration] = (),
    best_iteration: int | None = None,
    advice: Sequence[str] = (),
    importance: Mapping[str, float] | None = None,
    spec_yaml: str = "",
    statistics: Statistics | None = None,
    anomalies: AnomalyReport | None = None,
    weighting: Sequence[str] = (),
    outliers: OutlierReport | None = None,
    also: Sequence[Markup] = (),
) -> str:
    """One self-contained HTML page: no script, no external resource, light and dark, for screens of any width.

    `curve` is the training curve, `best_iteration` that of the state kept, `advice` what it suggests, `importance` a
    figure by feature, `spec_yaml` the spec as the user reads it,
    `statistics` those of the training data, `anomalies` where these depart from their schema, `outliers` the rows set
    aside, `weighting` sentences on what rows counted in training; cards that somebody else made (`also`) stand
    behind the headline. Every text is escaped.

    >>> import numpy as np
    >>> from hagane.evaluation.evaluate import evaluate
    >>> page = report_html(evaluate(np.zeros(2), np.ones(2), task="regression"), title="<houses>")
    >>> "&lt;houses&gt;" in page, "<houses>" in page
    (True, False)
    """
    about_data = _data_cards(anomalies, outliers, statistics, spec_yaml)
    cards = [*_cards(evaluation, (curve, best_iteration, advice), importance or {}, weighting)]
    lead = 1 if evaluation.metrics else 0
    return whole_page(title, _subtitle(evaluation), *cards[:lead], *also, *cards[lead:], *about_data)


def _cards(
    evaluation: Evaluation,
    training: tuple[Sequence[Iteration], int | None, Sequence[str]],
    importance: Mapping[str, float],
    weighting: Sequence[str],
) -> Iterator[Markup]:
    if evaluation.metrics:
        yield sections.headline_section(evaluation)
        yield sections.metrics_section(evaluation)
    if evaluation.labels:
        yield sections.labels_section(evaluation)
    else:
        yield from _figure_cards(evaluation)
    has_curve = any(math.isfinite(each.loss) for each in training[0])
    if has_curve:
        yield _training_card(*training)
    if weighting:
        said = (element("p", f"{text[:1].upper()}{text[1:]}.") for text in weighting)
        yield card("Weights", *said, note="What rows counted in training.", span="double" if has_curve else "wide")
    if importance:
        yield _importance_card(importance, "double" if has_curve and not weighting else "wide")
    yield from _wide_cards(evaluation)
    yield from map(_label_card, evaluation.labels[:MAX_LABELS])


def _figure_cards(evaluation: Evaluation) -> Iterator[Markup]:
    """What is drawn of one label."""
    if evaluation.task == "classification":
        yield from _classification_cards(evaluation)
    if evaluation.density:
        yield _predictions_card(evaluation.density)
    if evaluation.intervals:
        yield sections.intervals_section(evaluation.intervals)


def _wide_cards(evaluation: Evaluation) -> Iterator[Markup]:
    """The tables of one label that take the whole width."""
    if evaluation.threshold_table:
        yield sections.thresholds_section(evaluation)
    if evaluation.residuals:
        yield sections.residuals_section(evaluation)
    yield from (sections.slice_section(evaluation, column) for column in evaluation.slices)


def _label_card(label: LabelEvaluation) -> Markup:
    """One of several labels, as the page of a model of it alone would show it."""
    evaluation = label.evaluation
    shown = (sections.metrics_section(evaluation), *_figure_cards(evaluation), *_wide_cards(evaluation))
    return folded(label.name, element("div", *shown, class_="cards"), note="This label by itself.")


def _data_cards(
    anomalies: AnomalyReport | None, outliers: OutlierReport | None, statistics: Statistics | None, spec_yaml: str
) -> Iterator[Markup]:
    if anomalies is not None:
        yield anomalies_section(anomalies)
    if outliers is not None:
        yield outliers_section(outliers)
    if statistics is not None:
        note = f"{counted(statistics.num_rows, 'row')}, {counted(len(statistics.columns), 'column')}."
        yield folded("Data", statistics_table(statistics), note=note)
    if spec_yaml:
        yield folded(
            "Spec", element("pre", spec_yaml, tabindex=0), note="What was asked for; training it again repeats this."
        )


def _classification_cards(evaluation: Evaluation) -> Iterator[Markup]:
    yield sections.matrix_section(evaluation)
    if evaluation.class_metrics:
        yield sections.classes_section(evaluation)
    keys = _threshold_keys(evaluation)
    if evaluation.roc_curve:
        chart = chart_with_key(
            roc_chart(evaluation, evaluation.roc_curve), ("line first", "model"), ("chance", "chance"), *keys
        )
        yield card("ROC curve", chart, note="How many positive rows are found, at the price of how many false alarms.")
    if evaluation.pr_curve:
        chart = chart_with_key(
            pr_chart(evaluation, evaluation.pr_curve), ("line first", "model"), ("chance", "chance"), *keys
        )
        yield card(
            "Precision and recall", chart, note="How right the positive answers are, the more of them are wanted."
        )
    if evaluation.calibration:
        binary = evaluation.kind == "binary"
        name = (
            f"Predicted probability of {label_text(evaluation.classes[1])}"
            if binary
            else "Probability of the predicted class"
        )
        before = evaluation.uncalibrated.bins if evaluation.uncalibrated else ()
        keys = [("line first", "calibrated"), ("line second", "before")] if before else []
        drawn = calibration_chart(evaluation.calibration, name, before)
        chart = chart_with_key(drawn, *keys, ("chance", "perfectly calibrated"))
        yield card(
            "Calibration",
            chart,
            note="Whether a probability of 70 % comes true in 70 % of the rows; larger dots, more rows.",
        )
    if evaluation.uncalibrated:
        yield sections.calibration_section(evaluation, evaluation.uncalibrated)


def _predictions_card(density: Density) -> Markup:
    note = "Stronger colour, more rows."
    if density.num_outside:
        note = f"Stronger colour, more rows; left out: {counted(density.num_outside, 'row')} far outside."
    chart = chart_with_key(density_chart(density), ("chance strong", "perfect prediction"))
    return card("Predictions against labels", chart, note=note)


def _training_card(curve: Sequence[Iteration], kept: int | None, advice: Sequence[str]) -> Markup:
    keys = [("line second", "training rows")]
    if any(each.eval_loss is not None for each in curve):
        keys = [("line first", "watched rows"), *keys, ("used", "kept")]
    said = (element("p", f"{text[:1].upper()}{text[1:]}.") for text in advice)
    chart = chart_with_key(training_chart(curve, kept), *keys)
    return card("Training", chart, *said, note="The loss after each iteration.")


def _importance_card(importance: Mapping[str, float], span: Span) -> Markup:
    ranked = sorted(importance.items(), key=lambda item: (-abs(item[1]), item[0]))
    total = sum(abs(value) for _, value in ranked) or 1.0
    most = abs(ranked[0][1]) or 1.0
    rows = [
        joined(
            element("span", name),
            bar(abs(value) / most),
            element("span", percent_text(abs(value) / total), class_="figure"),
        )
        for name, value in ranked[:MAX_FEATURES]
    ]
    note = "How much each feature matters to the model, as a share of all."
    if len(ranked) > MAX_FEATURES:
        note += f" The first {MAX_FEATURES} of {len(ranked):,}."
    return card("Features", element("div", *rows, class_="bars importance"), note=note, span=span)


def _threshold_keys(evaluation: Evaluation) -> list[tuple[str, str]]:
    keys = [("used", f"threshold used, {evaluation.threshold:g}")] if evaluation.threshold is not None else []
    if evaluation.suggested and evaluation.suggested.gives:
        keys.append(("suggested", f"suggested, {evaluation.suggested.gives.threshold:.4g}"))
    return keys


def _subtitle(evaluation: Evaluation) -> str:
    kinds = {
        "binary": "Classification, two classes",
        "multiclass": f"Classification, {len(evaluation.classes)} classes",
        "regression": "Regression",
        "multi_label": f"Classification, {len(evaluation.labels)} labels",
        "multivariate": f"Regression, {len(evaluation.labels)} numbers",
        "clustering": "Clustering",
        "dimensionality_reduction": "Dimensionality reduction",
        "preprocessing": "Preprocessing",
        "inference": "Imported model",
    }
    rows = counted(evaluation.num_rows, "row") + (f" ({evaluation.part})" if evaluation.part else "")
    parts = [kinds[evaluation.kind], f"evaluated on {rows}"]
    if evaluation.num_null_labels:
        parts.append(f"{counted(evaluation.num_null_labels, 'row')} without a label left out")
    if evaluation.num_unknown_labels:
        parts.append(f"{counted(evaluation.num_unknown_labels, 'row')} of a class unknown to the model left out")
    if evaluation.num_row_errors:
        parts.append(f"{counted(evaluation.num_row_errors, 'row')} with an error in an expression")
    return " · ".join(parts)
