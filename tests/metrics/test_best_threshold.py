"""The best threshold against trying every one, with scikit-learn's metrics as the judge."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as oracle

from hagane.metrics.best_threshold import best_threshold
from hagane.metrics.ranked_counts import ranked_counts
from hagane.metrics.undefined import Undefined

SCORES = st.one_of(st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0]), st.floats(0, 1))


@st.composite
def rows(draw):
    n = draw(st.integers(1, 20))
    return draw(arrays(np.bool_, n)), draw(arrays(np.float64, n, elements=SCORES))


def by_trying(positive, scores, worth):
    """(threshold, worth) of every distinct score, highest threshold first."""
    tried = [(threshold, worth(positive, scores >= threshold)) for threshold in sorted(set(scores.tolist()))[::-1]]
    return tried, max(value for _, value in tried)


@given(rows(), st.sampled_from(["f1_score", "accuracy", "youden"]))
@settings(deadline=None, max_examples=60)
def test_unconstrained_aims_are_as_good_as_trying_every_threshold(data, aim):
    positive, scores = data
    judges = {
        "f1_score": oracle.f1_score,
        "accuracy": oracle.accuracy_score,
        "youden": lambda y, p: np.mean(p[y]) - np.mean(p[~y]),
    }
    ranked = ranked_counts(positive, scores)
    found = best_threshold(ranked, aim)
    if not positive.any() or (aim == "youden" and positive.all()):
        assert isinstance(found, Undefined)
        return
    tried, most = by_trying(positive, scores, judges[aim])
    assert dict(tried)[ranked.thresholds[found]] == pytest.approx(most, abs=1e-12)
    ties = [threshold for threshold, value in tried if value > most - 1e-12]
    assert ranked.thresholds[found] == ties[0]


@given(rows(), st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]))
@settings(deadline=None, max_examples=60)
def test_constrained_aims_hold_their_constraint_and_are_the_best_that_do(data, least):
    positive, scores = data
    ranked = ranked_counts(positive, scores)
    if not positive.any():
        assert best_threshold(ranked, "precision_at_recall", least) == Undefined("no label is positive")
        return
    pairs = {
        threshold: (
            oracle.precision_score(positive, scores >= threshold),
            oracle.recall_score(positive, scores >= threshold),
        )
        for threshold in set(scores.tolist())
    }
    precision, recall = pairs[ranked.thresholds[best_threshold(ranked, "precision_at_recall", least)]]
    assert recall >= least
    assert (precision, recall) == max((p, r) for p, r in pairs.values() if r >= least)
    found = best_threshold(ranked, "recall_at_precision", least)
    allowed = [(r, p) for p, r in pairs.values() if p >= least]
    if not allowed:
        assert found == Undefined(f"no threshold reaches a precision of {least:g}")
    else:
        precision, recall = pairs[ranked.thresholds[found]]
        assert (recall, precision) == max(allowed)


def test_a_recall_above_one_cannot_be_reached():
    ranked = ranked_counts(np.array([True]), np.array([0.5]))
    assert best_threshold(ranked, "precision_at_recall", 1.5) == Undefined("no threshold reaches a recall of 1.5")
