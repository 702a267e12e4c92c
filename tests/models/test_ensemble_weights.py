"""Learned weights beside closed forms, other libraries' solvers and the conditions of an optimum."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, logit, softmax
from sklearn.linear_model import LinearRegression, LogisticRegression

from hagane.models.ensemble_weights import NEAREST_TO_CERTAIN, greedy_weights, log_odds, stack_classes, stack_numbers


def numbers(n: int = 4_000, m: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The label, and members that err by themselves and together."""
    random = np.random.default_rng(seed)
    label, common = random.normal(size=n) + 3, random.normal(size=n)
    answers = np.stack([label + 0.5 * common + (0.4 + 0.2 * i) * random.normal(size=n) for i in range(m)])
    return answers, label, random.uniform(0.5, 2, n)


def classes(c: int, n: int = 4_000, m: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    raw = random.normal(size=(n, c)) * 1.5
    label = (softmax(raw, axis=1).cumsum(axis=1) > random.random((n, 1))).argmax(axis=1)
    answers = np.stack([softmax(raw * (0.5 + 0.4 * i) + (i + 1) * random.normal(size=(n, c)) / 2, axis=1)
                        for i in range(m)])  # fmt: skip
    return answers, label, random.uniform(0.5, 2, n)


def test_greedy_weights_are_near_the_best_mean_there_is() -> None:
    """Beside the minimum over the simplex, by scipy."""
    answers, label, weight = numbers()

    def loss(weights: np.ndarray) -> float:
        return float(np.average(np.square(weights @ answers - label), weights=weight))

    best = minimize(loss, np.full(4, 0.25), bounds=[(0, 1)] * 4,
                    constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1})  # fmt: skip
    found = greedy_weights(answers, label, weight)
    assert found.sum() == pytest.approx(1)
    assert loss(found) < 1.001 * best.fun
    assert loss(found) < min(loss(one) for one in np.eye(4))


def test_two_steps_are_the_best_pair_that_begins_with_the_best() -> None:
    answers, label, weight = numbers(200, 5)
    first = min(range(5), key=lambda i: weight @ np.square(answers[i] - label))
    pairs = [(answers[first] + answers[i]) / 2 for i in range(5)]
    second = int(np.argmin([weight @ np.square(mean - label) for mean in pairs]))
    expected = (np.eye(5)[first] + np.eye(5)[second]) / 2
    np.testing.assert_array_equal(greedy_weights(answers, label, weight, rounds=2), expected)


def test_probabilities_are_weighed_by_what_came_true() -> None:
    answers, label, weight = classes(3)
    came_true = answers[:, np.arange(len(label)), label]
    found = greedy_weights(came_true, None, weight)

    def loss(weights: np.ndarray) -> float:
        return float(-weight @ np.log(weights @ came_true))

    grid = [np.array(p) / 20 for p in itertools.product(range(21), repeat=3) if sum(p) == 20]
    assert loss(found) < 1.0005 * min(map(loss, grid))


def test_members_that_are_alike_or_alone() -> None:
    answers, label, weight = numbers(300, 1)
    assert greedy_weights(answers, label, weight).tolist() == [1.0]
    assert greedy_weights(np.repeat(answers, 3, axis=0), label, weight).tolist() == [1.0, 0.0, 0.0]
    stack = stack_numbers(np.repeat(answers, 3, axis=0), label, weight)
    alone = stack_numbers(answers, label, weight)
    assert stack.weights.sum() == pytest.approx(alone.weights[0])
    worthless = stack_numbers(
        np.stack([-label, np.zeros_like(label), 1e-200 * label, 1e9 + np.zeros_like(label)]), label, weight
    )
    assert worthless.weights.tolist() == [0.0, 0.0, 0.0, 0.0]
    assert worthless.intercept[0] == pytest.approx(np.average(label, weights=weight))
    perfect = greedy_weights(np.stack([answers[0], label]), label, weight)
    assert perfect.tolist() == [0.0, 1.0]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.integers(1, 6), st.sampled_from([-2.0, 0.0, 0.01, 1.0, 30.0]))
def test_least_squares_without_negative_weights_is_scikit_learns(seed: int, m: int, turned: float) -> None:
    answers, label, weight = numbers(150, m, seed)
    answers[0] = answers[0] * turned  # some are to be left out
    found = stack_numbers(answers, label, weight)
    oracle = LinearRegression(positive=True).fit(answers.T, label, sample_weight=weight)
    assert (found.weights >= 0).all()
    np.testing.assert_allclose(found.weights @ answers + found.intercept, oracle.predict(answers.T), atol=1e-7)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([2, 3, 5]), st.integers(1, 4))
def test_a_stack_of_classes_is_an_optimum(seed: int, c: int, m: int) -> None:
    """The slope is 0 in every weight that is not 0, and points out of the bounds in those that are."""
    answers, label, weight = classes(c, 400, m, seed)
    answers[0] = answers[0, ::-1]  # says nothing
    found, logs = stack_classes(answers, label, weight), log_odds(answers)
    raw = np.tensordot(found.weights, logs, axes=1) + found.intercept
    probabilities = softmax(raw, axis=1) if c > 2 else np.concatenate([1 - expit(raw), expit(raw)], axis=1)
    slope = (probabilities - np.eye(c)[label]) * weight[:, None]
    slope = slope if c > 2 else slope[:, 1:]
    of_weights = np.array([(slope * each).sum() for each in logs]) + found.weights - 1 / m
    scale = weight.sum()
    assert np.abs(slope.sum(axis=0)).max() < 1e-4 * scale
    assert np.abs(of_weights[found.weights > 0]).max(initial=0) < 1e-4 * scale
    assert of_weights[found.weights == 0].min(initial=0) > -1e-4 * scale


def test_of_two_classes_it_is_scikit_learns_logistic_regression() -> None:
    answers, label, weight = classes(2, 20_000)
    found = stack_classes(answers, label, weight)
    x = logit(answers[:, :, 1]).T
    oracle = LogisticRegression(C=1e9, tol=1e-10).fit(x, label, sample_weight=weight)
    np.testing.assert_allclose(found.weights, oracle.coef_[0], atol=2e-3)
    np.testing.assert_allclose(found.intercept, oracle.intercept_, atol=2e-3)


def test_members_without_a_mistake_have_weights_that_are_finite() -> None:
    label = np.arange(50) % 2
    certain = np.stack([np.eye(2)[label], np.eye(2)[label]])
    found = stack_classes(certain, label, np.ones(50))
    assert np.isfinite(found.weights).all()
    assert np.abs(found.weights).max() < 5
    assert np.abs(log_odds(certain)).max() == pytest.approx(logit(1 - NEAREST_TO_CERTAIN))
