"""Collinear columns: equations that were put in are found, figures are those of regressions, PCA and PLS."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression

from hagane.data.open_table import open_table
from hagane.statistics.collinearity import Collinearity, measure_collinearity
from hagane.statistics.correlations import measure_correlations
from hagane.statistics.draw_sample import draw_sample
from hagane.statistics.measure import measure_statistics
from hagane.statistics.pls import pls_explained


def collinearity(source, label=None, **options) -> Collinearity:
    table = open_table(source)
    statistics = measure_statistics(table)
    sample = draw_sample(table, statistics, **options)
    return measure_collinearity(table, sample, statistics, measure_correlations(table, sample), label=label)


@pytest.fixture(scope="module")
def housing(shared_data: Path) -> Path:
    return shared_data / "california_housing" / "housing.csv"


def test_rooms_bedrooms_people_and_households_say_the_same(housing):
    found = collinearity(housing, "median_house_value")
    rooms, place = found.groups
    assert rooms.columns == ("total_rooms", "total_bedrooms", "population", "households")
    assert place.columns == ("longitude", "latitude")
    frame = pd.read_csv(housing).drop(columns=["median_house_value", "ocean_proximity"]).dropna()
    assert found.num_rows == len(frame) == 20_433
    for column in found.columns:
        others = frame.drop(columns=column.column)
        r2 = LinearRegression().fit(others, frame[column.column]).score(others, frame[column.column])
        assert column.vif == pytest.approx(1 / (1 - r2), rel=1e-6)
    assert rooms.max_vif == pytest.approx(36.0, abs=0.1)
    scaled = (frame - frame.mean()) / frame.std()
    shares = PCA().fit(scaled[list(rooms.columns)]).explained_variance_ratio_.cumsum()
    assert rooms.num_components == 1 + np.argmax(shares >= 0.95) == 2
    left = frame[list(rooms.keep)]
    assert set(rooms.keep) | set(rooms.drop) == set(rooms.columns)
    assert np.diag(np.linalg.inv(left.corr())).max() <= 5
    # Together they place a district; either alone says next to nothing. The advice must know.
    assert place.r2_of_label - place.r2_of_label_kept > 0.2
    assert any("rather keep them all" in sentence for sentence in place.advice)


def test_the_condition_indices_are_belsleys(housing):
    found = collinearity(housing, "median_house_value")
    frame = pd.read_csv(housing).drop(columns=["median_house_value", "ocean_proximity"]).dropna()
    scaled = ((frame - frame.mean()) / frame.std(ddof=0)).to_numpy()
    _, singular, transposed = np.linalg.svd(scaled, full_matrices=False)
    variances = (transposed.T / singular) ** 2  # Belsley, Kuh and Welsch, 3.2: var(b_j) = Σ (v_jk / μ_k)²
    proportions = variances / variances.sum(axis=1, keepdims=True)
    (near,) = found.near_dependencies
    assert near.condition_index == pytest.approx(singular[0] / singular[-1], rel=1e-6)
    places = [list(frame.columns).index(name) for name in near.columns]
    assert near.columns == ("total_bedrooms", "households")
    assert near.proportions == pytest.approx(proportions[places, -1], rel=1e-6)


def test_the_economic_indicators_of_bank_marketing_move_together(shared_data):
    found = collinearity(shared_data / "bank_marketing" / "bank-additional-full.csv.gz", "y")
    assert {"emp.var.rate", "euribor3m", "nr.employed"} <= set(found.groups[0].columns)
    assert found.groups[0].num_pls_components is not None


def test_education_has_a_number_for_each_name(shared_data):
    names = ["age", "workclass", "fnlwgt", "education", "education_num", "marital", "occupation", "relationship"]
    path = shared_data / "adult" / "adult.data"
    frame = pd.read_csv(path, header=None, skipinitialspace=True).iloc[:, :8].set_axis(names, axis=1)
    (found,) = collinearity(frame).dependencies
    assert (found.kind, found.columns, found.num_rows) == ("one_to_one", ("education", "education_num"), 32_561)
    assert found.equation == "education ↔ education_num"


@pytest.fixture(scope="module")
def tied() -> pd.DataFrame:
    draw = np.random.default_rng(5)
    n = 3_000
    frame = pd.DataFrame({"b": draw.normal(50, 9, n), "c": draw.exponential(3, n), "celsius": draw.normal(10, 8, n)})
    frame["total"] = frame["b"] + frame["c"]
    frame["copy"] = frame["b"]
    frame["fahrenheit"] = 1.8 * frame["celsius"] + 32
    town = draw.integers(0, 3, n)
    for index, name in enumerate(("north", "south", "west")):
        frame[name] = town == index
    frame["free"] = draw.normal(size=n)
    return frame


def test_exact_equations_are_found_and_written_as_one_would(tied):
    found = collinearity(tied)
    assert {each.equation: (each.kind, each.redundant) for each in found.dependencies} == {
        "total = b + c": ("linear", "total"),
        "copy = b": ("duplicate", "copy"),
        "fahrenheit = 1.8 × celsius + 32": ("linear", "fahrenheit"),
        "north + south + west = 1": ("linear", "west"),
    }
    assert all(each.num_rows == each.num_held == len(tied) for each in found.dependencies)
    factors = {column.column: column.vif for column in found.columns}
    assert [name for name, factor in factors.items() if factor is not None] == ["free"]
    assert factors["free"] == pytest.approx(1.0, abs=0.01)
    dropped = {name for group in found.groups for name in group.drop}
    assert dropped == {"total", "copy", "fahrenheit", "west"}


def test_the_order_of_the_columns_does_not_hide_an_equation(tied):
    names = list(tied.columns)
    for shift in (3, 5, 8):
        found = collinearity(tied[[*names[shift:], *names[:shift]]])
        assert len(found.dependencies) == 4
        equations = {each.equation for each in found.dependencies}
        assert "total = b + c" in equations or "total = copy + c" in equations or "total = c + copy" in equations


def test_an_equation_found_in_the_sample_is_counted_out_on_every_row():
    draw = np.random.default_rng(6)
    n = 80_000
    a, b = draw.integers(0, 1_000, n), draw.integers(0, 1_000, n)
    total = a + b
    table = open_table(pa.table({"a": a, "b": b, "total": total}))
    rows = draw_sample(table, measure_statistics(table), num_rows=5_000).positions
    broken = np.setdiff1d(np.arange(n), rows)[:123]
    total[broken] += 1_000
    (found,) = collinearity(pa.table({"a": a, "b": b, "total": total}), num_rows=5_000).dependencies
    assert (found.equation, found.num_rows, found.num_held) == ("total = a + b", n, n - 123)


def test_what_is_nearly_an_equation_is_none(tied):
    noisy = tied.assign(total=tied["total"] + np.random.default_rng(0).normal(0, 1e-3, len(tied)))[["b", "c", "total"]]
    found = collinearity(noisy)
    assert found.dependencies == ()
    (group,) = found.groups
    assert group.columns == ("b", "c", "total")
    assert group.max_vif > 1e6
    assert len(group.drop) == 1


def test_missing_values_leave_out_rows_or_columns_and_it_is_said(tied):
    frame = tied[["b", "c", "total", "free"]].copy()
    frame.loc[: len(frame) * 2 // 3, "free"] = np.nan
    frame.loc[:99, "c"] = np.nan
    found = collinearity(frame)
    assert (found.num_rows, found.left_out) == (2_900, ("free",))
    (equation,) = found.dependencies
    assert (equation.num_rows, equation.num_held) == (2_900, 2_900)


@pytest.mark.parametrize("num_components", [1, 2, 3, 5])
def test_pls_explains_what_scikit_learns_does(num_components):
    draw = np.random.default_rng(7)
    base = draw.normal(size=(500, 2))
    x = base @ draw.normal(size=(2, 5)) + 0.3 * draw.normal(size=(500, 5))
    y = base @ [1.0, -0.5] + draw.normal(size=500)
    expected = PLSRegression(num_components, scale=True).fit(x, y).score(x, y)
    together = np.corrcoef(np.column_stack([x, y]), rowvar=False)
    assert pls_explained(together[:5, :5], together[:5, 5])[num_components - 1] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("source", [pa.table({"x": [1.0]}), pa.table({"x": [1.0, 2.0], "y": [3.0, 5.0]}), {"x": []}])
def test_too_few_rows_say_nothing(source):
    found = collinearity(pa.table(source))
    assert (found.groups, found.dependencies) == ((), ())


@pytest.mark.slow
def test_two_thousand_columns_are_looked_at_together():
    draw = np.random.default_rng(8)
    matrix = draw.normal(size=(6_000, 2_000))
    matrix[:, 1_999] = matrix[:, 3] + matrix[:, 77]
    found = collinearity(pa.table({f"c{i}": matrix[:, i] for i in range(2_000)}))
    assert [each.equation for each in found.dependencies] == ["c1999 = c3 + c77"]
