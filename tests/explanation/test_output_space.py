"""From raw scores to outputs: nothing is lost, whatever the link."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit, softmax

from hagane.explanation.output_space import secant_slopes, shared_slopes

SCORES = st.floats(-30, 30, width=32)


@given(arrays(np.float64, (5, 1), elements=SCORES), arrays(np.float64, (5, 1), elements=SCORES))
def test_a_secant_reaches_the_output(raw: np.ndarray, baseline: np.ndarray) -> None:
    slopes = secant_slopes(expit, 0, 0, raw, baseline)
    np.testing.assert_allclose(slopes * (raw - baseline)[:, 0], (expit(raw) - expit(baseline))[:, 0], atol=1e-12)
    assert (slopes >= 0).all()


@pytest.mark.parametrize("num_raw", [2, 4, 9])
@settings(max_examples=20)
@given(data=st.data())
def test_all_raw_scores_together_reach_the_output(num_raw: int, data: st.DataObject) -> None:
    shape = (3, num_raw)
    raw, baseline = (data.draw(arrays(np.float64, shape, elements=SCORES)) for _ in range(2))
    steps = lambda x: np.round(softmax(x, axis=1), 1)  # noqa: E731
    for link in (lambda x: softmax(x, axis=1), steps):
        far = np.where(np.abs(raw - baseline) < 1e-3, baseline, raw)  # steps have no tangent
        slopes = shared_slopes(link, 1, far, baseline)
        reached = np.where(far == baseline, 0.0, slopes * (far - baseline)).sum(axis=1)
        np.testing.assert_allclose(reached, (link(far) - link(baseline))[:, 1], atol=1e-9)


def test_a_softmax_of_two_is_a_sigmoid() -> None:
    """Only the difference of two raw scores counts: each has half of what a sigmoid of it changes."""
    raw, baseline = np.array([[0.0, 3.0]]), np.array([[0.0, 1.0]])
    slopes = shared_slopes(lambda x: softmax(x, axis=1), 1, raw, baseline)
    np.testing.assert_allclose(slopes[0, 1], (expit(3.0) - expit(1.0)) / 2)
