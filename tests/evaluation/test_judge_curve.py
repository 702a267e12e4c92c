"""Curves of which we know what is wrong, with noise of a known size."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau, theilslopes

from hagane.evaluation.judge_curve import judge_curve, trend
from hagane.models.family import Iteration

LENGTHS = (10, 20, 50, 300)


def curve(losses: np.ndarray, eval_losses: np.ndarray | None) -> list[Iteration]:
    watched = [None] * len(losses) if eval_losses is None else eval_losses.tolist()
    return [
        Iteration(iteration=number, loss=loss, eval_loss=eval_loss)
        for number, (loss, eval_loss) in enumerate(zip(losses.tolist(), watched, strict=True), 1)
    ]


def falling(length: int) -> np.ndarray:
    """Towards 0.3, ever more slowly."""
    return 0.3 + 0.5 * np.exp(-np.arange(1, length + 1) / (length / 4))


def levelling(length: int) -> np.ndarray:
    """To 0.5, and no further."""
    return 0.5 + 0.3 * np.exp(-np.arange(1, length + 1) / (length / 6))


def turning(length: int) -> np.ndarray:
    """Down, and from the middle on up again by a fifth."""
    return levelling(length) + 0.2 * np.clip(np.arange(1, length + 1) / length - 0.4, 0, None)


@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=60))
def test_a_trend_is_what_scipy_finds(values: list[float]) -> None:
    losses = np.array(values)
    z, change = trend(losses)
    places = np.arange(len(losses))
    assert change / len(losses) == pytest.approx(theilslopes(losses, places)[0], abs=1e-9)
    tau = kendalltau(places, losses, variant="c").statistic
    assert z == 0 or (math.isfinite(tau) and np.sign(z) == np.sign(tau))


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("noise", [0.0, 0.002, 0.01, 0.05])
def test_level_curves_are_not_taken_for_overfitting(length: int, noise: float) -> None:
    """Of 300, at most 2 %, of whatever noise."""
    random, alarms = np.random.default_rng(length), 0
    for _ in range(300 if length < 100 else 60):
        losses = falling(length) + random.normal(0, noise / 4, length)
        found = judge_curve(curve(losses, levelling(length) + random.normal(0, noise, length)), length)
        alarms += found is not None and found.kind == "overfitting"
    assert alarms <= (6 if length < 100 else 2)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_rise_well_above_the_noise_is_found(length: int) -> None:
    random, found = np.random.default_rng(length), []
    for _ in range(100):
        losses = falling(length) + random.normal(0, 0.001, length)
        verdict = judge_curve(curve(losses, turning(length) + random.normal(0, 0.002, length)), length)
        found.append(verdict is not None and verdict.kind == "overfitting")
    assert np.mean(found) >= 0.98


@pytest.mark.parametrize("length", LENGTHS)
def test_where_it_rises_is_told(length: int) -> None:
    verdict = judge_curve(curve(falling(length), turning(length)))
    lowest = int(np.argmin(turning(length))) + 1
    assert verdict is not None
    assert (verdict.kind, verdict.first, verdict.last) == ("overfitting", lowest, length)
    assert verdict.eval_loss[0] == turning(length).min() < verdict.eval_loss[1] <= turning(length)[-1]
    assert verdict.loss[0] > verdict.loss[1]


@given(st.integers(5, 80), st.floats(1e-6, 1e6), st.integers(0, 2**32 - 1))
def test_a_curve_in_another_unit_is_judged_alike(length: int, unit: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    losses, eval_losses = falling(length), turning(length) + random.normal(0, 0.01, length)
    one, other = (judge_curve(curve(losses * by, eval_losses * by), length) for by in (1.0, unit))
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert (one.kind, one.first, one.last) == (other.kind, other.first, other.last)


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=80))
def test_what_falls_to_the_end_is_never_overfitting(falls: list[float]) -> None:
    eval_losses = 100 - np.cumsum(falls)
    found = judge_curve(curve(eval_losses, eval_losses), len(falls))
    assert found is None or found.kind == "underfitting"


@given(st.integers(1, 80), st.integers(0, 2**32 - 1))
def test_both_losses_rising_is_another_trouble(length: int, seed: int) -> None:
    """A learning rate that is too large, not rows learned by heart."""
    risen = np.cumsum(np.random.default_rng(seed).exponential(size=length))
    assert judge_curve(curve(risen, risen), length) is None


@pytest.mark.parametrize("length", [8, 20, 200])
def test_what_still_falls_when_the_iterations_run_out(length: int) -> None:
    losses = 1 - 0.5 * np.arange(1, length + 1) / length
    found = judge_curve(curve(losses, losses + 0.1), length)
    assert found is not None
    assert (found.kind, found.last) == ("underfitting", length)
    assert found.eval_loss == (losses[found.first - 1] + 0.1, losses[-1] + 0.1)
    assert judge_curve(curve(losses, losses + 0.1), length + 1) is None, "it ended before: something else ended it"
    assert judge_curve(curve(losses, losses + 0.1)) is None
    assert judge_curve(curve(losses, None), length) is None, "without eval rows nothing is sure"


@pytest.mark.parametrize("length", LENGTHS)
def test_what_has_come_to_rest_is_not_underfitting(length: int) -> None:
    random, alarms = np.random.default_rng(length), 0
    rest = 0.5 + 0.3 * np.exp(-np.arange(1, length + 1) / (length / 12))
    for _ in range(100):
        found = judge_curve(curve(falling(length), rest + random.normal(0, 0.01, length)), length)
        alarms += found is not None and found.kind == "underfitting"
    assert alarms <= 2


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_losses_that_are_none_are_passed_over(bad: float) -> None:
    losses, eval_losses = falling(20), turning(20)
    eval_losses[2], losses[5] = bad, bad
    found = judge_curve(curve(losses, eval_losses))
    assert found is not None
    assert found.kind == "overfitting"
    assert judge_curve(curve(np.full(20, bad), eval_losses)) is None
    assert judge_curve([]) is None
