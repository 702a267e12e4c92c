"""Outliers: fences against numpy, the forest against scikit-learn, and no row lost on the way."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import IsolationForest as Reference
from sklearn.metrics import roc_auc_score

from hagane.anomalies.fence import learn_fences
from hagane.anomalies.find_outliers import FoundOutliers, copy_outliers, find_outliers
from hagane.anomalies.isolation_forest import IsolationForest
from hagane.anomalies.set_aside import set_aside
from hagane.data.open_table import open_table
from hagane.data.split import split_table
from hagane.data.table import Table
from hagane.errors import DataError, SpecError, StorageError
from hagane.spec.outliers import IsolationScore, Outliers
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Spec, Split
from hagane.types import Column, Schema, SqlType
from hagane.workflow.outliers import outliers_of


def planted(num_rows: int = 4_000, num_odd: int = 20, seed: int = 1) -> tuple[pa.Table, np.ndarray]:
    """Rows of two correlated numbers and a text; some break the correlation though each value is usual by itself."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=num_rows)
    y = x + draw.normal(scale=0.1, size=num_rows)
    job = draw.choice(["pilot", "clerk", "cook"], num_rows).astype(object)
    odd = draw.choice(num_rows, num_odd, replace=False)
    x[odd], y[odd] = 3.2, -3.2
    job[odd[: num_odd // 2]] = [f"odd{index}" for index in range(num_odd // 2)]
    is_odd = np.zeros(num_rows, np.bool_)
    is_odd[odd] = True
    return pa.table({"x": x, "y": y, "job": job.astype(str)}), is_odd


def numbers_of(found: FoundOutliers) -> list[int]:
    return found.rows.tolist()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.floats(0.1, 9))
@settings(max_examples=60)
def test_fences_are_those_of_numpy(values, times):
    table = open_table(pa.table({"x": [*values, None, float("nan"), float("inf")]}))
    fences = {
        f.rule: (f.low, f.high) for f in learn_fences(table, Outliers(z_score={"x": times}, iqr={"x": times})).fences
    }
    lower, median, upper = np.quantile(values, [0.25, 0.5, 0.75])
    away = np.abs(np.array(values) - median)
    scale = 1.4826 * np.median(away) or 1.2533 * np.mean(away)
    expected = {}
    if scale:
        expected["z_score.x"] = (median - times * scale, median + times * scale)
    if lower != upper:
        expected["iqr.x"] = (lower - times * (upper - lower), upper + times * (upper - lower))
    assert fences.keys() == expected.keys()
    for rule, ends in expected.items():
        assert fences[rule] == pytest.approx(ends, rel=1e-9, abs=1e-6)


def test_a_column_of_one_value_draws_no_fence_and_says_so():
    table = open_table(pa.table({"x": [0.0] * 90 + [5.0] * 10, "c": [1.0] * 100}))
    drawn = learn_fences(table, Outliers(z_score={"x": 6, "c": 6}, iqr={"x": 3}))
    assert [fence.rule for fence in drawn.fences] == ["z_score.x"]
    assert [note.split(" ")[0] for note in drawn.notes] == ["z_score.c", "iqr.x"]


def test_scores_of_numbers_are_scikit_learns():
    draw = np.random.default_rng(2)
    values = draw.normal(size=(1_000, 3)) * [1, 50, 1e-4] + [0, 1e6, 3]
    rows = pa.record_batch({name: values[:, i] for i, name in enumerate("abc")})
    schema = Schema(tuple(Column(name, SqlType.FLOAT64) for name in "abc"))
    forest = IsolationForest(rows, schema, seed=3)
    lower, median, upper = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
    scaled = ((values - median) / (upper - lower)).astype(np.float32)
    reference = Reference(n_estimators=100, max_samples=256, random_state=3).fit(scaled)
    np.testing.assert_array_equal(forest.score(rows), -reference.score_samples(scaled))


def test_the_forest_finds_what_no_single_column_shows():
    table, is_odd = planted()
    schema = Schema((Column("x", SqlType.FLOAT64), Column("y", SqlType.FLOAT64), Column("job", SqlType.STRING)))
    rows = table.combine_chunks().to_batches()[0]
    forest = IsolationForest(rows, schema, seed=0)
    assert roc_auc_score(is_odd, forest.score(rows)) > 0.99
    assert {name for names in forest.contributions(rows.filter(pa.array(is_odd))) for name in names} == {
        "x",
        "y",
        "job",
    }


def test_every_type_null_and_infinity_can_be_scored():
    kinds = {"i": pa.int64(), "f": pa.float64(), "s": pa.string(), "b": pa.bool_(), "d": pa.date32(),
             "t": pa.timestamp("us", "UTC")}  # fmt: skip
    values = {
        "i": [1, None, 2**63 - 1, -(2**63)],
        "f": [None, float("inf"), -float("inf"), 1e308],
        "s": ["", None, "日本", "x"],
        "b": [True, None, False, True],
        "d": [0, None, 5, 2_000_000],
        "t": [0, None, 10**15, -(10**15)],
    }
    rows = pa.record_batch({name: pa.array(values[name], kinds[name]) for name in kinds})
    types = [SqlType.INT64, SqlType.FLOAT64, SqlType.STRING, SqlType.BOOL, SqlType.DATE, SqlType.TIMESTAMP]
    forest = IsolationForest(rows, Schema(tuple(map(Column, kinds, types))), seed=0)
    assert np.isfinite(forest.score(rows)).all()
    assert np.isfinite(forest.encode(rows)).all()
    nothing = pa.record_batch({name: pa.nulls(3, kind) for name, kind in kinds.items()})
    assert np.isfinite(IsolationForest(nothing, forest.schema, seed=0).score(rows)).all()
    assert len(forest.score(rows.slice(0, 0))) == 0


@pytest.mark.parametrize("size", [1, 2, 7, 300])
def test_a_rows_score_does_not_depend_on_its_batch(size):
    rows = planted()[0].combine_chunks().to_batches()[0]
    forest = IsolationForest(rows, Schema((Column("x", SqlType.FLOAT64), Column("job", SqlType.STRING))), seed=0)
    whole = forest.score(rows.slice(0, 300))
    parts = [forest.score(rows.slice(start, min(size, 300 - start))) for start in range(0, 300, size)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


EVERY = Outliers(
    rules={"far": "x > 2.5", "errs": "LN(x) > 100"},
    z_score={"y": 3.5},
    iqr={"x": 1.6},
    isolation_score=IsolationScore(contamination=0.01),
)


def found_in(table: Table, seed: int = 0) -> FoundOutliers:
    return find_outliers(table, EVERY, columns=("x", "y", "job"), seed=seed)


def test_each_rule_counts_its_rows():
    rows, is_odd = planted()
    table = open_table(rows)
    found = found_in(table)
    x, y = rows["x"].to_numpy(), rows["y"].to_numpy()
    away = np.abs(y - np.median(y))
    lower, upper = np.quantile(x, [0.25, 0.75])
    by_hand = {
        "rules.far": x > 2.5,
        "rules.errs": np.zeros(len(x), np.bool_),
        "z_score.y": away / (1.4826 * np.median(away)) > 3.5,
        "iqr.x": (x < lower - 1.6 * (upper - lower)) | (x > upper + 1.6 * (upper - lower)),
    }
    assert {name: found.counts[name] for name in by_hand} == {name: int(hit.sum()) for name, hit in by_hand.items()}
    assert 20 <= found.counts["isolation_score"] <= 40
    assert set(np.flatnonzero(is_odd)) <= set(numbers_of(found))
    assert numbers_of(found) == sorted(numbers_of(found))
    assert found.count == len(numbers_of(found))


def test_the_same_seed_finds_the_same_rows_and_another_may_not(tmp_path):
    rows = planted()[0]
    pq.write_table(rows, tmp_path / "rows.parquet", row_group_size=500)
    again = [found_in(open_table(source)) for source in (rows, rows, str(tmp_path / "rows.parquet"))]
    assert len({found.digest for found in again}) == 1
    assert len({found.threshold for found in again}) == 1
    assert found_in(open_table(rows), seed=5).threshold != again[0].threshold


@pytest.mark.parametrize("source", ["frame", "parquet", "csv", "query", "where"])
@pytest.mark.parametrize("method", ["random", "none", "time"])
def test_kept_rows_and_those_set_aside_are_all_rows(source, method, tmp_path):
    rows = planted(num_rows=3_000)[0].append_column("id", pa.array(range(3_000)))
    pq.write_table(rows.slice(0, 1_000), tmp_path / "a.parquet")
    pq.write_table(rows.slice(1_000), tmp_path / "b.parquet")
    rows.to_pandas().to_csv(tmp_path / "rows.csv", index=False)
    sources = {
        "frame": rows,
        "parquet": [str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")],
        "csv": str(tmp_path / "rows.csv"),
        "query": f"SELECT * FROM '{tmp_path / 'rows.csv'}' ORDER BY y",
    }
    table = open_table(sources.get(source, rows))
    table = table.where("id >= 100") if source == "where" else table
    splits = split_table(table, Split(method=method, column="id" if method == "time" else None))
    found = found_in(splits.train)
    assert found.count
    kept = set_aside(splits, found)
    copy_outliers(splits.train, found, tmp_path / "outliers.parquet")
    aside = pq.read_table(tmp_path / "outliers.parquet")
    ids = {"aside": aside["id"].to_pylist()}
    for name in ("train", "eval", "test"):
        part = getattr(kept, name)
        ids[name] = part.query("SELECT id FROM data")["id"].to_pylist() if part is not None else []
        original = getattr(splits, name)
        if name != "train" and original is not None:
            assert ids[name] == original.query("SELECT id FROM data")["id"].to_pylist()
    assert sorted(i for each in ids.values() for i in each) == sorted(
        table.query("SELECT id FROM data")["id"].to_pylist()
    )
    assert kept.counts == tuple(len(ids[name]) for name in ("train", "eval", "test"))
    streamed: dict[int, list[int]] = {0: [], 1: [], 2: []}
    for batch, parts in kept.batches(["id"], batch_rows=700):
        for part in streamed:
            streamed[part] += batch.column(0).filter(pa.array(parts == part)).to_pylist()
    assert streamed == {0: ids["train"], 1: ids["eval"], 2: ids["test"]}
    assert kept.train.fingerprint() != splits.train.fingerprint()
    assert aside["hagane_outlier_rules"].null_count == 0
    assert all(aside["hagane_outlier_rules"].to_pylist())
    places = {table.place(number) for number in numbers_of(found)}
    assert len(places) == found.count
    if source == "parquet":
        assert any("b.parquet row 1" in place for place in places)


def test_nothing_found_leaves_the_splits_as_they_are():
    splits = split_table(open_table(planted()[0]), Split(method="none"))
    found = find_outliers(splits.train, Outliers(rules={"none": "x > 1e9"}), columns=())
    assert set_aside(splits, found) is splits


def test_too_many_are_refused():
    with pytest.raises(DataError, match=r"2,\d\d\d of 4,000 rows"):
        find_outliers(open_table(planted()[0]), Outliers(rules={"half": "x < 0.1"}), columns=())


def test_faults_of_a_declaration_come_at_once():
    rows = planted()[0]
    wanted = Outliers(
        rules={"far": "distance > 3"},
        z_score={"job": 3},
        iqr={"X": 2},
        isolation_score=IsolationScore(threshold=0.6, columns=("z",)),
    )
    with pytest.raises(SpecError) as error:
        outliers_of(rows, wanted)
    assert [fault.where for fault in error.value.faults] == [
        "outliers.rules.far",
        "outliers.z_score.job",
        "outliers.iqr.X",
        "outliers.isolation_score.columns[0]",
    ]
    text = (
        "data: f\nlabel: y\noutliers:\n  z_score: {x: -1}\n  rules: {a: ''}\n  max_fraction: 0\n"
        "  isolation_score: {contamination: 0.7, threshold: 0.5}\n"
    )
    with pytest.raises(SpecError) as error:
        read_yaml(text)
    assert [fault.where for fault in error.value.faults] == [
        "spec.yaml:4 (outliers.z_score.x)",
        "spec.yaml:5 (outliers.rules.a)",
        "spec.yaml:6 (outliers.max_fraction)",
        "spec.yaml:7 (outliers.isolation_score)",
        "spec.yaml:7 (outliers.isolation_score.contamination)",
    ]
    with pytest.raises(SpecError, match="nothing says what an outlier is"):
        read_yaml("data: f\nlabel: y\noutliers: {}\n")
    assert read_yaml("data: f\nlabel: y\n") == Spec(data="f", label="y")


def test_a_report_names_the_values_to_blame(shared_data, tmp_path):
    taxi = str(shared_data / "chicago_taxi" / "data.csv")
    wanted = Outliers(
        rules={"far": "trip_miles > 1000"}, z_score={"fare": 20}, isolation_score=IsolationScore(threshold=0.68)
    )
    report = outliers_of(taxi, wanted, exclude=("trip_start_timestamp",), out=tmp_path / "out.parquet")
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert len(rows) == report.num_outliers
    assert {rule for row in rows for rule in row["hagane_outlier_rules"]} == {
        name for name, n in report.rules.items() if n
    }
    assert all(row["trip_miles"] > 1000 for row in rows if "rules.far" in row["hagane_outlier_rules"])
    assert report.rules["rules.far"] == 1
    scores = [row.score or 0 for row in report.examples]
    assert scores == sorted(scores, reverse=True)
    first = report.examples[0]
    assert set(first.columns) <= set(first.values)
    assert "trip_start_timestamp" not in {name for row in report.examples for name in row.columns}
    with pytest.raises(StorageError, match="no folder"):
        outliers_of(taxi, wanted, out=tmp_path / "nowhere" / "out.parquet")
