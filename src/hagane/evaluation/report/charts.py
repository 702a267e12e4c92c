"""The charts of a report, each a function from a part of the evaluation to inline SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hagane.counted import counted
from hagane.evaluation.evaluation import CalibrationBin, Curve, Density, Evaluation, ThresholdMetrics
from hagane.evaluation.training_runs import training_runs
from hagane.number_text import percent_text
from hagane.page.frame import Axis, Frame
from hagane.page.markup import Markup, element
from hagane.page.number_text import number_text

if TYPE_CHECKING:
    from hagane.models.family import Iteration

DENSITY_LEVELS = 8


def roc_chart(evaluation: Evaluation, curve: Curve) -> Markup:
    """Recall over false positive rate, with the thresholds used and suggested."""
    frame = Frame(Axis("False positive rate"), Axis("Recall"))
    marks = [frame.line((0, 1), (0, 1), "chance"), frame.line(curve.x, curve.y, "line first")]
    for class_, at in _marked(evaluation):
        if at.false_positive_rate is not None and at.recall is not None:
            marks.append(frame.dot(at.false_positive_rate, at.recall, class_, _at_text(class_, at)))
    area = f"Area under the curve: {number_text(evaluation.metrics.get('roc_auc'))}"
    return frame.draw("ROC curve", f"{area}. The diagonal is chance.", marks)


def pr_chart(evaluation: Evaluation, curve: Curve) -> Markup:
    """Precision over recall; the broken line is the share of positive rows."""
    frame = Frame(Axis("Recall"), Axis("Precision"))
    share = sum(evaluation.confusion_matrix[1]) / max(1, evaluation.num_rows)
    marks = [
        frame.line((0, 1), (share, share), "chance"),
        frame.line((0, *curve.x), (curve.y[0], *curve.y), "line first"),
    ]
    for class_, at in _marked(evaluation):
        if at.precision is not None and at.recall is not None:
            marks.append(frame.dot(at.recall, at.precision, class_, _at_text(class_, at)))
    area = f"Average precision: {number_text(evaluation.metrics.get('pr_auc'))}"
    return frame.draw("Precision-recall curve", f"{area}. The broken line is chance, {percent_text(share)}.", marks)


def calibration_chart(bins: Sequence[CalibrationBin], score_name: str, before: Sequence[CalibrationBin] = ()) -> Markup:
    """What happened over what was predicted, and `before` calibration; a dot's area grows with its rows."""
    frame = Frame(Axis(score_name), Axis("Observed share"))
    most = max(each.num_rows for each in bins)
    marks = [frame.line((0, 1), (0, 1), "chance")]
    if before:
        marks.append(
            frame.line([each.mean_score for each in before], [each.observed for each in before], "line second")
        )
    marks.append(frame.line([each.mean_score for each in bins], [each.observed for each in bins], "line first thin"))
    for each in bins:
        shares = f"predicted {percent_text(each.mean_score)}, observed {percent_text(each.observed)}"
        said = f"{shares}, {counted(each.num_rows, 'row')}"
        radius = round(2.5 + 6.5 * math.sqrt(each.num_rows / most), 1)
        marks.append(frame.dot(each.mean_score, each.observed, "bin", said, radius))
    return frame.draw("Calibration", "Dots on the diagonal: probabilities mean what they say.", marks)


def density_chart(density: Density) -> Markup:
    """Labels against predictions; the darker, the more rows, in logarithmic steps."""
    frame = Frame(Axis("Label", density.low, density.high), Axis("Prediction", density.low, density.high))
    most = max((max(row) for row in density.counts), default=0)
    paths: dict[int, list[str]] = {}
    step = (density.high - density.low) / len(density.counts)
    width = abs(frame.across(density.low + step) - frame.across(density.low))
    height = abs(frame.down(density.low + step) - frame.down(density.low))
    for i, row in enumerate(density.counts):
        for j, count in enumerate(row):
            if count:
                level = 1 + int((DENSITY_LEVELS - 1) * math.log1p(count) / math.log1p(most))
                x, y = frame.across(density.low + j * step), frame.down(density.low + (i + 1) * step)
                paths.setdefault(level, []).append(f"M{x:.1f} {y:.1f}h{width:.2f}v{height:.2f}h-{width:.2f}z")
    marks = [
        element("path", d="".join(path), class_="density", fill_opacity=round(level / DENSITY_LEVELS, 3))
        for level, path in sorted(paths.items())
    ]
    marks.append(frame.line((density.low, density.high), (density.low, density.high), "chance strong"))
    return frame.draw(
        "Predictions against labels", "On the line the prediction is right; stronger colour means more rows.", marks
    )


def training_chart(curve: Sequence[Iteration], kept: int | None = None) -> Markup:
    """Loss over iterations, on the training rows and on those watched; the dot is the iteration whose state was `kept`.

    None: that with the lowest watched loss. Each model of an ensemble has a line of its own.
    """
    watched = [each for each in curve if each.eval_loss is not None and math.isfinite(each.eval_loss)]
    trained = [each for each in curve if math.isfinite(each.loss)]
    losses = [each.loss for each in trained] + [each.eval_loss for each in watched if each.eval_loss is not None]
    places = [each.iteration for each in curve]
    low, high = padded(min(losses), max(losses))
    frame = Frame(Axis("Iteration", *widened(min(places), max(places))), Axis("Loss", low, high))
    marks = [
        frame.line([each.iteration for each in run], [each.loss for each in run], "line second")
        for run in training_runs(trained)
    ]
    description = f"{counted(len(curve), 'iteration')}."
    if watched:
        values = [each.eval_loss or 0.0 for each in watched]
        for run in training_runs(watched):
            losses = [each.eval_loss or 0.0 for each in run]
            marks.append(frame.line([each.iteration for each in run], losses, "line first"))
        best = kept_point([each.iteration for each in watched], values, kept)
        description = f"Kept: iteration {watched[best].iteration}, loss on watched rows {number_text(values[best])}."
        marks.append(frame.dot(watched[best].iteration, values[best], "used", description))
    return frame.draw("Training curve", description, marks)


def kept_point(iterations: Sequence[int], losses: Sequence[float], kept: int | None) -> int:
    """Where iteration `kept` stands; where it does not, where the lowest loss is.

    >>> kept_point([1, 2, 3], [0.3, 0.1, 0.2], 3), kept_point([1, 2, 3], [0.3, 0.1, 0.2], None)
    (2, 1)
    """
    if kept is not None and kept in iterations:
        return list(iterations).index(kept)
    return min(range(len(losses)), key=losses.__getitem__)


def widened(low: float, high: float) -> tuple[float, float]:
    """The range, or one around it where it is a point.

    >>> widened(1, 1), widened(0, 3)
    ((0.5, 1.5), (0, 3))
    """
    return (low, high) if high > low else (low - max(0.5, abs(low) / 2), high + max(0.5, abs(high) / 2))


def padded(low: float, high: float) -> tuple[float, float]:
    """The range with a twentieth of it free on both sides."""
    low, high = widened(low, high)
    return low - (high - low) / 20, high + (high - low) / 20


def _marked(evaluation: Evaluation) -> list[tuple[str, ThresholdMetrics]]:
    used = [("used", each) for each in evaluation.threshold_table if each.threshold == evaluation.threshold]
    suggested = evaluation.suggested.gives if evaluation.suggested else None
    return used + ([("suggested", suggested)] if suggested else [])


def _at_text(class_: str, at: ThresholdMetrics) -> str:
    ratios = f"precision {number_text(at.precision)}, recall {number_text(at.recall)}"
    return f"threshold {number_text(at.threshold)} ({class_}): {ratios}"
