"""Metrics of two classes, held against scikit-learn over ties, constants, one class only, and certain probabilities."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as oracle
from sklearn.exceptions import UndefinedMetricWarning

from hagane.metrics.average_precision import average_precision
from hagane.metrics.binary_counts import BinaryCounts, binary_counts
from hagane.metrics.brier_score import binary_brier_score
from hagane.metrics.calibration import reliability_bins
from hagane.metrics.log_loss import binary_log_loss
from hagane.metrics.ranked_counts import ranked_counts
from hagane.metrics.roc_auc import roc_auc
from hagane.metrics.undefined import Undefined

TIED = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000001, 0.9, 1.0])
ANY = st.floats(0.0, 1.0)


@st.composite
def rows(draw, min_size=1):
    """Labels [n] of bool and scores [n], float32 or float64, with many ties or none."""
    n = draw(st.integers(min_size, 60))
    positive = draw(arrays(np.bool_, n))
    scores = draw(arrays(np.float64, n, elements=draw(st.sampled_from([TIED, ANY]))))
    return positive, scores.astype(draw(st.sampled_from([np.float32, np.float64])))


@given(rows())
@settings(deadline=None)
def test_roc_auc_and_average_precision_are_scikit_learns(data):
    positive, scores = data
    ranked = ranked_counts(positive, scores)
    if positive.all() or not positive.any():
        assert roc_auc(ranked) == Undefined("every label is the same")
    else:
        assert roc_auc(ranked) == pytest.approx(oracle.roc_auc_score(positive, scores), abs=1e-12)
    if positive.any():
        assert average_precision(ranked) == pytest.approx(oracle.average_precision_score(positive, scores), abs=1e-12)
    else:
        assert average_precision(ranked) == Undefined("no label is positive")


@given(rows())
@settings(deadline=None)
def test_ranked_counts_are_what_every_threshold_counts(data):
    positive, scores = data
    ranked = ranked_counts(positive, scores)
    assert ranked.thresholds.tolist() == sorted(set(scores.astype(float).tolist()), reverse=True)
    for index, threshold in enumerate(ranked.thresholds):
        called = scores >= threshold
        assert ranked.true_positives[index] == np.sum(called & positive)
        assert ranked.false_positives[index] == np.sum(called & ~positive)


@given(rows(), ANY)
@settings(deadline=None)
def test_counts_and_ratios_are_scikit_learns(data, threshold):
    positive, scores = data
    counts = binary_counts(positive, scores, threshold)
    called = scores.astype(np.float64) >= threshold
    expected = oracle.confusion_matrix(positive, called, labels=[False, True]).ravel().tolist()
    assert [counts.true_negatives, counts.false_positives, counts.false_negatives, counts.true_positives] == expected
    for mine, theirs in (
        (counts.precision, oracle.precision_score),
        (counts.recall, oracle.recall_score),
        (counts.f1_score, oracle.f1_score),
    ):
        value = theirs(positive, called, zero_division=np.nan)
        assert isinstance(mine, Undefined) if math.isnan(value) else mine == pytest.approx(value, abs=1e-15)
    assert counts.accuracy == pytest.approx(oracle.accuracy_score(positive, called), abs=1e-15)


@given(rows())
@settings(deadline=None)
def test_log_loss_and_brier_score_are_scikit_learns(data):
    positive, scores = data
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        expected = oracle.log_loss(positive, scores, labels=[False, True])
    tolerance = 1e-6 if scores.dtype == np.float32 else 1e-12
    assert binary_log_loss(positive, scores) == pytest.approx(expected, rel=tolerance, abs=tolerance)
    exact = scores.astype(np.float64)
    brier = oracle.brier_score_loss(positive, exact, pos_label=True, labels=[False, True])
    assert binary_brier_score(positive, scores) == pytest.approx(brier, abs=1e-12)


def test_a_certain_error_costs_the_stated_amount():
    for dtype, cost in ((np.float64, 52 * math.log(2)), (np.float32, 23 * math.log(2))):
        assert binary_log_loss(np.array([True]), np.array([0.0], dtype)) == pytest.approx(cost, abs=1e-6)
        assert binary_log_loss(np.array([False]), np.array([1.0], dtype)) == pytest.approx(cost, abs=1e-6)


@given(rows())
@settings(deadline=None)
def test_reliability_bins_partition_the_rows(data):
    positive, scores = data
    bins = reliability_bins(positive, scores)
    exact = scores.astype(np.float64)
    assert bins.counts.sum() == len(scores)
    for lower, upper, count, mean, observed in zip(
        bins.lower, bins.upper, bins.counts, bins.mean_score, bins.observed, strict=True
    ):
        inside = (exact > lower) & (exact <= upper) | ((lower == 0) & (exact == 0))
        assert inside.sum() == count
        assert exact[inside].mean() == pytest.approx(mean, abs=1e-12)
        assert positive[inside].mean() == pytest.approx(observed, abs=1e-12)


@given(rows(min_size=2))
@settings(max_examples=50, deadline=None)
def test_reliability_bins_are_scikit_learns_calibration_curve(data):
    from sklearn.calibration import calibration_curve

    positive, scores = data
    if positive.all() or not positive.any():
        return  # calibration_curve refuses one class
    observed, predicted = calibration_curve(positive, scores.astype(np.float64), n_bins=10)
    bins = reliability_bins(positive, scores)
    np.testing.assert_allclose(bins.observed, observed, atol=1e-12)
    np.testing.assert_allclose(bins.mean_score, predicted, atol=1e-12)


def test_perfectly_calibrated_scores_have_no_calibration_error():
    happened = np.array([True, False, False, False, True, True, True, False])
    scores = np.array([0.25] * 4 + [0.75] * 4)
    assert reliability_bins(happened, scores).expected_calibration_error == 0.0
    assert reliability_bins(happened, 1.0 - scores).expected_calibration_error == pytest.approx(0.5)


def test_no_rows_and_one_class_are_undefined_with_the_reason():
    none, no_scores = np.zeros(0, bool), np.zeros(0)
    ranked = ranked_counts(none, no_scores)
    assert roc_auc(ranked) == binary_log_loss(none, no_scores) == Undefined("there are no rows")
    assert binary_brier_score(none, no_scores) == BinaryCounts(0, 0, 0, 0).accuracy == Undefined("there are no rows")
    assert reliability_bins(none, no_scores).expected_calibration_error == Undefined("there are no rows")
    assert BinaryCounts(0, 0, 3, 2).precision == Undefined("no row is predicted positive")
    assert BinaryCounts(0, 2, 3, 0).recall == Undefined("no label is positive")
    assert BinaryCounts(0, 0, 3, 0).f1_score == Undefined("no row is positive or predicted so")
    assert BinaryCounts(2, 0, 0, 1).false_positive_rate == Undefined("no label is negative")


def test_constant_scores_are_chance():
    positive = np.array([True, False, False, True, False])
    ranked = ranked_counts(positive, np.full(5, 0.3))
    assert roc_auc(ranked) == 0.5
    assert average_precision(ranked) == pytest.approx(0.4)


def test_the_published_confusion_of_bigquery_ml():
    """27969 / 486 / 5 / 42 gives precision 0.079545 and recall 0.893617 in BigQuery ML's own documents."""
    counts = BinaryCounts(true_positives=42, false_positives=486, true_negatives=27969, false_negatives=5)
    assert round(counts.precision, 6) == 0.079545
    assert round(counts.recall, 6) == 0.893617
