"""Evaluations of real models against scikit-learn, and of what is degenerate."""

import json
import math
import typing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as oracle
from sklearn.dummy import DummyClassifier, DummyRegressor

from hagane.errors import DataError
from hagane.evaluation import Evaluation, evaluate
from hagane.metrics.best_threshold import Aim
from hagane.spec import spec


def test_adult_is_what_scikit_learn_measures(adult):
    result = adult.evaluate(threshold=0.4)
    called = adult.scores >= 0.4
    expected = {
        "roc_auc": oracle.roc_auc_score(adult.labels, adult.scores),
        "pr_auc": oracle.average_precision_score(adult.labels, adult.scores),
        "accuracy": oracle.accuracy_score(adult.labels, called),
        "precision": oracle.precision_score(adult.labels, called),
        "recall": oracle.recall_score(adult.labels, called),
        "f1_score": oracle.f1_score(adult.labels, called),
        "log_loss": oracle.log_loss(adult.labels, adult.scores),
        "brier_score": oracle.brier_score_loss(adult.labels, adult.scores),
    }
    assert {name: result.metrics[name] for name in expected} == pytest.approx(expected, abs=1e-12)
    assert 0 < result.metrics["expected_calibration_error"] < 0.05
    assert result.confusion_matrix == tuple(map(tuple, oracle.confusion_matrix(adult.labels, called).tolist()))
    assert (result.positive_class, result.kind, result.num_rows) == (">50K", "binary", 16_281)
    assert result.headline() == ("roc_auc", result.metrics["roc_auc"])


def test_adults_baseline_is_the_prior(adult):
    blank = np.zeros((len(adult.labels), 1))
    dummy = DummyClassifier(strategy="prior").fit(blank, adult.labels)
    shares = dummy.predict_proba(blank)
    baseline = adult.evaluate().baseline
    assert baseline["accuracy"] == oracle.accuracy_score(adult.labels, dummy.predict(blank))
    assert baseline["log_loss"] == pytest.approx(oracle.log_loss(adult.labels, shares), abs=1e-12)
    assert baseline["roc_auc"] == 0.5
    assert baseline["pr_auc"] == pytest.approx(adult.labels.mean())
    assert "always answers <=50K" in adult.evaluate().baseline_meaning


def test_penguins_are_what_scikit_learn_measures(penguins):
    result = penguins.evaluate()
    predicted = penguins.scores.argmax(axis=1)
    by_class = [oracle.log_loss(penguins.labels[penguins.labels == k], penguins.scores[penguins.labels == k],
                                labels=[0, 1, 2]) for k in range(3)]  # fmt: skip
    expected = {
        "roc_auc": oracle.roc_auc_score(penguins.labels, penguins.scores, multi_class="ovr"),
        "accuracy": oracle.accuracy_score(penguins.labels, predicted),
        "precision": oracle.precision_score(penguins.labels, predicted, average="macro"),
        "recall": oracle.recall_score(penguins.labels, predicted, average="macro"),
        "f1_score": oracle.f1_score(penguins.labels, predicted, average="macro"),
        "log_loss": oracle.log_loss(penguins.labels, penguins.scores),
        "macro_log_loss": float(np.mean(by_class)),
    }
    assert {name: result.metrics[name] for name in expected} == pytest.approx(expected, abs=1e-12)
    assert result.headline() == ("accuracy", result.metrics["accuracy"])
    recalls = oracle.recall_score(penguins.labels, predicted, average=None)
    assert [each.recall for each in result.class_metrics] == pytest.approx(recalls.tolist())
    assert [each.label for each in result.class_metrics] == ["Adelie", "Chinstrap", "Gentoo"]
    assert sum(each.num_rows for each in result.class_metrics) == result.num_rows
    assert result.positive_class is None


def test_california_is_what_scikit_learn_measures(california):
    result = california.evaluate()
    labels, predictions = california.labels, california.scores
    expected = {
        "r2_score": oracle.r2_score(labels, predictions),
        "explained_variance": oracle.explained_variance_score(labels, predictions),
        "root_mean_squared_error": oracle.root_mean_squared_error(labels, predictions),
        "mean_absolute_error": oracle.mean_absolute_error(labels, predictions),
        "mean_squared_error": oracle.mean_squared_error(labels, predictions),
        "mean_squared_log_error": oracle.mean_squared_log_error(labels, predictions),
    }
    assert {name: result.metrics[name] for name in expected} == pytest.approx(expected, rel=1e-12)
    assert result.headline() == ("r2_score", result.metrics["r2_score"])
    blank = np.zeros((len(labels), 1))
    mean = DummyRegressor().fit(blank, labels).predict(blank)
    assert result.baseline["mean_absolute_error"] == pytest.approx(oracle.mean_absolute_error(labels, mean))
    assert result.baseline["r2_score"] == pytest.approx(0.0, abs=1e-12)
    residuals = {each.q: each.value for each in result.residuals}
    assert residuals[0.0] == (labels - predictions).min()
    assert residuals[1.0] == (labels - predictions).max()
    assert residuals[0.5] == np.quantile(labels - predictions, 0.5, method="inverted_cdf")


def test_slices_are_evaluations_of_their_rows(real_case):
    result = real_case.evaluate()
    (column,) = result.slices
    values = real_case.slices[column.column]
    assert sum(each.num_rows for each in column.slices) == result.num_rows
    assert [each.num_rows for each in column.slices] == sorted((each.num_rows for each in column.slices), reverse=True)
    for each in column.slices:
        rows = np.array([value == each.value for value in values])
        alone = real_case._replace(labels=real_case.labels[rows], scores=real_case.scores[rows], slices={}).evaluate()
        assert each.num_rows == rows.sum()
        assert each.is_small == (rows.sum() < 100)
        assert each.metrics == alone.metrics


def test_a_round_trip_through_json_is_the_same(real_case):
    result = real_case.evaluate()
    assert Evaluation.from_json(result.to_json()) == result
    json.loads(result.to_json(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_thresholds_give_what_they_say(adult):
    result = adult.evaluate(aim="precision_at_recall", aim_value=0.8, threshold=0.35)
    gives = result.suggested.gives
    assert gives.recall >= 0.8
    for each in (*result.threshold_table, gives):
        called = adult.scores >= each.threshold
        assert each.precision == pytest.approx(oracle.precision_score(adult.labels, called))
        assert each.recall == pytest.approx(oracle.recall_score(adult.labels, called))
        assert each.accuracy == pytest.approx(oracle.accuracy_score(adult.labels, called))
        assert each.true_positives + each.false_positives == called.sum()
    thresholds = [each.threshold for each in result.threshold_table]
    assert thresholds == sorted({*(k / 10 for k in range(1, 10)), 0.35, gives.threshold})
    f1 = adult.evaluate(aim="f1_score").suggested.gives
    assert f1.f1_score >= max(each.f1_score for each in result.threshold_table)


def test_thinned_curves_keep_their_ends_and_their_area(adult):
    result = adult.evaluate()
    roc, pr = result.roc_curve, result.pr_curve
    assert len(roc.x) <= 200
    assert len(pr.x) <= 200
    assert (roc.x[0], roc.y[0], roc.thresholds[0]) == (0.0, 0.0, None)
    assert (roc.x[-1], roc.y[-1]) == (1.0, 1.0)
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(result.metrics["roc_auc"], abs=2e-3)
    for x, y, threshold in list(zip(roc.x, roc.y, roc.thresholds, strict=True))[1:]:
        called = adult.scores >= threshold
        assert y == pytest.approx(called[adult.labels == 1].mean())
        assert x == pytest.approx(called[adult.labels == 0].mean())
    assert pr.x[-1] == 1.0
    assert pr.y[-1] == pytest.approx(adult.labels.mean())


def test_two_columns_of_scores_are_the_higher_labels_probability(adult):
    both = adult._replace(scores=np.column_stack((1 - adult.scores, adult.scores)))
    assert both.evaluate() == adult.evaluate()


def test_one_class_only_is_undefined_with_the_reason():
    result = evaluate(np.zeros(3, int), np.array([0.1, 0.2, 0.3]), task="classification", classes=[False, True])
    assert result.metrics["roc_auc"] is None
    assert result.undefined["roc_auc"] == "every label is the same"
    assert result.undefined["recall"] == "no label is positive"
    assert (result.roc_curve, result.pr_curve, result.suggested.gives) == (None, None, None)
    assert result.suggested.reason == "no label is positive"
    assert result.headline() == ("accuracy", 1.0)
    assert "always answers false" in result.baseline_meaning
    assert b"NaN" not in result.to_json()
    assert Evaluation.from_json(result.to_json()) == result


@pytest.mark.parametrize(
    ("task", "scores", "classes"),
    [
        ("classification", np.zeros(0), ["a", "b"]),
        ("classification", np.zeros((0, 3)), ["a", "b", "c"]),
        ("regression", np.zeros(0), None),
    ],
)
def test_no_rows_are_undefined(task, scores, classes):
    result = evaluate(np.zeros(0, int), scores, task=task, classes=classes, slices={"x": np.array([], dtype=object)})
    assert set(result.metrics.values()) == {None}
    assert set(result.undefined) == set(result.metrics)
    assert result.headline()[1] is None
    assert Evaluation.from_json(result.to_json()) == result


@st.composite
def anything(draw):
    n, c = draw(st.integers(0, 12)), draw(st.integers(2, 4))
    labels = draw(arrays(np.int64, n, elements=st.integers(0, c - 1)))
    scores = draw(
        arrays(draw(st.sampled_from([np.float32, np.float64])), (n, c), elements=st.sampled_from([0.0, 0.5, 1.0]))
    )
    return labels, scores


@given(anything())
@settings(max_examples=60, deadline=None)
def test_classifications_always_travel_as_json(data):
    labels, scores = data
    result = evaluate(labels, scores, task="classification", slices={"label": labels.astype(str)})
    assert Evaluation.from_json(result.to_json()) == result
    assert set(result.undefined) == {name for name, value in result.metrics.items() if value is None}


@given(
    st.integers(0, 8).flatmap(
        lambda n: st.tuples(*[arrays(np.float64, n, elements=st.floats(allow_nan=False, allow_infinity=False))] * 2)
    )
)
@settings(max_examples=60, deadline=None)
def test_regressions_of_any_finite_numbers_travel_as_json(data):
    result = evaluate(*data, task="regression")
    assert Evaluation.from_json(result.to_json()) == result
    assert all(math.isfinite(each.value) for each in result.residuals)
    if result.density:
        inside = sum(sum(row) for row in result.density.counts)
        assert inside + result.density.num_outside == result.num_rows


def test_every_fault_is_told_at_once():
    with pytest.raises(DataError) as caught:
        evaluate(
            np.array([0.0, np.nan]),
            np.array([np.inf, 1.0, 2.0]),
            task="regression",
            slices={"color": np.array(["red"], dtype=object)},
        )
    text = caught.value.render()
    assert [fault.what for fault in caught.value.faults] == [
        "scores have the wrong shape",
        "a slice has the wrong shape",
        "a label is not a finite number",
        "a score is not a finite number",
    ]
    assert "expected: [2]" in text
    assert "where: color" in text


def test_labels_scores_and_threshold_must_be_what_a_classifier_has():
    with pytest.raises(DataError) as caught:
        evaluate(np.array([0, 2]), np.array([0.5, 1.5]), task="classification", classes=["a", "b"], threshold=7)
    assert [fault.what for fault in caught.value.faults] == [
        "a label is no class",
        "a score is no probability",
        "the threshold is no probability",
    ]
    with pytest.raises(DataError, match="scores have the wrong shape"):
        evaluate(np.array([0, 1]), np.zeros((2, 2)), task="classification", classes=["a", "b", "c"])
    with pytest.raises(DataError, match="labels are not numbers"):
        evaluate(np.array(["a", "b"]), np.zeros(2), task="classification")


def test_values_beyond_the_largest_fifty_are_left_out_and_counted():
    labels = np.arange(200) % 2
    names = np.array([f"value {index // 2 % 60}" for index in range(200)], dtype=object)
    (column,) = evaluate(labels, labels * 0.9, task="classification", slices={"x": names}).slices
    assert (len(column.slices), column.num_values) == (50, 60)


def test_slices_of_numbers_booleans_and_missing_values_have_names():
    labels = np.array([0, 1, 0, 1])
    slices = {
        "flag": np.array([True, False, True, True]),
        "size": np.array([1.5, np.nan, 1.5, 2.0]),
        "text": np.array(["NULL", None, "", "NULL"], dtype=object),
    }
    result = evaluate(labels, labels.astype(float), task="classification", slices=slices)
    found = {column.column: [each.value for each in column.slices] for column in result.slices}
    assert found == {"flag": ["true", "false"], "size": ["1.5", "2.0", None], "text": ["NULL", "", None]}


def test_what_was_left_out_is_noted():
    result = evaluate(np.zeros(2), np.ones(2), task="regression", part="eval", num_row_errors=3, num_null_labels=4)
    assert (result.part, result.num_row_errors, result.num_null_labels) == ("eval", 3, 4)


def test_metric_rows_are_the_metrics_with_titles_and_reasons():
    result = evaluate(np.array([-2.0, 3.0]), np.array([1.0, 2.0]), task="regression")
    rows = {row.name: row for row in result.metric_rows()}
    assert set(rows) == set(result.metrics)
    assert rows["mean_absolute_error"].value == 2.0
    assert rows["mean_absolute_error"].baseline == 2.5
    assert not rows["mean_absolute_error"].higher_is_better
    assert rows["mean_squared_log_error"].reason == "a label is not above -1"


def test_the_spec_offers_the_aims_that_there_are():
    aims = typing.get_type_hints(spec.Evaluation)["aim"]
    assert typing.get_args(aims) == typing.get_args(Aim)
