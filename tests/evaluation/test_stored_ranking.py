"""What a stored evaluation knows of thresholds: exactly what the scores give, or nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.evaluation.evaluate import evaluate
from hagane.evaluation.evaluation import Evaluation
from hagane.evaluation.stored_ranking import at_threshold, stored_thresholds
from hagane.metrics.binary_counts import binary_counts


def evaluated(labels: np.ndarray, scores: np.ndarray) -> Evaluation:
    found = evaluate(labels, scores, task="classification", num_resamples=0)
    return Evaluation.from_json(found.to_json())


@given(st.integers(2, 60), st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_a_curve_that_is_whole_answers_every_threshold(n: int, seed: int, threshold: float) -> None:
    random = np.random.default_rng(seed)
    labels, scores = np.append(random.integers(0, 2, n), [0, 1]), random.integers(0, 20, n + 2) / 20
    found = at_threshold(evaluated(labels, scores), threshold)
    told = binary_counts(labels == 1, scores, threshold)
    assert found is not None
    assert (found.true_positives, found.false_positives, found.true_negatives, found.false_negatives) == (
        told.true_positives,
        told.false_positives,
        told.true_negatives,
        told.false_negatives,
    )


def test_a_curve_that_was_thinned_out_answers_its_points_and_the_table() -> None:
    random = np.random.default_rng(1)
    labels, scores = random.integers(0, 2, 5_000), random.random(5_000)
    evaluation = evaluated(labels, scores)
    points = stored_thresholds(evaluation)
    assert 100 < len(points) < 200
    for each in points:
        told = binary_counts(labels == 1, scores, each.threshold)
        assert (each.true_positives, each.false_positives) == (told.true_positives, told.false_positives)
        assert at_threshold(evaluation, each.threshold) == each
    assert at_threshold(evaluation, 0.7) in evaluation.threshold_table
    assert at_threshold(evaluation, 0.123) is None


def test_labels_that_are_all_the_same_have_no_curve() -> None:
    evaluation = evaluated(np.zeros(5, np.int64), np.linspace(0, 1, 5))
    assert stored_thresholds(evaluation) == []
    assert at_threshold(evaluation, 0.123) is None


def test_what_an_older_hagane_wrote_is_not_taken_for_whole() -> None:
    whole = evaluated(np.array([0, 1, 1]), np.array([0.2, 0.4, 0.6])).to_json()
    older = Evaluation.from_json(whole.replace(b'"num_points": 4', b'"num_points": 0'))
    assert at_threshold(older, 0.25) is None
    assert at_threshold(older, pytest.approx(0.4)) is not None
