"""Metrics of several classes against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as oracle

from hagane.metrics.brier_score import brier_score
from hagane.metrics.calibration import top_label_bins
from hagane.metrics.confusion_matrix import (
    accuracy,
    class_counts,
    confusion_matrix,
    macro_f1_score,
    macro_precision,
    macro_recall,
)
from hagane.metrics.log_loss import log_loss, macro_log_loss
from hagane.metrics.roc_auc import macro_roc_auc
from hagane.metrics.undefined import Undefined


@st.composite
def rows(draw):
    """Labels [n] and probabilities [n, c] that sum to 1, with ties, zeros and ones."""
    n, c = draw(st.integers(1, 40)), draw(st.integers(3, 5))
    labels = draw(arrays(np.int64, n, elements=st.integers(0, c - 1)))
    weights = draw(arrays(np.float64, (n, c), elements=st.sampled_from([0.0, 0.0, 1.0, 2.0, 5.0])))
    weights[weights.sum(axis=1) == 0] = 1.0
    return labels, weights / weights.sum(axis=1, keepdims=True)


@given(rows())
@settings(deadline=None)
def test_confusion_matrix_and_macro_averages_are_scikit_learns(data):
    labels, scores = data
    c, predicted = scores.shape[1], np.argmax(scores, axis=1)
    matrix = confusion_matrix(labels, predicted, c)
    np.testing.assert_array_equal(matrix, oracle.confusion_matrix(labels, predicted, labels=np.arange(c)))
    assert accuracy(matrix) == pytest.approx(oracle.accuracy_score(labels, predicted))
    for mine, theirs in (
        (macro_precision, oracle.precision_score),
        (macro_recall, oracle.recall_score),
        (macro_f1_score, oracle.f1_score),
    ):
        assert mine(matrix) == pytest.approx(theirs(labels, predicted, average="macro", zero_division=0), abs=1e-12)
    for index, counts in enumerate(class_counts(matrix)):
        expected = oracle.confusion_matrix(labels == index, predicted == index, labels=[False, True]).ravel().tolist()
        found = [counts.true_negatives, counts.false_positives, counts.false_negatives, counts.true_positives]
        assert found == expected


@given(rows())
@settings(deadline=None)
def test_log_losses_and_brier_score_are_scikit_learns(data):
    labels, scores = data
    named = np.arange(scores.shape[1])
    assert log_loss(labels, scores) == pytest.approx(
        oracle.log_loss(labels, scores, labels=named), rel=1e-12, abs=1e-12
    )
    by_class = [oracle.log_loss(labels[labels == k], scores[labels == k], labels=named) for k in np.unique(labels)]
    assert macro_log_loss(labels, scores) == pytest.approx(np.mean(by_class), rel=1e-12, abs=1e-12)
    expected = oracle.brier_score_loss(labels, scores, labels=named, scale_by_half=False)
    assert brier_score(labels, scores) == pytest.approx(expected, abs=1e-12)


@given(rows())
@settings(deadline=None)
def test_macro_roc_auc_is_scikit_learns_where_every_class_occurs(data):
    labels, scores = data
    c = scores.shape[1]
    occurring = [k for k in range(c) if 0 < np.sum(labels == k) < len(labels)]
    if len(occurring) == c:
        expected = oracle.roc_auc_score(labels, scores, multi_class="ovr", average="macro")
        assert macro_roc_auc(labels, scores) == pytest.approx(expected, abs=1e-12)
    elif occurring:
        expected = np.mean([oracle.roc_auc_score(labels == k, scores[:, k]) for k in occurring])
        assert macro_roc_auc(labels, scores) == pytest.approx(expected, abs=1e-12)
    else:
        assert macro_roc_auc(labels, scores) == Undefined("every label is the same")


def test_calibration_of_the_predicted_class():
    scores = np.array([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.8, 0.2, 0.0]])
    right_four_of_five = np.array([0, 0, 1, 2, 1])
    bins = top_label_bins(right_four_of_five, scores)
    assert bins.expected_calibration_error == pytest.approx(0.0, abs=1e-12)
    assert bins.counts.tolist() == [5]


def test_no_rows_are_undefined():
    labels, scores = np.zeros(0, np.int64), np.zeros((0, 3))
    matrix = confusion_matrix(labels, labels, 3)
    none = Undefined("there are no rows")
    assert (
        none == accuracy(matrix) == macro_f1_score(matrix) == log_loss(labels, scores) == macro_log_loss(labels, scores)
    )
    assert none == brier_score(labels, scores) == macro_roc_auc(labels, scores)
