"""`Evaluation`: what a model is worth on some rows, as plain data with a JSON round trip."""

from __future__ import annotations

from typing import Literal, cast

import msgspec

from hagane.counted import counted
from hagane.data.part_names import PART_NAMES
from hagane.evaluation.bootstrap import Bootstrap, ConfidenceInterval
from hagane.evaluation.interval_coverage import IntervalCoverage
from hagane.evaluation.metric_info import METRICS, metric_info
from hagane.metrics.best_threshold import Aim
from hagane.types import LabelFreeTask, TaskName

Label = str | int | bool


def label_text(label: Label) -> str:
    """A label as people read it.

    >>> label_text(True), label_text(3), label_text("<=50K")
    ('true', '3', '<=50K')
    """
    return str(label).lower() if isinstance(label, bool) else str(label)


HEADLINES = {
    "binary": ("roc_auc", "accuracy", "log_loss"),
    "multiclass": ("accuracy", "log_loss"),
    "regression": ("r2_score", "root_mean_squared_error"),
    "multi_label": ("roc_auc", "subset_accuracy", "hamming_loss"),
    "multivariate": ("r2_score", "root_mean_squared_error"),
    "clustering": ("davies_bouldin_index", "mean_squared_distance"),
    "dimensionality_reduction": ("total_explained_variance_ratio",),
    "preprocessing": ("",),
    "inference": ("",),
}
"""The metric to show first, by kind; the next one where it is undefined."""


class MetricRow(msgspec.Struct, frozen=True):
    """One line of the table of metrics."""

    name: str
    title: str
    value: float | None
    baseline: float | None
    higher_is_better: bool
    reason: str = ""
    """Why `value` is None."""
    interval: ConfidenceInterval | None = None
    """How far `value` would move on other rows of the same kind."""


class ThresholdMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """What one threshold of a binary classifier gives: positive where the score is >= `threshold`."""

    threshold: float
    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int
    precision: float | None
    recall: float | None
    f1_score: float | None
    accuracy: float | None
    false_positive_rate: float | None


class SuggestedThreshold(msgspec.Struct, frozen=True, kw_only=True):
    """The best threshold for an aim, found on these same rows (so what it gives is a little hopeful)."""

    aim: Aim
    aim_value: float
    """The recall or precision to hold; unused by the other aims."""
    gives: ThresholdMetrics | None
    reason: str = ""
    """Why there is none."""


class ClassMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """One class against all others."""

    label: Label
    num_rows: int
    """Rows with this label."""
    precision: float | None
    recall: float | None
    f1_score: float | None
    roc_auc: float | None


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """Points (x, y) and the threshold at each; at most 200, ends kept, the rest spread evenly along x (+ y for ROC)."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    thresholds: tuple[float | None, ...]
    """None: above every score."""
    num_points: int = 0
    """How many there were before they were thinned out; 0 where an older Hagane did not write it down."""


class CalibrationBin(msgspec.Struct, frozen=True, kw_only=True):
    """Rows whose probability lies in (lower, upper]."""

    lower: float
    upper: float
    num_rows: int
    mean_score: float
    observed: float


class Uncalibrated(msgspec.Struct, frozen=True, kw_only=True):
    """What the family itself said of the same rows, before its probabilities were calibrated."""

    method: str
    """Of the calibration that came after: `platt` or `isotonic`."""
    metrics: dict[str, float | None]
    """Log loss, Brier score and calibration error."""
    bins: tuple[CalibrationBin, ...]


class Quantile(msgspec.Struct, frozen=True):
    """`value` is the element of rank ceil(n q) (the lowest for q = 0)."""

    q: float
    value: float


class Density(msgspec.Struct, frozen=True, kw_only=True):
    """A 2-D histogram of label (columns) against prediction (rows), both from `low` to `high`."""

    low: float
    high: float
    counts: tuple[tuple[int, ...], ...]
    """counts[i][j]: prediction in the i-th, label in the j-th of equal bins."""
    num_outside: int
    """Rows outside the range (the outermost half per cent on each side, at most)."""


class SliceMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """The metrics of the rows with one value."""

    value: str | None
    """None: NULL."""
    num_rows: int
    is_small: bool
    """Too few rows to be trusted."""
    metrics: dict[str, float | None]
    loss_gap: float | None = None
    """Mean log loss (of numbers: absolute error) less that of all other rows; None for fewer than ten rows."""
    is_worse: bool = False
    """Whether that is more than chance explains, all slices of the evaluation considered."""


class SliceColumn(msgspec.Struct, frozen=True, kw_only=True):
    """Slices by one column, the most rows first."""

    column: str
    slices: tuple[SliceMetrics, ...]
    num_values: int
    """Distinct values; those beyond the largest 50 are left out of `slices`."""
    small_below_rows: int


Kind = Literal["binary", "multiclass", "regression", "multi_label", "multivariate"] | LabelFreeTask


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is worth on some rows. Every undefined figure is None, its reason in `undefined`.

    Binary classifiers: the positive class is the higher label, and precision, recall and F1 are its own. Several
    classes: precision, recall, F1 and ROC AUC are plain means over the classes; `log_loss` is the mean over rows and
    `macro_log_loss` the mean over classes, which is what BigQuery ML calls log_loss.
    """

    format_version: int = 1
    task: TaskName
    num_rows: int
    part: str = ""
    """Which rows: `test`, `eval`, a file's name."""
    num_row_errors: int = 0
    """Rows on which an expression erred; they are evaluated with NULL in its place."""
    num_null_labels: int = 0
    """Rows left out because their label is NULL."""
    num_unknown_labels: int = 0
    """Rows left out because their class is none that the model knows."""
    labels_digest: str = ""
    """Equal digests: evaluated on the same labels in the same order."""
    classes: tuple[Label, ...] = ()
    metrics: dict[str, float | None]
    undefined: dict[str, str] = {}
    confidence: dict[str, ConfidenceInterval] = {}
    """Metric → its confidence interval; the calibration error has none, since resampling biases it."""
    bootstrap: Bootstrap | None = None
    """How these came about."""
    judged_by: str = ""
    """The metric that the loss of the training asks for, where it is not the kind's own: it is the headline."""
    judged_at: float | None = None
    """Of a pinball loss: the quantile."""
    baseline: dict[str, float | None]
    """The same metrics of a model that has learned nothing but the label's distribution."""
    baseline_meaning: str
    confusion_matrix: tuple[tuple[int, ...], ...] = ()
    """Rows are labels, columns predictions, in the order of `classes`."""
    threshold: float | None = None
    """What precision, recall, F1, accuracy and the confusion matrix of a binary classifier stand on."""
    suggested: SuggestedThreshold | None = None
    threshold_table: tuple[ThresholdMetrics, ...] = ()
    """At 0.1, 0.2, … 0.9, the threshold used and the one suggested, rising."""
    class_metrics: tuple[ClassMetrics, ...] = ()
    roc_curve: Curve | None = None
    """x: false positive rate, y: recall."""
    pr_curve: Curve | None = None
    """x: recall, y: precision."""
    calibration: tuple[CalibrationBin, ...] = ()
    """Of the positive class's probability; of the predicted class's for several classes."""
    uncalibrated: Uncalibrated | None = None
    """Before the model's calibration; None where it has none."""
    intervals: IntervalCoverage | None = None
    """How the model's prediction intervals did; None where it has none."""
    residuals: tuple[Quantile, ...] = ()
    """Of label - prediction."""
    density: Density | None = None
    slices: tuple[SliceColumn, ...] = ()
    labels: tuple[LabelEvaluation, ...] = ()
    """Of several labels predicted at once each by itself; what stands above are means over them then."""
    averaged_over: dict[str, int] = {}
    """Metric → over how many of the labels its mean is, where it is not defined for all."""

    @property
    def kind(self) -> Kind:
        """The task, with binary apart from several classes, and one label apart from several."""
        if self.task not in ("classification", "regression"):
            return cast(LabelFreeTask, self.task)
        if self.labels:
            return "multivariate" if self.task == "regression" else "multi_label"
        if self.task == "regression":
            return "regression"
        return "binary" if len(self.classes) == 2 else "multiclass"

    @property
    def positive_class(self) -> Label | None:
        """The higher of two labels; None where there are not two."""
        return self.classes[1] if self.kind == "binary" else None

    def headline(self) -> tuple[str, float | None]:
        """The metric to show first, and its value (None where no candidate is defined).

        Binary ROC AUC, several classes accuracy, regression R², or what the training's loss asks for; the next of
        `HEADLINES` where that is undefined. Of a model that has no figures the name is empty.
        """
        names = (*([self.judged_by] if self.judged_by else []), *HEADLINES[self.kind])
        name = next((name for name in names if self.metrics.get(name) is not None), names[0])
        return name, self.metrics.get(name)

    def metric_rows(self) -> tuple[MetricRow, ...]:
        """Every metric with its title, baseline and reason, in the order of `METRICS`."""
        known = [name for name in METRICS if name in self.metrics]
        names = known + [name for name in self.metrics if name not in METRICS]
        return tuple(self._row(name) for name in names)

    def _row(self, name: str) -> MetricRow:
        info = metric_info(name)
        value, baseline = self.metrics[name], self.baseline.get(name)
        reason, interval = self.undefined.get(name, ""), self.confidence.get(name)
        return MetricRow(name, info.title, value, baseline, info.higher_is_better, reason, interval)

    @property
    def means_told(self) -> tuple[str, ...]:
        """A sentence, without its full stop, for each number of labels that means are over, where it is not all."""
        told = []
        for count in sorted(set(self.averaged_over.values())):
            titles = [metric_info(name).title for name in self.averaged_over if self.averaged_over[name] == count]
            verb = "is the mean" if len(titles) == 1 else "are means"
            told.append(
                f"{', '.join(titles)} {verb} over {count:,} of {len(self.labels):,} labels: of the others "
                "these rows have one value only"
            )
        return tuple(told)

    @property
    def rows_text(self) -> str:
        """How many rows there are, and of what: `8 test rows`, `60 rows of new.csv`."""
        if self.part in PART_NAMES:
            return counted(self.num_rows, f"{self.part} row")
        return counted(self.num_rows, "row") + (f" of {self.part}" if self.part else "")

    def __repr__(self) -> str:
        name, value = self.headline()
        if not name:
            return f"<Evaluation: no figures, {self.rows_text}>"
        figure = "undefined" if value is None else f"{value:.4f}"
        return f"<Evaluation: {metric_info(name).title} {figure} on {self.rows_text}>"

    def _repr_html_(self) -> str:
        from hagane.evaluation.report.sections import matrix_section, metrics_section

        matrix = matrix_section(self) if self.confusion_matrix else ""
        return f"{metrics_section(self)}{matrix}"

    def to_json(self) -> bytes:
        """The evaluation as JSON, indented: what `evaluation.json` of a bundle holds."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2)

    @staticmethod
    def from_json(document: bytes | str) -> Evaluation:
        """The inverse of `to_json`. Raises msgspec.ValidationError where it is not one."""
        return msgspec.json.decode(document, type=Evaluation)


class LabelEvaluation(msgspec.Struct, frozen=True, kw_only=True):
    """One of several labels that were predicted at once."""

    name: str
    evaluation: Evaluation
    """As if it were the only one, on the rows that have all labels."""
