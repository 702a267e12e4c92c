"""Laws of learning curves: found where they are known, and intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from hagane.errors import DataError
from hagane.evaluation.power_law import fit_power_law

SIZES = np.concatenate([[20_000 * share] * times for share, times in
                        ((1, 1), (1 / 2, 2), (1 / 4, 3), (1 / 8, 4), (1 / 16, 5), (1 / 32, 5))])  # fmt: skip
LAWS = [(0.3, 3.0, 0.5), (0.0, 1.5, 0.15), (0.1, 1.0, 0.3), (0.3, 30.0, 1.0), (0.25, 0.3, 0.1), (0.3, 0.0, 0.5)]


def truth(law: tuple[float, float, float], rows: float) -> float:
    floor, factor, exponent = law
    return floor + factor * rows**-exponent


@pytest.mark.parametrize("law", [law for law in LAWS if law[1]])
def test_a_curve_without_noise_is_found(law: tuple[float, float, float]) -> None:
    fitted = fit_power_law(SIZES, [truth(law, rows) for rows in SIZES])
    assert fitted.exponent == pytest.approx(law[2], abs=0.01)
    assert fitted.floor == pytest.approx(law[0], abs=0.01)
    found = fitted.expected(200_000)
    assert found.value == pytest.approx(truth(law, 200_000), rel=0.01)
    assert found.low <= truth(law, 200_000) <= found.high


def test_where_nothing_is_learnt_nothing_is_gained() -> None:
    fitted = fit_power_law(SIZES, np.full(len(SIZES), 0.25))
    assert fitted.gain(20_000, 200_000).high < 0.001
    assert fitted.expected(200_000).value == pytest.approx(0.25, rel=1e-6)


def test_a_perfect_model_stays_one() -> None:
    gain = fit_power_law(SIZES, np.zeros(len(SIZES))).gain(20_000, 200_000)
    assert max(gain.low, gain.value, gain.high) < 1e-12


def test_few_and_noisy_trainings_say_little() -> None:
    random = np.random.default_rng(0)
    sizes = [1_000, 2_000, 4_000, 8_000]
    errors = [truth(LAWS[0], rows) * (1 + 0.02 * random.normal()) for rows in sizes]
    few = fit_power_law(sizes, errors).expected(80_000)
    many = fit_power_law(SIZES, [truth(LAWS[0], rows) * (1 + 0.02 * random.normal()) for rows in SIZES]).expected(
        200_000
    )
    assert few.high - few.low > 3 * (many.high - many.low)


def test_a_falling_error_never_rises_with_more_rows() -> None:
    random = np.random.default_rng(1)
    fitted = fit_power_law(SIZES, 0.3 + SIZES**-0.2 * (1 + 0.05 * random.normal(size=len(SIZES))))
    expected = [fitted.expected(rows) for rows in (20_000, 60_000, 200_000)]
    assert [each.value for each in expected] == sorted((each.value for each in expected), reverse=True)
    assert fitted.gain(20_000, 200_000).low >= 0.0


@pytest.mark.parametrize(("sizes", "errors", "told"), [
    ([1, 2, 2, 2], [1, 1, 1, 1], "needs more trainings"),
    ([1, 2, 3], [1, 1, 1], "needs more trainings"),
    ([1, 2, 3, 4], [1, 1, float("nan"), 1], "is of errors"),
    ([1, 2, 3, 4], [1, 1, -0.1, 1], "is of errors"),
])  # fmt: skip
def test_what_is_no_curve_is_refused(sizes: list[float], errors: list[float], told: str) -> None:
    with pytest.raises(DataError, match=told):
        fit_power_law(sizes, errors)


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.003, 0.01, 0.03])
@pytest.mark.parametrize("law", LAWS)
def test_intervals_hold_what_they_promise(law: tuple[float, float, float], noise: float) -> None:
    """Of 200 simulated curves at least 88 % (95 % promised; three standard errors are 5 %) hold the truth at ten times
    the rows; trainings on fewer rows differ more."""
    random = np.random.default_rng(7)
    held = 0
    for _ in range(200):
        spread = noise * (20_000 / SIZES) ** 0.25
        errors = [truth(law, rows) * (1 + each * random.normal()) for rows, each in zip(SIZES, spread, strict=True)]
        found = fit_power_law(SIZES, np.maximum(errors, 0.0)).expected(200_000)
        held += found.low <= truth(law, 200_000) <= found.high
    assert held >= 0.88 * 200
