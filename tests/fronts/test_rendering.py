"""What a terminal shows, held by golden files at 80 columns (`UPDATE_GOLDEN=1` writes them anew)."""

from __future__ import annotations

import os
import re
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import msgspec
import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from hagane.anomalies.anomaly_report import AnomalyReport, Example, Finding
from hagane.anomalies.outlier_report import OutlierReport, OutlierRow
from hagane.data.bad_rows import BadRow, BadRows
from hagane.description.description import Description
from hagane.errors import ExpressionError, Fault, SpecError
from hagane.evaluation.compare import compare
from hagane.evaluation.compare_scores import compare_scores
from hagane.evaluation.comparison import Cost
from hagane.evaluation.evaluate import evaluate
from hagane.evaluation.evaluation import (
    ClassMetrics,
    Evaluation,
    Quantile,
    SliceColumn,
    SliceMetrics,
    SuggestedThreshold,
    ThresholdMetrics,
)
from hagane.fronts.cli.console import Output
from hagane.fronts.cli.histogram import bars, histogram
from hagane.fronts.cli.progress import RichPhase, RichProgress
from hagane.fronts.cli.render_anomalies import render_anomalies
from hagane.fronts.cli.render_comparison import render_comparison
from hagane.fronts.cli.render_description import render_description
from hagane.fronts.cli.render_error import render_error
from hagane.fronts.cli.render_evaluation import render_evaluation
from hagane.fronts.cli.render_models import render_model, render_models
from hagane.fronts.cli.render_outliers import render_outliers
from hagane.fronts.cli.render_statistics import render_statistics
from hagane.fronts.cli.render_training import render_training
from hagane.metrics.best_threshold import Aim
from hagane.spec.spec import Model, Spec, Split
from hagane.spec.spec_differences import spec_differences
from hagane.spec.write_yaml import write_yaml
from hagane.statistics.collinearity import CollinearGroup, Collinearity
from hagane.statistics.correlations import Correlation, Correlations
from hagane.statistics.dependencies import Dependency
from hagane.statistics.leaks import Leak
from hagane.statistics.statistics import ColumnStatistics, Statistics, TopValue
from hagane.statistics.statistics import Quantile as ValueQuantile
from hagane.types import SqlType
from hagane.workspace.model_version import ModelVersion

GOLDEN = Path(__file__).parent / "golden"
WIDTH = 80
WHOLE = ("all of them:", "bundle")
"""How lines begin that are not broken whatever the width, since they hold a path."""

AT_HALF = ThresholdMetrics(
    threshold=0.4112, true_positives=827, false_positives=441, true_negatives=3283, false_negatives=449,
    precision=0.6522, recall=0.6481, f1_score=0.6502, accuracy=0.822, false_positive_rate=0.118,
)  # fmt: skip
BINARY = Evaluation(
    task="classification",
    part="test",
    num_rows=5000,
    num_row_errors=2,
    num_null_labels=31,
    labels_digest="a",
    classes=("on time", "late"),
    metrics={"roc_auc": 0.85952, "precision": None, "accuracy": 0.8292, "log_loss": 0.59, "f1_score": 0.5866},
    undefined={"precision": "no row was predicted positive"},
    baseline={"roc_auc": 0.5, "precision": None, "accuracy": 0.8292, "log_loss": 0.568, "f1_score": 0.0},
    baseline_meaning="always answers on time, with the share of each label as its score",
    confusion_matrix=((3540, 184), (670, 606)),
    threshold=0.5,
    suggested=SuggestedThreshold(aim="f1_score", aim_value=0.5, gives=AT_HALF),
    slices=(
        SliceColumn(
            column="carrier",
            num_values=14,
            small_below_rows=100,
            slices=(
                SliceMetrics(
                    value="[UA]", num_rows=1921, is_small=False, metrics={"roc_auc": 0.8702, "accuracy": 0.8365}
                ),
                SliceMetrics(value=None, num_rows=21, is_small=True, metrics={"roc_auc": None, "accuracy": 0.8095}),
            ),
        ),
    ),
)
SPECIES = Evaluation(
    task="classification",
    num_rows=333,
    classes=("Adelie", "Chinstrap penguin [sic]", "Gentoo"),
    metrics={"accuracy": 0.97, "log_loss": 0.1},
    baseline={"accuracy": 0.44, "log_loss": 1.05},
    baseline_meaning="always answers Adelie, with the share of each label as its scores",
    confusion_matrix=((145, 1, 0), (2, 66, 0), (0, 7, 112)),
    class_metrics=(
        ClassMetrics(label="Adelie", num_rows=146, precision=0.9864, recall=0.9932, f1_score=0.9898, roc_auc=0.9991),
        ClassMetrics(
            label="Chinstrap penguin [sic]", num_rows=68, precision=0.8919, recall=0.97, f1_score=0.93, roc_auc=None
        ),
        ClassMetrics(label="Gentoo", num_rows=119, precision=1.0, recall=0.9412, f1_score=0.9697, roc_auc=1.0),
    ),
)
MANY = Evaluation(
    task="classification",
    num_rows=600,
    classes=tuple(range(30)),
    metrics={"accuracy": 0.9},
    baseline={"accuracy": 0.03},
    baseline_meaning="always answers 0",
    confusion_matrix=tuple(
        tuple(18 if i == j else 2 if j == (i * 7 + 1) % 30 else 0 for j in range(30)) for i in range(30)
    ),
    class_metrics=tuple(
        ClassMetrics(label=i, num_rows=20, precision=0.9, recall=0.9, f1_score=0.9, roc_auc=0.95) for i in range(30)
    ),
)
ERROR_QUANTILES = {0: -310222.4, 0.05: -61234.5, 0.25: -18000.0, 0.5: 412.0, 0.75: 16000.0, 0.95: 75999.9, 1: 412000.0}
REGRESSION = Evaluation(
    task="regression",
    part="new.csv",
    num_rows=4128,
    metrics={"r2_score": 0.8412, "root_mean_squared_error": 46012.3, "mean_squared_log_error": 0.0528},
    baseline={"r2_score": 0.0, "root_mean_squared_error": 115400.1, "mean_squared_log_error": 0.31},
    baseline_meaning="always answers the mean, 206856",
    residuals=tuple(Quantile(q, value) for q, value in ERROR_QUANTILES.items()),
)


def quantiles(*values: float) -> tuple[ValueQuantile, ...]:
    return tuple(map(ValueQuantile, (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99), values))


def column(name: str, type_: SqlType, count: int = 10_000, **parts: Any) -> ColumnStatistics:
    return ColumnStatistics(name=name, type=type_, count=count, num_nulls=10_000 - count, **parts)


def tops(**counts: int) -> tuple[TopValue, ...]:
    return tuple(TopValue(value, count) for value, count in counts.items())


MILES = quantiles(94, 184, 199, 502, 872, 1389, 2446, 2475, 2586)
ENGINES = tuple(TopValue(value, count) for value, count in ((2, 8000), (1, 500), (4, 300), (3, 200)))
GUSTS = quantiles(17, 18, 19, 21, 24, 28, 33, 37, 46)
DESTS = (*tops(ORD=513, ATL=511, LAX=480), TopValue("a name\nthat is [bold]long", 300))
STATISTICS = Statistics(
    num_rows=10_000,
    columns=(
        column(
            "departure",
            SqlType.TIMESTAMP,
            num_distinct=6936,
            min="2013-01-01T05:15:00+00:00",
            max="2013-12-31T00:00:00+00:00",
        ),
        column(
            "distance_in_statute_miles", SqlType.INT64, num_distinct=214, min=17, max=4983, mean=1039.9, quantiles=MILES
        ),
        column("engines", SqlType.INT64, 9000, num_distinct=4, min=1, max=4, mean=1.99, top_values=ENGINES),
        column(
            "wind_gust",
            SqlType.FLOAT64,
            2400,
            num_nans=12,
            num_infinite=3,
            num_distinct=38,
            min=16.11,
            max=66.7,
            mean=25.49,
            quantiles=GUSTS,
        ),
        column("dest", SqlType.STRING, num_distinct=105, top_values=DESTS),
        column("id", SqlType.STRING, num_distinct=9987, top_values=tops(N1=1)),
        column(
            "year", SqlType.INT64, num_distinct=1, min=2013, max=2013, mean=2013.0, quantiles=quantiles(*[2013] * 9)
        ),
        column("empty", SqlType.DATE, 0, num_distinct=0),
        column("late", SqlType.BOOL, 9993, num_distinct=2, num_true=2410, num_false=7583),
    ),
)
LEAKS = (
    Leak("dep_delay", 0.991, "roc_auc", "alone it reaches a ROC AUC of 0.991"),
    Leak("arr_delay", 1.0, "roc_auc", "alone it reaches a ROC AUC of 1.000"),
)
PAIRS = (
    Correlation(a="temp", b="dewp", measure="pearson", value=0.8953, spearman=0.9012, num_rows=9_990),
    Correlation(a="month", b="temp[bold]", measure="pearson", value=-0.31, spearman=-0.9999, num_rows=9_990),
    Correlation(a="carrier", b="distance_in_statute_miles", measure="correlation_ratio", value=0.42, num_rows=10_000),
    Correlation(a="origin", b="carrier", measure="cramers_v", value=0.1, num_rows=10_000),
)
GROUP = CollinearGroup(
    columns=("temp", "dewp", "a_very_long_name_of_a_column_that_is_cut_short"), max_correlation=0.8953, max_vif=None,
    condition_index=None, num_components=1, keep=("temp",), drop=("dewp",),
    advice=("Drop dewp.", "Or PCA: 1 component."),
)  # fmt: skip
EQUATIONS = (
    Dependency(
        kind="linear", columns=("f", "c"), redundant="f", equation="f = 1.8 × c + 32", num_rows=9_990, num_held=9_990
    ),
    Dependency(
        kind="linear", columns=("t", "a", "b"), redundant="t", equation="t = a + b", num_rows=10_000, num_held=9_997
    ),
)
DESCRIPTION = Description(
    num_sampled_rows=5_000,
    statistics=STATISTICS,
    correlations=Correlations(pairs=PAIRS, num_pairs=4, num_pearson_rows=10_000, num_sampled_rows=5_000),
    collinearity=Collinearity(groups=(GROUP,), dependencies=EQUATIONS, left_out=("wind_gust",)),
    leaks=LEAKS,
    unsupported=(
        Fault(what="the column 'tags' is a list, which no feature can read", next_step="unnest it in the query"),
    ),
    bad_rows=BadRows(3, 10_003, "/tmp/bad_rows-1.jsonl", (BadRow("flights.csv", 17, "expected 19 values, found 3"),)),
    origins={"temp": "weather", "seats": "planes"},
)


def version(name: str, number: int, **parts: Any) -> ModelVersion:
    given = {"model_type": "boosted_tree_classifier", "task": "classification", "label": "late", "metric": "roc_auc",
             "metric_value": 0.85952, "num_rows": 327_346, "created": "2026-08-22T10:00:59Z", **parts}  # fmt: skip
    return ModelVersion(name=name, version=number, path=Path(f"/w/models/{name}/{number}"), **given)


VERSIONS = [
    version("late", 12),
    version("late", 11, model_type="dnn_classifier", metric_value=None),
    version("a_very_long_name_of_a_model", 1, model_type="linear_reg", label="median_house_value", metric="r2_score"),
]
SPEC = Spec(
    data="flights.csv",
    label="late",
    transform={"distance": "LN(distance)", "carrier": "ML.ONE_HOT_ENCODER(carrier) OVER ()"},
)
OTHER = Spec(
    data="flights.csv",
    label="late",
    transform={"distance": "distance"},
    split=Split(method="time", column="departure"),
    model=Model(type="dnn_classifier", options={"hidden_units": [64, 32]}),
)
WORSE = Evaluation(
    task="classification", num_rows=5000, labels_digest="b", classes=("on time", "late"),
    metrics={"roc_auc": 0.81, "accuracy": 0.8292, "log_loss": 0.6}, baseline={}, baseline_meaning="",
)  # fmt: skip
UNKNOWN = Fault(
    what="no column 'agee'",
    where="spec.yaml:12 (transform.x)",
    sql="ML.STANDARD_SCALER(agee) OVER ()",
    start=19,
    end=23,
    nearest="age",
    next_step="correct the name",
)
FAULTS = ExpressionError(
    UNKNOWN, Fault(what="LN takes a number", where="transform.y", expected="INT64 or FLOAT64", received="STRING")
)


def training() -> Any:
    return SimpleNamespace(
        version=VERSIONS[0], bundle=VERSIONS[0].path, split_counts={"train": 261_877, "eval": 32_735, "test": 32_734},
        anomalies=AnomalyReport(num_rows=9_000, findings=ANOMALIES.findings[2:3]),
        outliers=OutlierReport(num_rows=261_900, num_outliers=23, rules={"rules.far": 23}, path="/w/o.parquet"),
        leaks=LEAKS[:1], evaluation=BINARY, duration_seconds=75.3,
    )  # fmt: skip


RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 2, 800)
SCORES = np.clip(0.3 + 0.4 * LABELS + RANDOM.normal(0, 0.25, 800), 0, 1)
NOISY = [np.clip(SCORES + RANDOM.normal(0, 0.1 * size, 800), 0, 1) for size in range(4)]
CALIBRATED = evaluate(
    LABELS, SCORES, task="classification", classes=BINARY.classes, part="test", num_resamples=200,
    uncalibrated=SCORES**2, calibration="platt",
)  # fmt: skip
BOUNDED = evaluate(
    SCORES * 4, NOISY[1] * 4, task="regression", part="test", num_resamples=200, level=0.9,
    bounds=np.column_stack([NOISY[1] * 4 - 0.5, NOISY[1] * 4 + 0.5]),
)  # fmt: skip


def comparison(*models: str) -> RenderableType:
    evaluations = {model: BINARY if index == 0 else WORSE for index, model in enumerate(models)}
    specs = {model: write_yaml(SPEC if index == 0 else OTHER) for index, model in enumerate(models)}
    scores = {model: SCORES if index == 0 else NOISY[index - 1] for index, model in enumerate(models)}
    measured = compare_scores(LABELS, scores, task="classification", classes=BINARY.classes, num_resamples=200)
    table = compare(evaluations)
    return render_comparison(
        msgspec.structs.replace(
            measured,
            unfair=table.unfair,
            rows="800 test rows of all models",
            notes=("late@2: its eval rows served for choosing the iteration and calibration",),
            differences=spec_differences(specs),
            costs=tuple(
                Cost(
                    model=model, training_seconds=3.2 * 10**index, iterations=150 * index, bundle_bytes=387_072,
                    num_features=14, graph_numbers=51_068, row_milliseconds=0.101 if index else None,
                    rows_per_second=30_294.0 if index else None,
                )
                for index, model in enumerate(models)
            ),
        )
    )  # fmt: skip


ANOMALIES = AnomalyReport(
    num_rows=15_002,
    findings=(
        Finding(
            column="tips", rule="required", severity="error", what="the data have no column 'tips'",
            expected="a column of type FLOAT64", nearest="tip",
        ),
        Finding(
            column="payment_type", rule="domain", severity="error", num_rows=339, fraction=339 / 15_002,
            what="'payment_type' has values outside of its domain in 339 rows (2.3 %)",
            expected="one of Cash, Credit Card, Dispute; at most 1 % others",
            examples=(
                Example("Credit Crad", "row 4", 300, "Credit Card"),
                Example("[red]x[/red]\ny", "row 201", 38),
                Example("cash ", "row 101", 1, "Cash"),
                Example("?", "row 7"),
            ),
        ),
        Finding(
            column="", rule="rules.miles_cost", severity="error", num_rows=1, fraction=1 / 15_002,
            what="miles_cost does not hold in 1 row (0.0067 %)", expected="trip_miles = 0 OR fare > 0",
            examples=(Example("trip_miles = 14.6, fare = -3.0", "/data/trips/2016-01.parquet row 8"),),
        ),
        Finding(
            column="a_column_of_a_name_longer_than_most", rule="min_present_fraction", severity="warning", num_rows=2,
            fraction=0.2, what="'fare' has no value in 2 rows (20 %)", expected="a value in 90 % of the rows or more",
            examples=(Example(None, "row 51"), Example(None, "row 52")),
        ),
    ),
)  # fmt: skip
OUTLIERS = OutlierReport(
    num_rows=15_002,
    num_outliers=159,
    rules={"rules.far": 1, "iqr.trip_miles": 12, "isolation_score": 150},
    threshold=0.6299,
    path="/data/outliers.parquet",
    examples=(
        OutlierRow(
            "row 1,519", ("rules.far", "isolation_score"), 0.6928, ("trip_seconds",),
            {"trip_miles": "1710.0", "fare": "35.05", "trip_seconds": None},
        ),
        OutlierRow("/data/trips/2016-01.parquet row 8", ("isolation_score",), 0.6901, ("[b]",), {"[b]": "[red]x"}),
    ),
    notes=("iqr.pickup_census_tract draws no fence: too many rows have one value",),
)  # fmt: skip
RENDERED: dict[str, Any] = {
    "evaluation_binary": lambda: render_evaluation(BINARY),
    "evaluation_multiclass": lambda: render_evaluation(SPECIES),
    "evaluation_many_classes": lambda: render_evaluation(MANY),
    "evaluation_regression": lambda: render_evaluation(REGRESSION),
    "statistics": lambda: render_statistics(STATISTICS),
    "statistics_of_some": lambda: render_statistics(STATISTICS, columns=["late", "dest", "not there"]),
    "description": lambda: render_description(DESCRIPTION),
    "anomalies": lambda: render_anomalies(ANOMALIES),
    "no_anomalies": lambda: render_anomalies(AnomalyReport(num_rows=15_002, findings=())),
    "outliers": lambda: render_outliers(OUTLIERS),
    "models": lambda: render_models(VERSIONS),
    "no_models": lambda: render_models([]),
    "model": lambda: render_model("late", VERSIONS[0].path, VERSIONS[0], write_yaml(OTHER), REGRESSION),
    "evaluation_calibrated": lambda: render_evaluation(CALIBRATED),
    "evaluation_with_intervals": lambda: render_evaluation(BOUNDED),
    "comparison": lambda: comparison("late@2", "late@3"),
    "comparison_of_four": lambda: comparison("late@1", "late@2", "late@3", "late@4"),
    "comparison_of_many": lambda: comparison("late@1", "late@2", "late@3", "late@4", "fare@1"),
    "training": lambda: render_training(training()),
    "error_panel": lambda: render_error(FAULTS),
    "error_plain": lambda: render_error(FAULTS, plain=True),
    "error_of_one": lambda: render_error(
        SpecError(Fault(what="the label '[bold]' is no column", next_step="correct the name"))
    ),
}


def shown(renderable: RenderableType, width: int = WIDTH) -> str:
    stream = StringIO()
    Console(file=stream, width=width, highlight=False).print(renderable)
    return "".join(line.rstrip() + "\n" for line in stream.getvalue().splitlines())


def test_intervals_are_explained_where_they_are_shown():
    """Beside the values, below them, or nowhere, as the terminal is wide."""
    resampled = evaluate(LABELS, SCORES, task="classification", classes=BINARY.classes, num_resamples=50)
    stored = render_comparison(compare(dict.fromkeys(("late@1", "late@2", "late@3", "late@4"), resampled)))
    for width, where in ((160, r"\(0\.\d+ … 0\.\d+\)"), (80, r"\d…0\.\d")):
        text = shown(stored, width)
        assert re.search(where, text), width
        assert "95 % intervals: percentiles" in text
    narrow = shown(stored, 60)
    assert "…0." not in narrow
    assert "intervals" not in narrow
    assert "0.8736" in narrow


@pytest.mark.parametrize("name", RENDERED)
def test_golden(name):
    text = shown(RENDERED[name]())
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(RENDERED.keys() - {"model"}))  # whose YAML is to be copied
@pytest.mark.parametrize("width", [60, WIDTH, 120])
def test_nothing_is_wider_than_the_terminal_or_holds_control_codes(name, width):
    text = shown(RENDERED[name](), width)
    whole = [line for line in text.splitlines() if not line.startswith(WHOLE)]
    assert max(map(cell_len, whole)) <= width
    assert not any(ord(character) < 32 and character != "\n" for character in text)


@pytest.mark.parametrize("width", [60, 72, 80, 120, 200])
@pytest.mark.parametrize("name", ["distance", "都道府県の名前と市区町村の名前", "a_name_without_one_space_" * 3])
def test_types_counts_and_bars_are_never_cut(name, width):
    column = msgspec.structs.replace(STATISTICS.columns[1], name=name, num_distinct=1_234_567)
    values = msgspec.structs.replace(
        STATISTICS.columns[4], name="dest", top_values=(TopValue(value="京都府" * 9, count=3),)
    )
    text = shown(render_statistics(Statistics(num_rows=10_000, columns=(column, values))), width)
    assert "1,234,567" in text
    assert re.search(r"INT64 .* [▁▂▃▄▅▆▇█]{8} ", text)
    assert "STRING" in text
    assert "京都" in text


def test_columns_that_a_schema_does_not_list_are_one_sentence():
    findings = [
        Finding(column=f"c{i}", rule="extra_columns", severity="warning", what="the schema has no column", expected="")
        for i in range(25)
    ]
    text = " ".join(shown(render_anomalies(AnomalyReport(num_rows=9, findings=tuple(findings)))).split())
    assert "the schema has no columns 'c0', 'c1'," in text
    assert text.endswith("'c19' and 5 more next add them to the schema, or write there: extra_columns: allow")


def test_a_name_of_a_model_is_whole_where_there_is_room():
    named = version("flights_that_are_late_by_an_hour", 3)
    assert "flights_that_are_late_by_an_hour@3" in shown(render_models([named]), 120)
    assert re.search(r"flights_that_ar\S*…@3", shown(render_models([named]), 60))


def test_many_labels_leave_the_other_columns_their_room():
    many = msgspec.structs.replace(
        version("a_b", 1), label=tuple(f"l{i}" for i in range(30)), model_type="dnn_regressor"
    )
    text = shown(render_models([many, version("flights_that_are_late_by_an_hour", 3)]), 100)
    assert "l0, l1, l2 and 27 more" in text
    assert "…@3" in text or "hour@3" in text
    assert text.count(many.created[:10]) == 2


def test_lines_that_are_kept_end_in_no_blanks(capsys):
    Output().show(render_statistics(STATISTICS), "a text of its own  ")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 9
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize("name", RENDERED)
@pytest.mark.parametrize("width", [20, 40, 200])
def test_any_width_will_do(name, width):
    assert shown(RENDERED[name](), width)


def test_every_aim_has_words():
    for aim in get_args(Aim):
        suggested = msgspec.structs.replace(BINARY.suggested, aim=aim, aim_value=0.8)
        text = shown(render_evaluation(msgspec.structs.replace(BINARY, suggested=suggested)))
        assert ("recall >= 0.8" in text) == (aim == "precision_at_recall")
    none = SuggestedThreshold(aim="youden", aim_value=0.5, gives=None, reason="one class only")
    text = shown(render_evaluation(msgspec.structs.replace(BINARY, suggested=none, classes=(False, True))))
    assert "no threshold for Youden's J: one class only" in text
    assert "'true' from probability" in text


def test_bars_keep_the_proportions():
    assert bars([1, 2, 4, 8]) == "▁▂▄█"
    assert bars([0, 0]) == ""


def test_a_histogram_of_known_values_counts_them():
    tops = tuple(TopValue(value, count) for value, count in ((3, 80), (1, 40), (2, 10)))
    column = ColumnStatistics(name="x", type=SqlType.INT64, count=130, num_nulls=0, min=1, max=3, top_values=tops)
    assert histogram(column) == "▄▁█"


def test_a_histogram_from_quantiles_puts_the_rows_where_they_are():
    column = ColumnStatistics(
        name="x",
        type=SqlType.FLOAT64,
        count=100,
        num_nulls=0,
        min=0.0,
        max=8.0,
        quantiles=quantiles(0, 0, 0, 0, 0, 1, 2, 4, 8),
    )
    text = histogram(column)
    assert text[0] == "█"
    assert sorted(text, reverse=True) == list(text)
    even = ColumnStatistics(
        name="x",
        type=SqlType.FLOAT64,
        count=100,
        num_nulls=0,
        quantiles=tuple(map(ValueQuantile, (0.0, 0.5, 1.0), (0.0, 4.0, 8.0))),
    )
    assert histogram(even) == "████████"


def test_progress_where_nobody_looks_is_a_line_a_stage():
    stream = StringIO()
    progress = RichProgress(Console(file=stream, width=80))
    with progress.phase("encode", total=2_000_000) as phase:
        phase.advance(1_000_000)
        phase.advance(1_000_000)
    progress.note(
        "a [bold] note that is longer than eighty columns is not wrapped, so that a program can read it whole"
    )
    first, note = stream.getvalue().splitlines()
    assert first.startswith("✓ encode              2,000,000 rows  ")
    assert note.startswith("note: a [bold] note")
    assert note.endswith("read it whole")


def test_a_failed_stage_claims_nothing():
    stream = StringIO()
    progress = RichProgress(Console(file=stream, width=80))

    def fail() -> None:
        with progress.phase("train") as phase:
            phase.advance(3)
            raise SpecError("no")

    with pytest.raises(SpecError):
        fail()
    assert stream.getvalue() == ""


def test_the_line_of_a_stage_tells_its_figures():
    phase = RichPhase(RichProgress(Console(file=StringIO())), "train", None, "iterations")
    phase.advance(30, loss=0.5)
    phase.advance(10, loss=0.41236, eval_loss=0.43)
    assert phase.line(2.0).plain == "✓ train               40 iterations  2.0 s  loss 0.4124  eval_loss 0.43"


def test_a_terminal_shows_bars_and_is_left_clean():
    stream = StringIO()
    progress = RichProgress(Console(file=stream, width=100, force_terminal=True))
    with progress.phase("outer", total=4, unit="models") as outer:
        with progress.phase("inner") as inner:
            inner.advance(10, loss=0.25)
        outer.advance(4)
    text = stream.getvalue()
    assert "\x1b[?25l" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert progress._live is None
