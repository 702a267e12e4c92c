"""Metrics of numbers against scikit-learn and numpy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as oracle

from hagane.metrics.absolute_error import mean_absolute_error, median_absolute_error
from hagane.metrics.determination import explained_variance, r2_score
from hagane.metrics.squared_error import mean_squared_error, mean_squared_log_error, root_mean_squared_error
from hagane.metrics.undefined import Undefined

VALUES = st.one_of(st.integers(-5, 5).map(float), st.floats(-1e6, 1e6).map(lambda x: round(x, 3)))


@st.composite
def rows(draw):
    n = draw(st.integers(1, 40))
    return draw(arrays(np.float64, n, elements=VALUES)), draw(arrays(np.float64, n, elements=VALUES))


@given(rows())
@settings(deadline=None)
def test_errors_are_scikit_learns(data):
    labels, predictions = data
    assert mean_absolute_error(labels, predictions) == pytest.approx(oracle.mean_absolute_error(labels, predictions))
    assert mean_squared_error(labels, predictions) == pytest.approx(oracle.mean_squared_error(labels, predictions))
    expected = oracle.root_mean_squared_error(labels, predictions)
    assert root_mean_squared_error(labels, predictions) == pytest.approx(expected)
    lower = np.sort(np.abs(labels - predictions))[math.ceil(len(labels) / 2) - 1]
    assert median_absolute_error(labels, predictions) == lower
    if len(labels) % 2:
        assert lower == pytest.approx(oracle.median_absolute_error(labels, predictions))


@given(rows())
@settings(deadline=None)
def test_determination_is_scikit_learns(data):
    labels, predictions = data
    if len(set(labels.tolist())) == 1:
        same = Undefined("every label is the same")
        assert r2_score(labels, predictions) == explained_variance(labels, predictions) == same
        return
    assert r2_score(labels, predictions) == pytest.approx(oracle.r2_score(labels, predictions), rel=1e-9, abs=1e-9)
    expected = oracle.explained_variance_score(labels, predictions)
    assert explained_variance(labels, predictions) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(rows())
@settings(deadline=None)
def test_log_errors_are_scikit_learns_above_minus_one(data):
    labels, predictions = data
    if min(labels) <= -1 or min(predictions) <= -1:
        name = "label" if min(labels) <= -1 else "prediction"
        assert mean_squared_log_error(labels, predictions) == Undefined(f"a {name} is not above -1")
        labels, predictions = np.abs(labels), np.abs(predictions)
    expected = oracle.mean_squared_log_error(labels, predictions)
    assert mean_squared_log_error(labels, predictions) == pytest.approx(expected, rel=1e-9)


def test_the_lower_median_and_not_the_mean_of_the_middle():
    """BigQuery ML's rule; scikit-learn answers 2.5."""
    labels, predictions = np.zeros(4), np.array([1.0, 2.0, 3.0, 4.0])
    assert median_absolute_error(labels, predictions) == 2.0
    assert oracle.median_absolute_error(labels, predictions) == 2.5


def test_no_rows_and_overflow_are_undefined():
    none = np.zeros(0)
    every = (
        mean_absolute_error, median_absolute_error, mean_squared_error, root_mean_squared_error,
        mean_squared_log_error, r2_score, explained_variance,
    )  # fmt: skip
    assert {metric(none, none) for metric in every} == {Undefined("there are no rows")}
    huge = np.array([1e200, -1e200])
    with np.errstate(over="ignore", invalid="ignore"):
        assert (
            mean_squared_error(huge, -huge) == root_mean_squared_error(huge, -huge) == Undefined("it overflows float64")
        )
        assert isinstance(r2_score(huge, -huge), Undefined)
