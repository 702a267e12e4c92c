"""DeLong, McNemar and Holm against published figures and closed forms."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from hagane.metrics.delong import delong_test
from hagane.metrics.holm import holm
from hagane.metrics.mcnemar import mcnemar_test
from hagane.metrics.undefined import Undefined

OVARIAN = """
    3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0  1.6 5.6 5 1
    3.8 5.7 5 1  3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1  4.3 7.0 4 1  3.6 6.7 4 0
    2.3 4.4 6 1  4.2 7.6 4 0  4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1  3.0 4.7 8 0  4.5 7.4 5 1  3.7 7.4 5 1
    3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1  4.3 6.5 4 1  3.2 5.1 5 1  2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0
    3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1  3.5 6.2 5 1  2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1
    3.3 5.7 6 1  3.7 6.9 5 1  3.6 6.6 5 1
"""
"""Albumin, total protein, K-G score and outcome of 43 patients, of DeLong et al. 1988 (without missing values)."""


def test_delong_gives_the_published_figures_of_delongs_own_data() -> None:
    """As SAS's PROC LOGISTIC prints them for ROCCONTRAST REFERENCE('K-G Score') (SAS/STAT User's Guide)."""
    albumin, protein, score, outcome = np.array(OVARIAN.split(), np.float64).reshape(-1, 4).T
    positive = outcome == 1
    for first, area, error, difference, of_difference, p_value in (
        (albumin, 0.7366, 0.0927, 0.0108, 0.0953, 0.9102),
        (protein, 0.6478, 0.1000, -0.0780, 0.1046, 0.4561),
    ):
        test = delong_test(positive, first, 10 - score)
        assert not isinstance(test, Undefined)
        assert test.areas == pytest.approx((area, 0.7258), abs=5e-5)
        assert test.standard_errors == pytest.approx((error, 0.1028), abs=5e-5)
        assert (test.difference, test.standard_error) == pytest.approx((difference, of_difference), abs=5e-5)
        assert test.p_value == pytest.approx(p_value, abs=5e-5)


def test_delongs_covariances_are_those_of_their_definition() -> None:
    """The structural components summed pair by pair."""
    random = np.random.default_rng(0)
    positive = random.random(40) < 0.4
    one, two = random.integers(0, 6, (2, 40)) + positive * 1.0
    test = delong_test(positive, one, two)
    assert not isinstance(test, Undefined)

    def psi(scores: np.ndarray) -> np.ndarray:
        pairs = product(scores[positive], scores[~positive])
        beats = [1.0 if x > y else 0.5 if x == y else 0.0 for x, y in pairs]
        return np.reshape(beats, (positive.sum(), (~positive).sum()))

    difference = psi(one) - psi(two)
    by_positive, by_negative = difference.mean(axis=1), difference.mean(axis=0)
    variance = by_positive.var(ddof=1) / len(by_positive) + by_negative.var(ddof=1) / len(by_negative)
    assert test.standard_error == pytest.approx(math.sqrt(variance))
    assert test.areas == pytest.approx((roc_auc_score(positive, one), roc_auc_score(positive, two)))
    assert test.z == pytest.approx(difference.mean() / math.sqrt(variance))
    assert test.p_value == pytest.approx(2 * stats.norm.sf(abs(test.z)))


def test_delong_needs_two_rows_of_each_kind_and_bears_perfect_scores() -> None:
    scores = np.array([0.1, 0.2, 0.3])
    assert isinstance(delong_test(np.array([True, False, False]), scores, scores), Undefined)
    labels = np.array([False, False, True, True])
    perfect = delong_test(labels, np.arange(4.0), np.arange(4.0))
    assert not isinstance(perfect, Undefined)
    assert perfect.p_value == 1.0
    opposite = delong_test(labels, np.arange(4.0), -np.arange(4.0))
    assert not isinstance(opposite, Undefined)
    assert opposite.p_value == 0.0


@pytest.mark.parametrize(("one", "other"), [(59, 6), (0, 0), (3, 3), (12, 1), (1_086, 950)])
def test_mcnemar_is_the_sum_of_binomial_coefficients(one: int, other: int) -> None:
    first = np.array([True] * one + [False] * other + [True] * 7)
    second = np.array([False] * one + [True] * other + [True] * 7)
    total = one + other
    tail = sum(math.comb(total, k) for k in range(min(one, other) + 1))
    expected = min(1.0, 2 * tail / 2**total) if total else 1.0
    found = mcnemar_test(first, second)
    assert (found.only_first, found.only_second) == (one, other)
    assert found.p_value == pytest.approx(expected, rel=1e-9)


def test_holm_steps_down() -> None:
    """By hand, and by the step-down definition."""
    assert holm([0.01, 0.02, 0.03, 0.04]) == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert holm([]) == []
    random = np.random.default_rng(0).random(9).tolist()
    expected = [max(min(1.0, sum(q >= p for q in random) * p) for p in random if p <= mine) for mine in random]
    assert holm(random) == pytest.approx(expected)
