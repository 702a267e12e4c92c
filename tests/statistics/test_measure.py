"""Statistics against closed forms, NumPy and pandas."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hagane.data.open_table import open_table
from hagane.errors import DataError
from hagane.statistics import measure
from hagane.statistics.measure import measure_statistics, statistics_sql
from hagane.statistics.statistics import Quantile, Statistics, TopValue


def of(values, type_=None):
    return measure_statistics(open_table(pa.table({"x": pa.array(values, type_)})))["x"]


def test_numbers():
    found = of([0.0, 1.0, 2.0, 2.0, -5.0, None, float("nan"), float("inf")])
    assert (found.count, found.num_nulls, found.num_nans, found.num_infinite, found.num_zeros) == (6, 2, 1, 1, 1)
    assert (found.min, found.max, found.mean) == (-5.0, 2.0, 0.0)
    assert found.stddev == pytest.approx(np.std([0, 1, 2, 2, -5], ddof=1))
    assert found.num_distinct == 5
    assert Quantile(0.5, 1.0) in found.quantiles


def test_integers_are_exact_at_the_extremes():
    found = of([2**63 - 1, -(2**63), 0, 0])
    assert (found.min, found.max, found.num_zeros, found.num_distinct) == (-(2**63), 2**63 - 1, 2, 3)
    assert found.top_values[0] == TopValue(0, 2)
    assert found.mean == pytest.approx(-0.25)


def test_strings_booleans_and_times():
    text = of(["b", "a", "a", "", "été", None])
    assert (text.min, text.max, text.num_distinct, text.num_nulls) == ("", "été", 4, 1)
    assert text.top_values[0] == TopValue("a", 2)
    assert text.mean_length == pytest.approx(6 / 5)
    truth = of([True, True, False, None])
    assert (truth.num_true, truth.num_false, truth.num_nulls, truth.num_distinct) == (2, 1, 1, 2)
    assert truth.top_values == (TopValue(True, 2), TopValue(False, 1))
    day = of([datetime.date(1969, 12, 31), datetime.date(2020, 2, 29), datetime.date(2020, 2, 29)])
    assert (day.min, day.max, day.top_values[0]) == ("1969-12-31", "2020-02-29", TopValue("2020-02-29", 2))
    instant = of([datetime.datetime(2020, 1, 1, 12, 0, 0, 5)])
    assert (instant.min, instant.max, instant.num_distinct) == ("2020-01-01T12:00:00.000005Z",) * 2 + (1,)


@pytest.mark.parametrize(
    "type_", [pa.bool_(), pa.int64(), pa.float64(), pa.string(), pa.timestamp("us"), pa.date32()], ids=str
)
@pytest.mark.parametrize("num_rows", [0, 3])
def test_without_values(type_, num_rows):
    found = of([None] * num_rows, type_)
    assert (found.count, found.num_nulls, found.num_distinct) == (0, num_rows, 0)
    assert (found.min, found.max, found.mean, found.stddev, found.quantiles, found.top_values) == (None,) * 4 + ((), ())
    assert found.is_constant


def test_constants():
    assert of([3, 3, 3]).is_constant
    assert of(["a"]).is_constant
    assert not of([3, 3, None]).is_constant
    assert not of([0.0, float("inf")]).is_constant
    assert (of([3.0]).stddev, of([3.0, 3.0]).stddev) == (None, 0.0)


def test_squares_out_of_range_give_no_deviation():
    found = of([1e300, -1e300, 2e300])
    assert found.stddev is None
    assert (found.min, found.max) == (-1e300, 2e300)


def test_one_scan(tmp_path):
    pq.write_table(
        pa.table({"n": [1, 2], "x": [1.0, 2.0], "s": ["a", "b"], "b": [True, False]}), tmp_path / "r.parquet"
    )
    table = open_table(tmp_path / "r.parquet")
    plan = "\n".join(table.query(f"EXPLAIN {statistics_sql(table)}", keep_nan=True)["explain_value"].to_pylist())
    assert plan.count("PARQUET") == 1, plan


def test_a_sample_estimates_quantiles_and_top_values(monkeypatch):
    monkeypatch.setattr(measure, "MAX_SAMPLED_ROWS", 20_000)
    random = np.random.default_rng(0)
    rows = 200_000
    x, word = random.normal(size=rows), random.choice(["a", "b", "c"], rows, p=[0.7, 0.2, 0.1])
    table = open_table(pa.table({"x": x, "word": word, "id": np.arange(rows)}))
    found = measure_statistics(table)
    assert abs(found.num_sampled_rows - 20_000) < 5 * math.sqrt(20_000)
    again = measure_statistics(table)
    assert [(column.quantiles, column.top_values) for column in found] == [(c.quantiles, c.top_values) for c in again]
    for quantile in found["x"].quantiles:
        rank = np.mean(x < quantile.value)
        assert abs(rank - quantile.fraction) < 5 * math.sqrt(quantile.fraction * (1 - quantile.fraction) / 20_000)
    shares = {top.value: top.count / rows for top in found["word"].top_values}
    assert shares == {
        "a": pytest.approx(0.7, abs=0.03),
        "b": pytest.approx(0.2, abs=0.03),
        "c": pytest.approx(0.1, abs=0.03),
    }
    assert found["id"].top_values == ()
    assert found["id"].num_distinct == pytest.approx(rows, rel=0.1)
    assert found["x"].mean == pytest.approx(x.mean(), abs=1e-12)


def test_five_hundred_columns_fit_in_little_memory():
    values = np.random.default_rng(0).normal(size=2_000)
    table = open_table(pa.table({f"x{i}": values for i in range(500)}), memory_limit="1GB")
    found = measure_statistics(table)
    assert [column.mean for column in found] == [pytest.approx(values.mean())] * 500


def test_adult_penguins_and_taxi(shared_data):
    adult = measure_statistics(open_table(shared_data / "adult" / "adult.data"))
    assert adult["column01"].num_distinct == 9
    assert next(top.count for top in adult["column01"].top_values if top.value == " ?") == 1_836
    penguins = measure_statistics(open_table(shared_data / "penguins" / "penguins.csv"))
    assert [top.count for top in penguins["species"].top_values] == [152, 124, 68]
    assert (penguins["bill_length_mm"].num_nulls, penguins["sex"].num_nulls) == (2, 11)
    taxi = measure_statistics(open_table(shared_data / "chicago_taxi" / "data.csv"))
    assert (taxi["payment_type"].num_distinct, taxi["company"].num_nulls, taxi["fare"].num_zeros) == (7, 5_140, 27)
    assert taxi["pickup_census_tract"].num_nulls == 15_001


@st.composite
def two_parts(draw):
    column = st.lists(
        st.none() | st.floats(-1e6, 1e6) | st.sampled_from([float("nan"), float("inf"), 0.0]), max_size=30
    )
    words = st.sampled_from(["a", "bb", None])
    flags = st.sampled_from([True, False, None])
    return [
        pa.table(
            {
                "x": pa.array(values, pa.float64()),
                "n": pa.array([None if v is None or not math.isfinite(v) else int(v) for v in values], pa.int64()),
                "s": pa.array([draw(words) for _ in values], pa.string()),
                "b": pa.array([draw(flags) for _ in values], pa.bool_()),
            }
        )
        for values in (draw(column), draw(column))
    ]


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(two_parts())
def test_merging_is_measuring_together(parts):
    merged = measure_statistics(open_table(parts[0])).merge(measure_statistics(open_table(parts[1])))
    together = measure_statistics(open_table(pa.concat_tables(parts)))
    assert merged.num_rows == together.num_rows
    exact = ("count", "num_nulls", "num_nans", "num_infinite", "num_zeros", "min", "max", "num_true", "num_false")
    for mine, theirs in zip(merged, together, strict=True):
        assert [getattr(mine, name) for name in exact] == [getattr(theirs, name) for name in exact]
        for name in ("mean", "stddev", "mean_length"):
            expected = getattr(theirs, name)
            assert getattr(mine, name) == (None if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-6))


def test_other_columns_are_not_merged():
    statistics = [measure_statistics(open_table(pa.table({name: [1]}))) for name in ("a", "b")]
    with pytest.raises(DataError, match="different columns"):
        statistics[0].merge(statistics[1])


def test_json_round_trip():
    table = open_table(
        pa.table(
            {"x": [1.0, float("inf"), 1e-320], "n": [2**63 - 1, 0, 5], "s": ["é", "\n", None], "b": [True, None, False]}
        )
    )
    found = measure_statistics(table)
    assert Statistics.from_json(found.to_json()) == found


def test_wide_tables_take_some_scans_with_the_same_answers(monkeypatch):
    random = np.random.default_rng(1)
    columns = {f"c{index}": random.integers(0, 9, 50) for index in range(7)}
    table = open_table(pa.table({**columns, "s": ["a", "b"] * 25}))
    at_once = measure_statistics(table)
    monkeypatch.setattr(measure, "COLUMNS_A_SCAN", 3)
    assert measure_statistics(table) == at_once
    assert "c2" not in statistics_sql(table, range(3, 6))
