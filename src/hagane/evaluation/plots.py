"""Each picture of an evaluation, drawn onto matplotlib axes that the caller made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hagane.evaluation.evaluation import Curve, Density, Evaluation, Quantile, label_text
from hagane.evaluation.training_runs import training_runs
from hagane.number_text import percent_text
from hagane.page.number_text import number_text, tick_text

if TYPE_CHECKING:
    from hagane.models.family import Iteration

FIRST, SECOND, SOFT = "#1f5fa8", "#b06f00", "#5b636d"
MAX_CLASSES = 20
MAX_CLASSES_WITH_COUNTS = 10
MAX_FEATURES = 20
MAX_NAME = 28


def draw_confusion_matrix(evaluation: Evaluation, axes: Any) -> None:
    """Counts, shaded by their share of the label's rows; the most frequent classes of many."""
    counts = np.array(evaluation.confusion_matrix)
    shown = np.sort(np.argsort(-counts.sum(axis=1), kind="stable")[:MAX_CLASSES])
    names = [_plain(label_text(evaluation.classes[index])) for index in shown]
    shares = (counts / np.maximum(1, counts.sum(axis=1, keepdims=True)))[np.ix_(shown, shown)]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(shown) <= MAX_CLASSES_WITH_COUNTS:
        for (row, column), share in np.ndenumerate(shares):
            text = f"{counts[shown[row], shown[column]]:,}\n{percent_text(float(share))}"
            axes.text(column, row, text, ha="center", va="center", color="white" if share > 0.55 else "black")
    turned = max(map(len, names)) * len(names) > 50
    axes.set_xticks(range(len(shown)), names, rotation=45 if turned else 0, ha="right" if turned else "center")
    axes.set_yticks(range(len(shown)), names)
    axes.set(title="Confusion matrix", xlabel="Predicted", ylabel="Label")


def draw_roc_curve(evaluation: Evaluation, curve: Curve, axes: Any) -> None:
    """Recall over false positive rate."""
    axes.plot((0, 1), (0, 1), "--", color=SOFT, linewidth=1, label="chance")
    axes.plot(curve.x, curve.y, color=FIRST, label=f"area {number_text(evaluation.metrics.get('roc_auc'))}")
    _mark_thresholds(evaluation, axes, "false_positive_rate", "recall")
    _unit_square(axes, "ROC curve", "False positive rate", "Recall", "lower right")


def draw_pr_curve(evaluation: Evaluation, curve: Curve, axes: Any) -> None:
    """Precision over recall."""
    share = sum(evaluation.confusion_matrix[1]) / max(1, evaluation.num_rows)
    axes.plot((0, 1), (share, share), "--", color=SOFT, linewidth=1, label="chance")
    area = f"average precision {number_text(evaluation.metrics.get('pr_auc'))}"
    axes.plot((0, *curve.x), (curve.y[0], *curve.y), color=FIRST, label=area)
    _mark_thresholds(evaluation, axes, "recall", "precision")
    _unit_square(axes, "Precision and recall", "Recall", "Precision", "lower left")


def draw_calibration(evaluation: Evaluation, axes: Any) -> None:
    """What happened over what was predicted; a dot's area grows with its rows."""
    bins = evaluation.calibration
    predicted, observed = [each.mean_score for each in bins], [each.observed for each in bins]
    most = max(each.num_rows for each in bins)
    axes.plot((0, 1), (0, 1), "--", color=SOFT, linewidth=1, label="perfectly calibrated")
    if evaluation.uncalibrated and evaluation.uncalibrated.bins:
        before = evaluation.uncalibrated.bins
        shares = [each.mean_score for each in before], [each.observed for each in before]
        axes.plot(*shares, "--", color=SECOND, linewidth=1, label="before calibration")
    axes.plot(predicted, observed, color=FIRST, linewidth=1)
    axes.scatter(predicted, observed, s=[12 + 110 * each.num_rows / most for each in bins], color=FIRST, zorder=3)
    binary = evaluation.kind == "binary"
    name = (
        f"Predicted probability of {_plain(label_text(evaluation.classes[1]))}"
        if binary
        else "Probability of the predicted class"
    )
    _unit_square(axes, "Calibration", name, "Observed share", "upper left")


def draw_predictions(density: Density, axes: Any) -> None:
    """Labels against predictions, darker where there are more rows (logarithmic)."""
    from matplotlib.colors import LogNorm

    counts = np.ma.masked_equal(np.array(density.counts), 0)
    ends = (density.low, density.high)
    norm = LogNorm(vmin=0.7, vmax=max(2, int(counts.max()) if counts.count() else 2))
    image = axes.imshow(counts, origin="lower", extent=(*ends, *ends), cmap="Blues", norm=norm, aspect="auto")
    axes.figure.colorbar(image, ax=axes, label="Rows")
    axes.plot(ends, ends, "--", color="black", linewidth=1, label="perfect prediction")
    _short_ticks(axes)
    axes.legend(loc="upper left", frameon=False)
    axes.set(title="Predictions against labels", xlabel="Label", ylabel="Prediction", xlim=ends, ylim=ends)


def draw_residuals(residuals: Sequence[Quantile], axes: Any) -> None:
    """Quantiles of label - prediction, as a curve from 1 % to 99 %."""
    middle = [each for each in residuals if 0.0 < each.q < 1.0]
    axes.axhline(0, color=SOFT, linestyle="--", linewidth=1)
    axes.plot([100 * each.q for each in middle], [each.value for each in middle], "o-", color=FIRST)
    _short_ticks(axes, x=False)
    axes.set(title="Residuals", xlabel="Per cent of the rows at or below", ylabel="Label minus prediction")
    axes.grid(alpha=0.3)


def draw_training_curve(curve: Sequence[Iteration], axes: Any, kept: int | None = None) -> None:
    """Loss over iterations, on the training rows and on those watched, and the iteration whose state was `kept`."""
    runs = training_runs(curve)
    for number, run in enumerate(runs):
        label = {} if number else {"label": "training rows"}
        axes.plot([each.iteration for each in run], [each.loss for each in run], "--", color=SECOND, **label)
    watched = [(each.iteration, each.eval_loss) for each in curve if each.eval_loss is not None]
    if watched:
        for number, run in enumerate(runs):
            label = {} if number else {"label": "watched rows"}
            points = [(each.iteration, each.eval_loss) for each in run if each.eval_loss is not None]
            axes.plot([place for place, _ in points], [loss for _, loss in points], color=FIRST, **label)
        best = next((point for point in watched if point[0] == kept), min(watched, key=lambda point: point[1]))
        axes.axvline(best[0], color=SOFT, linestyle=":", linewidth=1)
        axes.plot(*best, "o", color=FIRST, label=f"kept, {number_text(best[1])} at {best[0]}")
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    axes.set(title="Training", xlabel="Iteration", ylabel="Loss")


def draw_importance(importance: Mapping[str, float], axes: Any) -> None:
    """The features that matter most, as shares of all."""
    ranked = sorted(importance.items(), key=lambda item: (-abs(item[1]), item[0]))[:MAX_FEATURES]
    total = sum(map(abs, importance.values())) or 1.0
    axes.barh(range(len(ranked)), [100 * abs(value) / total for _, value in ranked], color=FIRST)
    axes.set_yticks(range(len(ranked)), [_plain(name) for name, _ in ranked], fontsize=8)
    axes.invert_yaxis()
    axes.set(title="Features", xlabel="Share of importance, per cent")


def draw_columns(title: str, xlabel: str, values: Mapping[str, float], axes: Any) -> None:
    """A bar for each of the columns that matter most."""
    ranked = sorted(values.items(), key=lambda item: (-abs(item[1]), item[0]))[:MAX_FEATURES]
    axes.barh(range(len(ranked)), [value for _, value in ranked], color=FIRST)
    axes.set_yticks(range(len(ranked)), [_plain(name) for name, _ in ranked], fontsize=8)
    axes.invert_yaxis()
    axes.set(title=title, xlabel=xlabel)


def _mark_thresholds(evaluation: Evaluation, axes: Any, x: str, y: str) -> None:
    used = next((each for each in evaluation.threshold_table if each.threshold == evaluation.threshold), None)
    suggested = evaluation.suggested.gives if evaluation.suggested else None
    for name, color, at in (("used", FIRST, used), ("suggested", SECOND, suggested)):
        place = (getattr(at, x, None), getattr(at, y, None))
        if at is not None and None not in place:
            axes.plot(*place, "o", color=color, label=f"threshold {name}, {at.threshold:.4g}", zorder=3)


def _unit_square(axes: Any, title: str, x: str, y: str, legend: str) -> None:
    axes.set(title=title, xlabel=x, ylabel=y, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.legend(loc=legend, frameon=False)
    axes.grid(alpha=0.3)


def _short_ticks(axes: Any, x: bool = True) -> None:
    for axis in (axes.xaxis, axes.yaxis) if x else (axes.yaxis,):
        axis.set_major_formatter(lambda value, _: tick_text(value))


def _plain(name: object) -> str:
    """A name as matplotlib may draw it: not too long, and never as mathematics between dollar signs."""
    text = str(name).encode("utf-8", "replace").decode("utf-8")
    return (text if len(text) <= MAX_NAME else text[: MAX_NAME - 1] + "…").replace("$", r"\$")
