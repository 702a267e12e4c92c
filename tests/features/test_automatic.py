"""BigQuery ML's rules as SQL."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from hagane.data.open_table import open_table
from hagane.features.automatic import AutomaticTransform, automatic_transform
from hagane.features.encoder import Encoder
from hagane.features.fit import fit_transform
from hagane.features.resolve_transform import resolve_transform
from hagane.statistics.measure import measure_statistics

START = datetime.datetime(2012, 12, 30, tzinfo=datetime.UTC)
ROWS = 200
TABLE = pa.table(
    {
        "age": [None if i % 7 == 0 else i % 50 for i in range(ROWS)],
        "fare": [i / 3 for i in range(ROWS)],
        "job": ["abcd"[i % 4] for i in range(ROWS)],
        "adult": [i % 3 == 0 for i in range(ROWS)],
        "at": pa.array([START + datetime.timedelta(hours=5 * i) for i in range(ROWS)], pa.timestamp("us", tz="UTC")),
        "day": [datetime.date(2013, 1, 1) + datetime.timedelta(days=i) for i in range(ROWS)],
        "emp.var.rate": [i % 9 for i in range(ROWS)],
        "case": [i % 5 for i in range(ROWS)],
        "name": [f"passenger {i}" for i in range(ROWS)],
        "country": ["NL"] * ROWS,
        "nothing": pa.array([None] * ROWS, pa.float64()),
        "gap": [None if i % 2 else 3.5 for i in range(ROWS)],
        "leak": [i % 2 for i in range(ROWS)],
        "label": [i % 2 for i in range(ROWS)],
    }
)


def automatic(table: pa.Table = TABLE, **kind: bool) -> AutomaticTransform:
    opened = open_table(table)
    return automatic_transform(opened.schema, measure_statistics(opened), "label", exclude=("leak",), **kind)


LINEAR = {"scales": True, "accepts_missing": False}
TREES = {"scales": False, "accepts_missing": True}


def test_families_that_scale() -> None:
    expressions = automatic(**LINEAR).expressions
    assert expressions["age"] == "COALESCE(ML.STANDARD_SCALER(age) OVER (), 0)"
    assert expressions["emp.var.rate"] == "COALESCE(ML.STANDARD_SCALER(`emp.var.rate`) OVER (), 0)"
    assert expressions["case"] == "COALESCE(ML.STANDARD_SCALER(`case`) OVER (), 0)"
    assert expressions["job"] == "ML.ONE_HOT_ENCODER(job, 'none', 32000, 5) OVER ()"
    assert expressions["adult"] == "ML.ONE_HOT_ENCODER(CAST(adult AS STRING), 'none', 32000, 5) OVER ()"
    assert expressions["at"] == "COALESCE(ML.STANDARD_SCALER(UNIX_SECONDS(at)) OVER (), 0)"
    assert "EXTRACT(DAYOFWEEK FROM at)" in expressions["at_dayofweek"]
    assert expressions["gap"] == "gap IS NULL"
    assert "at_year" in expressions
    assert "day_year" not in expressions  # all of one year


def test_trees() -> None:
    expressions = automatic(**TREES).expressions
    assert (expressions["age"], expressions["adult"], expressions["gap"]) == ("age", "adult", "gap")
    assert expressions["job"] == "ML.ONE_HOT_ENCODER(job, 'none', 32000, 5) OVER ()"
    assert expressions["at_hour"] == "EXTRACT(HOUR FROM at)"


def test_left_out_with_a_reason() -> None:
    left_out = dict(automatic(**LINEAR).left_out)
    assert left_out == {
        "name": "nearly every row has a value of its own",
        "country": "the same value in every row",
        "nothing": "NULL in every row",
        "leak": "excluded",
    }


@pytest.mark.parametrize("scales", [True, False])
@pytest.mark.parametrize("accepts_missing", [True, False])
def test_what_is_written_is_already_explicit_and_fits(scales: bool, accepts_missing: bool) -> None:
    expressions = automatic(scales=scales, accepts_missing=accepts_missing).expressions
    table = open_table(TABLE)
    assert resolve_transform(expressions, table.schema, accepts_missing=accepts_missing) == expressions
    transform = fit_transform(expressions, table, accepts_missing=accepts_missing)
    dense, ids, row_error, _ = Encoder(transform).encode_batch(next(iter(table.batches())))
    assert not row_error.any()
    assert accepts_missing or np.isfinite(dense).all()
    assert ids.shape[1] + dense.shape[1] == len(expressions)


def test_parts_of_a_moment_do_not_take_another_columns_name() -> None:
    table = TABLE.select(["at", "label"]).append_column("at_hour", pa.array(["x", "y"] * (ROWS // 2)))
    expressions = automatic(table, **TREES).expressions
    assert "ML.ONE_HOT_ENCODER(at_hour" in expressions["at_hour"]
    assert expressions["at_hour_"] == "EXTRACT(HOUR FROM at)"


def test_penguins(shared_data: Path) -> None:
    table = open_table(shared_data / "penguins" / "penguins.csv")
    found = automatic_transform(table.schema, measure_statistics(table), "species", **LINEAR)
    transform = fit_transform(found.expressions, table, accepts_missing=False)
    assert [feature.name for feature in transform.ids] == ["island", "sex"]
    assert len(transform.dense) == 4


def test_bigquery_rules() -> None:
    """Section "Automatic feature preprocessing" of BigQuery ML: names, parts, nothing left out."""
    day = datetime.datetime(2013, 1, 1, tzinfo=datetime.UTC)
    table = open_table(pa.table({
        "label": [1, 0], "n": [1, 1], "s": ["x", "y"], "b": [True, None], "d": [day.date()] * 2, "t": [day] * 2,
        "tags": [["a"], None], "v": [[1.0], [2.0]], "st": [{"f": 1}, {"f": 2}],
    }))  # fmt: skip
    found = automatic_transform(table.schema, measure_statistics(table), "label", scales=True, accepts_missing=False,
                                rules="bigquery")  # fmt: skip
    assert found.left_out == ()
    assert list(found.expressions) == [
        "n", "s", "b", "d", "t", "_TS_DOM_t", "_TS_DOW_t", "_TS_MOY_t", "_TS_HOD_t", "_TS_MOH_t", "_TS_WOY_t",
        "_TS_YEAR_t", "tags", "v", "st_f",
    ]  # fmt: skip
    assert found.expressions["d"] == "ML.ONE_HOT_ENCODER(FORMAT_DATE('%F', d), 'none', 1000000, 0) OVER ()"
    assert found.expressions["st_f"] == "COALESCE(ML.STANDARD_SCALER(`st.f`) OVER (), 0)"
    transform = fit_transform(found.expressions, table, accepts_missing=False)
    assert {feature.name for feature in transform.sparse} == {"tags"}
    assert next(feature for feature in transform.ids if feature.name == "d").vocabulary == ("2013-01-01",)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([f"the {n} quick brown foxes" for n in range(99)], "ML.TF_IDF(TEXT_ANALYZE(s), 32000, 5) OVER ()"),
        ([f"日本語の文章は空白がない{chr(0x4E00 + n)}" for n in range(99)],
         "ML.TF_IDF(ML.NGRAMS(SPLIT(LOWER(s), ''), [2, 3], ''), 32000, 5) OVER ()"),
        ([f"id-{n:020}" for n in range(99)], None),
    ],
)  # fmt: skip
def test_text_of_words(texts: list[str], expected: str | None) -> None:
    table = open_table(pa.table({"s": texts, "y": list(range(99))}))
    found = automatic_transform(table.schema, measure_statistics(table), "y", scales=True, accepts_missing=False)
    assert found.expressions.get("s") == expected
