"""ML.CORRELATION, against SciPy and pandas."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from function_calls import call_table
from scipy import stats

from hagane.errors import DataError


@pytest.fixture(scope="module")
def visits() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    spend = rng.integers(0, 12, 300).astype(float)
    revenue = spend * 2 + rng.integers(0, 9, 300)
    spend[rng.random(300) < 0.1] = math.nan
    city = rng.choice(["Kyoto", "Oslo", None], 300)
    member = rng.random(300) < 0.5
    return pd.DataFrame(
        {"revenue": revenue, "spend": spend, "noise": rng.normal(size=300), "city": city, "member": member}
    )


def coefficient(method: str, x: pd.Series, y: pd.Series) -> float:
    both = x.notna() & y.notna()
    x, y = x[both], y[both]
    if method == "PEARSON":
        return float(stats.pearsonr(x, y).statistic)
    if method == "SPEARMAN":
        return float(stats.pearsonr(x.rank(method="min"), y.rank(method="min")).statistic)
    return float(stats.kendalltau(x, y, variant="b").statistic)


@pytest.mark.parametrize("method", ["PEARSON", "SPEARMAN", "KENDALL"])
def test_every_segment_of_the_cube(shared_workspace, visits, method):
    found = call_table(
        "ML.CORRELATION",
        shared_workspace,
        None,
        pa.Table.from_pandas(visits, preserve_index=False),
        target_col="revenue",
        target_correlation_cols=["spend", "noise"],
        dimension_cols=["city", "member"],
        method=method,
    )
    names = ["segment", "city", "member", "target_col", "corr_col", "correlation", "segment_size", "segment_proportion"]
    assert found.schema.names == names
    rows = found.to_pylist()
    assert len(rows) == 2 * (1 + 3 + 2 + 6)
    for row in rows:
        chosen = visits
        for part in row["segment"]:
            value = json.loads(part["dimension_value"])
            column = chosen[part["dimension_col"]]
            chosen = chosen[column.isna() if value is None else column == value]
        assert row["correlation"] == pytest.approx(coefficient(method, chosen["revenue"], chosen[row["corr_col"]]))
        assert row["segment_size"] == len(chosen)
        assert row["segment_proportion"] == len(chosen) / 300
    order = [(-row["segment_size"], row["corr_col"]) for row in rows]
    assert order == sorted(order)


def test_the_documented_example_of_a_genuine_null(shared_workspace):
    table = pa.table(
        {
            "country": ["USA", "USA", "USA", "USA", "USA", None, None, None, None],
            "ad_spend": [100, 150, 200, 200, 300, 100, 200, 200, 250],
            "revenue": [1000, 1500, 2000, 2000, 3000, 500, 900, 1000, 1200],
        }
    )
    options = {"target_col": "revenue", "target_correlation_cols": "ad_spend", "dimension_cols": "country"}
    rows = call_table("ML.CORRELATION", shared_workspace, None, table, **options).to_pylist()
    assert [row["segment_size"] for row in rows] == [9, 5, 4]
    assert rows[0]["segment"] == []
    assert rows[1]["segment"] == [{"dimension_col": "country", "dimension_value": '"USA"'}]
    assert rows[2]["segment"] == [{"dimension_col": "country", "dimension_value": "null"}]
    assert rows[1]["correlation"] == pytest.approx(1.0)


def test_what_has_no_coefficient_is_null(shared_workspace):
    table = pa.table({"x": [1.0, 2.0, 3.0], "same": [7, 7, 7], "one": [1, None, None], "wild": [1.0, math.inf, 2.0]})
    for method in ("PEARSON", "SPEARMAN", "KENDALL"):
        options = {"target_col": "x", "target_correlation_cols": ["same", "one", "wild"], "method": method}
        rows = call_table("ML.CORRELATION", shared_workspace, None, table, **options).to_pylist()
        assert {row["corr_col"]: row["correlation"] for row in rows} == {
            "same": None,
            "one": None,
            "wild": pytest.approx(1),
        }


def test_no_rows(shared_workspace):
    table = pa.table({"x": pa.array([], pa.float64()), "y": pa.array([], pa.int64()), "d": pa.array([], pa.string())})
    options = {"target_col": "x", "target_correlation_cols": "y", "dimension_cols": "d"}
    [row] = call_table("ML.CORRELATION", shared_workspace, None, table, **options).to_pylist()
    assert (row["correlation"], row["segment_size"], row["segment_proportion"]) == (None, 0, None)


def test_every_fault_at_once(shared_workspace):
    table = pa.table({"x": [1], "job": ["nurse"], "tags": [["a"]], "segment": [1]})
    with pytest.raises(DataError) as caught:
        call_table(
            "ML.CORRELATION",
            shared_workspace,
            None,
            table,
            target_col="job",
            target_correlation_cols=["xx", "segment"],
            dimension_cols="tags",
            method="pearsons",
        )
    text = str(caught.value)
    assert len(caught.value.faults) == 5
    for part in ("'job' holds no numbers", "no column 'xx'", "cannot be grouped", "like one of the result", "PEARSON"):
        assert part in text
