"""How far samples lie apart by chance, against samples that were drawn."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from hagane.monitoring.measure_column import measure_column
from hagane.monitoring.measures import MEASURES, SHIFTS
from hagane.monitoring.paired_distributions import paired_distributions
from hagane.monitoring.sampling_noise import sampling_noise
from hagane.spec.measure_thresholds import MEASURE_THRESHOLDS, STANDARD_ERRORS
from hagane.statistics.measure_array import measure_array
from hagane.statistics.statistics import ColumnStatistics

NUMERIC = ("jensen_shannon_divergence", "kolmogorov_smirnov", "wasserstein", "population_stability_index",
           "mean_shift", "variance_shift")  # fmt: skip
CATEGORICAL = ("l_infty", "jensen_shannon_divergence", "chi_squared", "population_stability_index")
DRAWS = 250


def numbers(random: np.random.Generator, num_rows: int) -> ColumnStatistics:
    return measure_array("x", pa.array(random.gamma(3.0, 2.0, num_rows)))


def words(random: np.random.Generator, num_rows: int) -> ColumnStatistics:
    shares = np.array([0.5, 0.25, 0.12, 0.08, 0.05])
    codes = random.choice(5, num_rows, p=shares).astype(np.int32)
    return measure_array("x", pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(list("abcde"))))


@pytest.fixture(scope="module")
def drawn() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Measure → distances of windows of 400 rows from a baseline of 3,000, and what each was said to stay below."""
    random = np.random.default_rng(8)
    found: dict[str, list[tuple[float, float]]] = {}
    for make, measures, kind in ((numbers, NUMERIC, "n"), (words, CATEGORICAL, "c")):
        for _ in range(DRAWS):
            base, study = make(random, 3_000), make(random, 400)
            both = paired_distributions(base, study)
            assert both is not None
            for measure in measures:
                value = measure_column(measure, base, study, both)
                assert value is not None
                found.setdefault(f"{kind} {measure}", []).append((value, sampling_noise(measure, base, study, both)))
    return {name: (np.array([v for v, _ in pairs]), np.array([n for _, n in pairs])) for name, pairs in found.items()}


@pytest.mark.parametrize("name", [f"n {name}" for name in NUMERIC] + [f"c {name}" for name in CATEGORICAL])
def test_chance_stays_below_and_not_far(drawn: dict[str, tuple[np.ndarray, np.ndarray]], name: str) -> None:
    values, noise = drawn[name]
    assert np.count_nonzero(values > noise) <= 3, "of 250, of which 0.3 are to be expected"
    assert float(np.median(noise)) < 2.5 * float(np.max(values)), "and it says something"


def test_every_measure_has_a_threshold_and_a_noise() -> None:
    assert {name.lower() for name in (*MEASURES, *SHIFTS)} == set(MEASURE_THRESHOLDS) == {*NUMERIC, *CATEGORICAL}
    assert {name.lower() for name in SHIFTS} == STANDARD_ERRORS


def test_the_quantile_is_chi_squareds() -> None:
    random = np.random.default_rng(0)
    base, study = words(random, 3_000), words(random, 400)
    both = paired_distributions(base, study)
    assert both is not None
    exact = stats.chi2.ppf(1 - 0.00135, 4)
    found = sampling_noise("chi_squared", base, study, both)
    assert found == pytest.approx(math.sqrt(exact / 3_400), rel=0.01)


def test_without_values_anything_is_chance() -> None:
    empty = measure_array("x", pa.array([], pa.float64()))
    some = numbers(np.random.default_rng(0), 50)
    both = paired_distributions(some, some)
    assert both is not None
    assert sampling_noise("wasserstein", empty, some, both) == math.inf
