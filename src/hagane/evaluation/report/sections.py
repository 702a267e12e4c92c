"""The sections of a report that are figures: headline, metrics, confusion matrix, classes, thresholds, slices."""

from __future__ import annotations

from hagane.counted import counted
from hagane.evaluation.bootstrap import ConfidenceInterval
from hagane.evaluation.evaluation import Evaluation, MetricRow, SliceColumn, SliceMetrics, Uncalibrated, label_text
from hagane.evaluation.interval_coverage import IntervalCoverage
from hagane.evaluation.metric_info import metric_info
from hagane.number_text import brief_text, percent_text
from hagane.page.markup import Markup, element, joined
from hagane.page.number_text import number_text
from hagane.page.pieces import Row, Span, badge, bar, card, table

MAX_MATRIX_CLASSES = 12
METHODS = {"platt": "Platt scaling", "isotonic": "Isotonic regression"}
MAX_LABELS = 200
MAX_DOUBLE_CLASSES = 6
AIMS = {
    "f1_score": "the best F1 score",
    "accuracy": "the best accuracy",
    "precision_at_recall": "the most precision at a recall of {:g} or more",
    "recall_at_precision": "the most recall at a precision of {:g} or more",
    "youden": "the widest gap between recall and false positive rate",
}
SLICE_METRICS = {
    "binary": ("roc_auc", "accuracy", "precision", "recall", "f1_score"),
    "multiclass": ("accuracy", "f1_score", "log_loss"),
    "regression": ("r2_score", "root_mean_squared_error", "mean_absolute_error"),
    "multi_label": (),
    "multivariate": (),
    "clustering": (),
    "dimensionality_reduction": (),
    "preprocessing": (),
    "inference": (),
}
"""Of several labels the slices are those of each; without a label there are none."""


def slice_metrics(evaluation: Evaluation) -> tuple[str, ...]:
    """Those to show of each slice: what the model is judged by first."""
    names = SLICE_METRICS[evaluation.kind]
    own = evaluation.judged_by
    return (own, *(name for name in names if name != own)) if own else names


def headline_section(evaluation: Evaluation) -> Markup:
    """The one figure to see first, beside what a model that has learned nothing reaches."""
    name, value = evaluation.headline()
    info, baseline = metric_info(name), evaluation.baseline.get(name)
    lead = element(
        "div",
        element("h2", info.title),
        element("div", number_text(value), class_="big"),
        element("div", f"baseline {number_text(baseline)}", class_="soft"),
        class_="lead",
    )
    bars = [
        joined(
            element("span", title), bar(figure or 0.0, class_), element("span", number_text(figure), class_="figure")
        )
        for title, figure, class_ in (("Model", value, "bar"), ("Baseline", baseline, "bar base"))
    ]
    shown = element("div", *bars, class_="bars") if info.is_share or name == "r2_score" else ""
    meaning = f"{info.meaning} The baseline {evaluation.baseline_meaning}."
    scale = element("div", shown, element("p", meaning, class_="note"), class_="scale")
    return element("section", lead, scale, class_="card wide hero")


def metrics_section(evaluation: Evaluation) -> Markup:
    """Every metric beside its baseline, and why the undefined ones are."""
    rows = [(_metric_cells(row), None) for row in evaluation.metric_rows()]
    note = f"On {counted(evaluation.num_rows, 'row')}."
    if evaluation.kind == "multiclass":
        note += " Precision, recall, F1 and ROC AUC are means over the classes, each against the others."
    if evaluation.labels:
        note += " Means over the labels, where no label is named."
        note += "".join(f" {told}." for told in evaluation.means_told)
    if evaluation.bootstrap:
        note += f" {evaluation.bootstrap.meaning}."
    shown = table(("Metric", "Model", "Baseline", "What it says"), rows, name="Metrics", class_="metrics")
    return card("Metrics", shown, note=note, span="double")


def matrix_section(evaluation: Evaluation) -> Markup:
    """Labels against predictions, each cell shaded by its share of the label's rows; the largest classes of many."""
    matrix, classes = evaluation.confusion_matrix, [label_text(each) for each in evaluation.classes]
    sizes = [sum(row) for row in matrix]
    shown = sorted(sorted(range(len(classes)), key=lambda i: -sizes[i])[:MAX_MATRIX_CLASSES])
    corner = element("td", "predicted →", element("br"), "label ↓", class_="soft")
    head = element("tr", corner, *(element("th", classes[j], scope="col") for j in shown))
    body = [
        element(
            "tr", element("th", classes[i], scope="row"), *(_matrix_cell(matrix[i][j], sizes[i], i == j) for j in shown)
        )
        for i in shown
    ]
    inner = element(
        "table", element("thead", head), element("tbody", *body), class_="matrix", aria_label="Confusion matrix"
    )
    left_out = len(classes) - len(shown)
    note = "Rows are labels, columns predictions; per cent of the label's rows."
    if evaluation.threshold is not None:
        note += f" {classes[1]} is predicted from a score of {brief_text(evaluation.threshold, 6)}."
    if left_out:
        note += f" The {len(shown)} most frequent of {len(classes)} classes are shown."
    region = element("div", inner, class_="scroll", tabindex=0, role="region", aria_label="Confusion matrix")
    return card("Confusion matrix", region, note=note, span=_matrix_span(len(shown)))


def labels_section(evaluation: Evaluation) -> Markup:
    """Each of several labels by itself."""
    shown = evaluation.labels[:MAX_LABELS]
    names = [name for name in evaluation.metrics if name in shown[0].evaluation.metrics]
    rows: list[Row] = [
        ([one.name, *(number_text(one.evaluation.metrics.get(name)) for name in names)], None) for one in shown
    ]
    note = "Each label by itself, on the rows that have all of them."
    if len(shown) < len(evaluation.labels):
        note += f" The first {len(shown)} of {len(evaluation.labels):,}."
    heads = ("Label", *(metric_info(name).title for name in names))
    return card("Labels", table(heads, rows, name="Labels"), note=note, span="wide")


def classes_section(evaluation: Evaluation) -> Markup:
    """Each class against all others."""
    rows = [
        (
            [label_text(each.label), f"{each.num_rows:,}"]
            + [number_text(value) for value in (each.precision, each.recall, each.f1_score, each.roc_auc)],
            None,
        )
        for each in evaluation.class_metrics
    ]
    heads = ("Class", "Rows", "Precision", "Recall", "F1 score", "ROC AUC")
    return card(
        "Classes",
        table(heads, rows, name="Classes"),
        note="Each class against all others.",
        span=_matrix_span(len(rows)),
    )


def thresholds_section(evaluation: Evaluation) -> Markup:
    """What each threshold gives, the used and the suggested one marked."""
    suggested = evaluation.suggested.gives if evaluation.suggested else None
    rows: list[Row] = []
    for each in evaluation.threshold_table:
        is_used = each.threshold == evaluation.threshold
        is_suggested = suggested is not None and each.threshold == suggested.threshold
        name = joined(
            brief_text(each.threshold),
            badge("used", "used") if is_used else "",
            badge("suggested", "suggested") if is_suggested else "",
        )
        ratios = (each.precision, each.recall, each.f1_score, each.accuracy, each.false_positive_rate)
        called = each.true_positives + each.false_positives
        cells = [name, *(number_text(ratio) for ratio in ratios), f"{called:,}"]
        rows.append((cells, "chosen" if is_used or is_suggested else None))
    heads = ("Threshold", "Precision", "Recall", "F1 score", "Accuracy", "False positive rate", "Called positive")
    return card("Thresholds", table(heads, rows, name="Thresholds"), note=_suggestion(evaluation), span="wide")


def residuals_section(evaluation: Evaluation) -> Markup:
    """Quantiles of label - prediction, and the middle nine tenths in words."""
    by_q = {each.q: each.value for each in evaluation.residuals}
    heads = ["Share of rows", *(_quantile_name(each.q) for each in evaluation.residuals)]
    row = ["Residual", *(number_text(each.value) for each in evaluation.residuals)]
    note = (
        f"Label minus prediction. For nine rows of ten it lies between {number_text(by_q.get(0.05))}"
        f" and {number_text(by_q.get(0.95))}; above zero the model said too little."
    )
    return card("Residuals", table(heads, [(row, None)], name="Residuals"), note=note, span="wide")


def calibration_section(evaluation: Evaluation, before: Uncalibrated) -> Markup:
    """What calibration did to the metrics that it is for."""
    rows: list[Row] = [
        ([metric_info(name).title, number_text(value), number_text(evaluation.metrics.get(name))], None)
        for name, value in before.metrics.items()
    ]
    note = f"{METHODS.get(before.method, before.method)}, fitted on the eval rows; before and after, on these rows."
    return card("Before calibration", table(("Metric", "Before", "After"), rows, name="Before calibration"), note=note)


def intervals_section(found: IntervalCoverage) -> Markup:
    """Whether the prediction intervals kept their promise."""
    figures = (
        ("Labels inside", percent_text(found.coverage)),
        ("Promised", percent_text(found.level)),
        ("Expected of so many rows", f"{percent_text(found.expected_low)} … {percent_text(found.expected_high)}"),
        ("Not contradicted", f"{percent_text(found.low)} … {percent_text(found.high)}"),
        ("Below, above", f"{percent_text(found.share_below)}, {percent_text(found.share_above)}"),
        ("Mean width", number_text(found.mean_width)),
        ("Median width", number_text(found.median_width)),
    )
    rows: list[Row] = [([name, value], None) for name, value in figures]
    note = f"The labels lie between the bounds {found.verdict}. Not contradicted: 95 % binomial interval."
    name = "Prediction intervals"
    return card(name, table(("", "On these rows"), rows, name=name), note=note)


def slice_section(evaluation: Evaluation, column: SliceColumn) -> Markup:
    """The metrics of the rows that share a value, the most rows first."""
    names = slice_metrics(evaluation)
    heads = [column.column, "Rows", *(metric_info(name).title for name in names)]
    whole = ["All rows", f"{evaluation.num_rows:,}", *(number_text(evaluation.metrics.get(name)) for name in names)]
    rows: list[Row] = [(whole, "chosen")]
    rows += [(_slice_cells(each, names), "few" if each.is_small else None) for each in column.slices]
    notes = []
    if any(each.is_small for each in column.slices):
        notes.append(f"Slices of fewer than {column.small_below_rows} rows are marked: their figures are noisy.")
    if column.num_values > len(column.slices):
        notes.append(f"The {len(column.slices)} largest of {column.num_values:,} values are shown.")
    title = f"By {column.column}"
    return card(title, table(heads, rows, name=title), note=" ".join(notes), span="wide")


def _metric_cells(row: MetricRow) -> list[object]:
    info = metric_info(row.name)
    said = row.reason and f"undefined: {row.reason}"
    meaning = element("span", said or info.meaning, class_="worth")
    value = joined(number_text(row.value), _verdict(row), interval_range(row.interval))
    return [row.title, value, number_text(row.baseline), meaning]


def interval_range(interval: ConfidenceInterval | None) -> Markup:
    """From where to where, on a line of its own."""
    if interval is None:
        return Markup("")
    return element("small", f"{number_text(interval.low)} … {number_text(interval.high)}", class_="interval")


def _verdict(row: MetricRow) -> Markup:
    if row.value is None or row.baseline is None or row.value == row.baseline:
        return element("span", class_="verdict")
    better = (row.value > row.baseline) == row.higher_is_better
    said = f"{'better' if better else 'worse'} than the baseline"
    class_ = "verdict better" if better else "verdict worse"
    return element("span", "✓" if better else "✗", class_=class_, title=said, role="img", aria_label=said)


def _matrix_span(num_classes: int) -> Span:
    return "" if num_classes == 2 else "double" if num_classes <= MAX_DOUBLE_CLASSES else "wide"


def _matrix_cell(count: int, of: int, right: bool) -> Markup:
    share = count / of if of else 0.0
    return element(
        "td",
        f"{count:,}",
        element("small", percent_text(share)),
        style=f"--share:{share:.3f}",
        class_="right" if right else None,
    )


def _suggestion(evaluation: Evaluation) -> str:
    suggested = evaluation.suggested
    if suggested is None:
        return ""
    aim = AIMS[suggested.aim].format(suggested.aim_value)
    if suggested.gives is None:
        return f"No threshold is suggested for {aim}: {suggested.reason}."
    found = brief_text(suggested.gives.threshold)
    return f"Suggested for {aim}: {found}. It was found on these same rows, so it is a little hopeful."


def _quantile_name(q: float) -> str:
    return {0.0: "lowest", 0.5: "median", 1.0: "highest"}.get(q, f"{100 * q:.3g} %")


def _slice_cells(each: SliceMetrics, names: tuple[str, ...]) -> list[object]:
    value = element("em", "NULL") if each.value is None else each.value or element("em", "empty")
    few = badge("few rows", "few") if each.is_small else ""
    name = joined(value, few, badge("clearly worse", "few") if each.is_worse else "")
    return [name, f"{each.num_rows:,}", *(number_text(each.metrics.get(name)) for name in names)]
