"""ML.EVALUATE's columns against numbers that BigQuery printed."""

from __future__ import annotations

import numpy as np
import pytest

from hagane.evaluation.metrics_of import metrics_of
from hagane.evaluation.ml_evaluate import CLASSIFICATION, REGRESSION, ml_evaluate


def test_the_positive_class_of_a_matrix_that_bigquery_printed() -> None:
    """27,969 / 486 / 5 / 42: precision 0.079545, recall 0.893617, as its ML.EVALUATE said of the same rows."""
    labels = np.repeat([0, 0, 1, 1], [27_969, 486, 5, 42])
    scores = np.repeat([0.1, 0.9, 0.1, 0.9], [27_969, 486, 5, 42])
    found = ml_evaluate(metrics_of(labels, scores, task="classification"), num_classes=2)
    assert tuple(found) == CLASSIFICATION
    assert (round(found["precision"] or 0, 6), round(found["recall"] or 0, 6)) == (0.079545, 0.893617)
    assert found["accuracy"] == pytest.approx((27_969 + 42) / 28_502)


def test_numbers_have_the_other_columns() -> None:
    found = ml_evaluate(
        metrics_of(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]), task="regression"), num_classes=0
    )
    assert tuple(found) == REGRESSION
    assert (found["r2_score"], found["median_absolute_error"]) == (0.5, 0.0)


def test_what_is_not_defined_is_null_but_for_ratios() -> None:
    one_class = metrics_of(np.zeros(3, np.int64), np.full(3, 0.1), task="classification")
    found = ml_evaluate(one_class, num_classes=2)
    assert (found["precision"], found["recall"], found["f1_score"], found["roc_auc"]) == (0.0, 0.0, 0.0, None)
