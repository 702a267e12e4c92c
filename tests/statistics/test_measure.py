"""Statistics against closed forms, NumPy and pandas."""

from __future__ import annotations

import datetime
import functools
import math
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hagane.data.open_table import open_table
from hagane.errors import DataError
from hagane.statistics import column_sample, measure, sample
from hagane.statistics.measure import measure_statistics, statistics_sql
from hagane.statistics.statistics import QUANTILE_FRACTIONS, Quantile, Statistics, TopValue


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
    monkeypatch.setattr(sample, "MAX_SAMPLED_ROWS", 20_000)
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
def rows_in_parts(draw):
    """A table of every type, and the part of each of its rows."""
    num_rows, num_parts = draw(st.integers(0, 60)), draw(st.integers(1, 5))
    seed, spread = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([3, 1_000, 10**6]))
    times, random = draw(st.sampled_from([1, 1, 40])), np.random.default_rng(seed)
    num_rows *= times
    numbers = random.integers(-spread, spread, num_rows)
    floats = np.where(random.random(num_rows) < 0.1, draw(st.sampled_from([np.nan, np.inf, -0.0])), numbers / 7)
    missing = random.random(num_rows) < draw(st.sampled_from([0.0, 0.3, 1.0]))
    table = pa.table(
        {
            "x": pa.array(floats, pa.float64(), mask=missing),
            "n": pa.array(numbers, pa.int64(), mask=missing),
            "s": pa.array([f"é{n % 70}" for n in numbers], pa.string()),
            "b": pa.array(numbers % 3 == 0, mask=missing),
            "d": pa.array(numbers % 9_000, pa.int32()).cast(pa.date32()),
            "t": pa.array(numbers, pa.int64()).cast(pa.timestamp("us")),
        }
    )
    return table, random.integers(0, num_parts, num_rows), num_parts


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(rows_in_parts(), st.booleans())
def test_any_partition_merges_into_the_whole(rows, with_small_sketches):
    table, part_of_row, num_parts = rows
    with pytest.MonkeyPatch.context() as patch:
        if with_small_sketches:
            patch.setattr(column_sample, "WIDE_TABLE_COLUMNS", 0)
        parts = [measure_statistics(open_table(table.filter(part_of_row == part))) for part in range(num_parts)]
    merged = functools.reduce(Statistics.merge, parts)
    together = measure_statistics(open_table(table))
    assert (merged.num_rows, merged.num_sampled_rows) == (table.num_rows, table.num_rows)
    exact = ("count", "num_nulls", "num_nans", "num_infinite", "num_zeros", "min", "max", "num_true", "num_false")
    for mine, theirs in zip(merged, together, strict=True):
        assert [getattr(mine, name) for name in exact] == [getattr(theirs, name) for name in exact]
        for name in ("mean", "stddev", "mean_length"):
            expected = getattr(theirs, name)
            assert getattr(mine, name) == (None if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-6))
        assert mine.num_distinct == pytest.approx(theirs.num_distinct, rel=0.06, abs=0.5)
        assert (mine.quantile_sketch is None) == (not theirs.quantiles)
    _check_quantiles(merged["x"], np.array(table["x"].drop_null()))
    _check_quantiles(merged["n"], np.array(table["n"].drop_null()))
    for name in ("n", "s", "d"):
        _check_top_values(merged[name], [str(value) for value in table[name].drop_null().to_pylist()])


def _check_quantiles(column, values):
    finite = np.sort(values[np.isfinite(values)])
    assert len(column.quantiles) == (len(QUANTILE_FRACTIONS) if len(finite) else 0)
    for quantile in column.quantiles:
        low, high = (np.searchsorted(finite, quantile.value, side) / len(finite) for side in ("left", "right"))
        error = column.quantile_sketch.rank_error + 1 / len(finite)
        assert low - error <= quantile.fraction <= high + error


def _check_top_values(column, values):
    truth, sketch = Counter(values), column.frequent_sketch
    listed = dict(sketch.values())
    assert all(abs(listed.get(value, 0) - count) <= sketch.error for value, count in truth.items())
    if sketch.is_complete:
        assert (listed, column.num_distinct, sketch.error) == (truth, len(truth), 0)
        assert column.top_values == () or column.top_values[0].count == max(truth.values())


def test_parts_of_which_some_were_sampled(monkeypatch):
    random = np.random.default_rng(5)
    words = random.choice(["a", "b", "c"], 90_000, p=[0.7, 0.2, 0.1])
    table = pa.table({"x": random.normal(size=90_000), "s": words})
    monkeypatch.setattr(sample, "MAX_SAMPLED_ROWS", 10_000)
    large, small = (measure_statistics(open_table(part)) for part in (table.slice(0, 85_000), table.slice(85_000)))
    merged = large.merge(small)
    assert merged.num_sampled_rows == large.num_sampled_rows + 5_000
    assert merged["x"].quantile_sketch.count == 90_000
    _check_quantiles(merged["x"], table["x"].to_numpy())
    _check_top_values(merged["s"], words.tolist())
    assert not merged["s"].frequent_sketch.is_complete


def test_statistics_without_sketches_merge_into_what_follows_from_them():
    old = [measure_statistics(open_table(pa.table({"x": [1.0, value]}))).without_sketches() for value in (2.0, 9.0)]
    merged = old[0].merge(old[1])["x"]
    assert (merged.count, merged.max, merged.quantiles, merged.num_distinct) == (4, 9.0, (), None)


def test_sketches_of_a_wide_table_stay_small():
    values = np.random.default_rng(0).normal(size=3_000)
    wide = measure_statistics(open_table(pa.table({f"x{i}": values for i in range(101)})))
    assert len(wide.to_json()) / 101 < 6_000


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


class Recorder:
    """Keeps what phases were to do, and did."""

    def __init__(self) -> None:
        self.totals: dict[str, float | None] = {}
        self.done: dict[str, float] = {}
        self.name = ""

    def phase(self, name: str, *, total: float | None = None, **_: object) -> Recorder:
        self.name = name
        self.totals[name], self.done[name] = total, 0.0
        return self

    def note(self, text: str) -> None:
        pass

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def advance(self, amount: float = 1, **_: float) -> None:
        self.done[self.name] += amount


@pytest.mark.parametrize("num_rows", [0, 7, 20_000], ids=["none", "all looked at", "sampled"])
@pytest.mark.parametrize("num_columns", [1, 300])
def test_progress_goes_once_over_the_rows(num_rows, num_columns, monkeypatch):
    monkeypatch.setattr(sample, "MAX_SAMPLED_ROWS", 10_000)
    values = np.arange(num_rows)
    seen = Recorder()
    measure_statistics(open_table(pa.table({f"x{i}": values for i in range(num_columns)})), progress=seen)
    assert seen.totals == {"measure statistics": num_rows}
    assert seen.done["measure statistics"] == pytest.approx(num_rows)
