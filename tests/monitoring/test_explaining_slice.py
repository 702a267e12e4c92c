"""Which rows explain a drift: causes that were planted are found, and none is claimed where there is none."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from hagane.monitoring.column_codes import ColumnCodes
from hagane.monitoring.distribution import Categories, Histogram
from hagane.monitoring.explaining_slice import SliceCounts, explaining_slice
from hagane.monitoring.measures import get_measure
from hagane.monitoring.says_the_same import says_the_same
from hagane.monitoring.slice_effect import SliceEffect

Rows = dict[str, npt.NDArray[np.float64]]
COMPANIES = 8
CATEGORIES = {"company": COMPANIES, "is_dear": 2, "is_airport": 2}


def rows(random: np.random.Generator, num_rows: int, *, correlation: float) -> Rows:
    """Fares; the distance goes with them, company and hour do not."""
    fare = random.normal(0, 1, num_rows)
    noise = random.normal(0, 1, num_rows)
    return {
        "fare": fare,
        "distance": correlation * fare + np.sqrt(1 - correlation**2) * noise,
        "hour": random.integers(0, 24, num_rows).astype(float),
        "company": random.choice(COMPANIES, num_rows, p=np.arange(1, COMPANIES + 1) / 36).astype(float),
    }


def explain(reference: Rows, window: Rows, control: Rows | None, measure: str) -> SliceEffect | None:
    """As of logged rows, but for the log."""
    codes, coded = {}, {}
    for name, values in reference.items():
        if name in CATEGORIES:
            codes[name] = ColumnCodes.of(name, Categories({str(number): 1.0 for number in range(CATEGORIES[name])}))
            inner = np.arange(CATEGORIES[name] - 1).astype(float)
        else:
            inner = np.unique(np.quantile(values, np.arange(1, 10) / 10))
            edges = [-100.0, *inner.tolist(), 100.0]
            codes[name] = ColumnCodes.of(name, Histogram.of_edges(edges, [1.0] * (len(edges) - 1)))
        sides = (reference, window, control)
        coded[name] = [None if side is None else np.searchsorted(inner, side[name]) for side in sides]
    counts = [None if side is None else np.bincount(side, minlength=codes["fare"].num_values).astype(float)
              for side in coded["fare"]]  # fmt: skip
    slices = []
    for name in (name for name in reference if name != "fare"):
        crossed = [
            None if side is None or fare is None else np.histogram2d(
                fare, side, [np.arange(codes["fare"].num_values + 1), np.arange(codes[name].num_values + 3)])[0]
            for fare, side in zip(coded["fare"], coded[name], strict=True)
        ]  # fmt: skip
        assert crossed[0] is not None
        assert crossed[1] is not None
        if says_the_same(crossed[1], crossed[2]):
            continue
        for text, chosen in codes[name].slices():
            before = crossed[2][:, chosen].sum(axis=1) if crossed[2] is not None else None
            share = float(crossed[0][:, chosen].sum() / len(reference["fare"]))
            slices.append(SliceCounts(slice=text, window=crossed[1][:, chosen].sum(axis=1), control=before,
                                      share_before=share))  # fmt: skip
    measured = get_measure(measure)
    fare = codes["fare"]
    assert counts[0] is not None
    assert counts[1] is not None
    return explaining_slice(lambda base, study: measured(fare.distribution(base), fare.distribution(study)),
                            counts[0], counts[1], slices, control=counts[2])  # fmt: skip


DRIFTS: dict[str, Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]] = {
    "shifted": lambda fare: fare + 1.2,
    "spread": lambda fare: fare * 4,
    "cut": lambda fare: np.maximum(fare, 0.4),
    "none": lambda fare: fare,
}


@pytest.mark.parametrize("with_control", [True, False])
@pytest.mark.parametrize(
    "measure", ["JENSEN_SHANNON_DIVERGENCE", pytest.param("KOLMOGOROV_SMIRNOV", marks=pytest.mark.slow)]
)
def test_what_moved_in_all_rows_alike_is_blamed_on_none(measure: str, with_control: bool) -> None:
    claims = []
    for seed in range(100):
        random = np.random.default_rng(seed)
        correlation = [0.0, 0.5, 0.9][seed % 3]
        drift = list(DRIFTS)[seed % 4]
        reference, window, control = (rows(random, size, correlation=correlation) for size in (4000, 800, 800))
        window["fare"] = DRIFTS[drift](window["fare"])
        found = explain(reference, window, control if with_control else None, measure)
        claims += [(drift, correlation, found)] if found else []
    assert claims == []


@pytest.mark.parametrize("measure", ["JENSEN_SHANNON_DIVERGENCE", "KOLMOGOROV_SMIRNOV"])
def test_what_follows_from_the_drifted_column_is_not_named(measure: str) -> None:
    claims = []
    for seed, limit, shift in itertools.product(range(3), (-0.5, 0.0, 0.5, 1.0), (0.8, 1.5)):
        random = np.random.default_rng(seed)
        reference, window, control = (rows(random, size, correlation=0.0) for size in (4000, 1500, 1500))
        window["fare"] = window["fare"] + shift  # in all rows alike
        for side in (reference, window, control):
            side["is_dear"] = (side["fare"] > limit).astype(float)
        found = explain(reference, window, control, measure)
        claims += [(seed, limit, shift, found)] if found else []
    assert claims == []


@pytest.mark.parametrize("measure", ["JENSEN_SHANNON_DIVERGENCE", "KOLMOGOROV_SMIRNOV"])
def test_a_slice_that_the_column_told_is_found_where_it_broke_or_grew(measure: str) -> None:
    """It has a range of its own, so that the fare tells most of it (Theil's U of 0.7), and is still the cause."""

    def trips(random: np.random.Generator, num_rows: int, share: float, level: float) -> Rows:
        side = rows(random, num_rows, correlation=0.0)
        to_airport = random.random(num_rows) < share
        side["fare"] = np.where(to_airport, random.normal(level, 0.3, num_rows), side["fare"])
        return {**side, "is_airport": to_airport.astype(float)}

    for seed, (share, level) in itertools.product(range(3), ((0.15, -3.0), (0.5, 2.0))):
        random = np.random.default_rng(seed)
        reference, control = (trips(random, size, 0.15, 2.0) for size in (4000, 1500))
        found = explain(reference, trips(random, 1500, share, level), control, measure)
        assert found is not None
        assert found.slice == "is_airport = '1'"


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("measure", ["JENSEN_SHANNON_DIVERGENCE", "KOLMOGOROV_SMIRNOV", "WASSERSTEIN"])
def test_a_company_whose_meter_is_broken_is_found(measure: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    reference, window, control = (rows(random, size, correlation=0.7) for size in (4000, 1500, 1500))
    broken = window["company"] == 6
    window["fare"] = np.where(broken, -9.0, window["fare"])
    found = explain(reference, window, control, measure)
    assert found is not None
    assert found.slice == "company = '6'"
    assert found.share == pytest.approx(broken.mean())
    assert found.without is not None
    assert found.without < 0.4 * found.value


def test_a_crowd_that_is_new_is_found_without_a_control() -> None:
    random = np.random.default_rng(1)
    reference, window = (rows(random, size, correlation=0.0) for size in (4000, 1500))
    crowd = random.random(1500) < 0.35
    window["company"] = np.where(crowd, 0.0, window["company"])
    window["fare"] = np.where(crowd, 3.0, window["fare"])
    found = explain(reference, window, None, "JENSEN_SHANNON_DIVERGENCE")
    assert found is not None
    assert found.slice == "company = '0'"


@pytest.mark.parametrize("measure", ["JENSEN_SHANNON_DIVERGENCE", "KOLMOGOROV_SMIRNOV"])
def test_a_cause_that_always_lay_elsewhere_is_found(measure: str) -> None:
    for seed in range(5):
        random = np.random.default_rng(seed)
        reference, window, control = (rows(random, size, correlation=0.7) for size in (4000, 1500, 1500))
        is_long = window["distance"] > np.quantile(reference["distance"], 0.6)
        window["fare"] = np.where(is_long, window["fare"] - 4, window["fare"])
        found = explain(reference, window, control, measure)
        assert found is not None
        assert found.slice.startswith("distance > ")
        assert found.without is not None
        assert found.without < 0.2 * found.value
