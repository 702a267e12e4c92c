"""Quantiles by selection against DuckDB's `quantile_disc`, which keeps every value."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hagane.data import quantiles
from hagane.data.open_table import open_table
from hagane.data.quantiles import measure_quantiles, rank
from hagane.data.split import split_table
from hagane.spec.spec import Split

FRACTIONS = [0.0, 0.01, 0.25, 0.5 * (1 - 1e-14), 0.5, 0.75, 0.9, 0.999, 1.0]


@pytest.fixture
def few_in_memory(monkeypatch):
    """As if the tests' tables were too large to be kept."""
    monkeypatch.setattr(quantiles, "ROWS_IN_MEMORY", 0)
    monkeypatch.setattr(quantiles, "SAMPLED_ROWS", 20_000)
    monkeypatch.setattr(quantiles, "LARGEST_WINDOW_SHARE", 2.0)


def columns(size: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(size)
    return {
        "normal": random.normal(size=size),
        "heavy": random.pareto(0.3, size) * np.where(random.random(size) < 0.5, -1, 1),
        "tied": random.integers(0, 4, size),
        "constant": np.full(size, -7.25),
        "extreme": random.choice([-(2**63), 2**63 - 1, 0], size),
        "ascending": np.arange(size),
    }


@pytest.mark.parametrize("size", [1, 2, 999, 60_000])
@pytest.mark.usefixtures("few_in_memory")
def test_as_quantile_disc(size, tmp_path):
    rows = {name: pa.array(values, mask=np.arange(size) % 5 == 4) for name, values in columns(size).items()}
    pq.write_table(pa.table(rows | {"nothing": pa.nulls(size, pa.float64())}), tmp_path / "rows.parquet")
    table = open_table(tmp_path / "rows.parquet")
    found = measure_quantiles(table.query, dict.fromkeys(table.schema.names, FRACTIONS), table.num_rows)
    for name in table.schema.names:
        expected = table.query(f"SELECT quantile_disc({name}, {FRACTIONS}) AS q FROM data")["q"][0].as_py()
        assert found[name] == expected, name


@pytest.mark.usefixtures("few_in_memory")
def test_windows_are_read_where_they_are_few_and_sorted_where_they_are_many(monkeypatch):
    table = open_table(pa.table(columns(60_000)))
    asked: list[str] = []

    def query(sql, **options):
        asked.append(sql)
        return table.query(sql, **options)

    measure_quantiles(query, {"normal": [0.5]}, 60_000)
    assert [sql.count("ORDER BY x)") for sql in asked] == [0, 0, 0]
    monkeypatch.setattr(quantiles, "LARGEST_WINDOW_SHARE", 0.1)
    many = [i / 100 for i in range(1, 100)]
    found = measure_quantiles(query, {"normal": many}, 60_000)["normal"]
    assert asked[-1].count("ORDER BY x)") == 1
    assert found == table.query(f"SELECT quantile_disc(normal, {many}) AS q FROM data")["q"][0].as_py()


@pytest.mark.usefixtures("few_in_memory")
def test_a_window_that_misses_is_replaced_by_a_sort(monkeypatch):
    monkeypatch.setattr(quantiles, "_DEVIATIONS", 0.001)
    table = open_table(pa.table(columns(60_000)))
    found = measure_quantiles(table.query, {"normal": [0.1, 0.5, 0.9]}, 60_000)["normal"]
    assert found == table.query("SELECT quantile_disc(normal, [0.1, 0.5, 0.9]) AS q FROM data")["q"][0].as_py()


@settings(max_examples=100, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.integers(1, 10_000), st.integers(0, 10_000))
def test_ranks_are_those_of_duckdb(count, ten_thousandths):
    fraction = ten_thousandths / 10_000
    table = open_table(pa.table({"n": np.arange(1, count + 1)}))
    assert table.query(f"SELECT quantile_disc(n, {fraction}) AS q FROM data")["q"][0].as_py() == rank(fraction, count)


@pytest.mark.usefixtures("few_in_memory")
@pytest.mark.parametrize("type_", [pa.int64(), pa.float64(), pa.timestamp("us"), pa.date32()], ids=str)
def test_a_split_by_time_cuts_where_it_would_with_every_value_in_memory(type_, monkeypatch):
    days = np.random.default_rng(4).integers(-9_000, 9_000, 30_000)
    column = pa.array(days, pa.int32()).cast(type_) if pa.types.is_date(type_) else pa.array(days).cast(type_)
    table = open_table(pa.table({"day": column}))
    split = Split(method="time", column="day", eval_fraction=0.2, test_fraction=0.1)
    selected = split_table(table, split)
    monkeypatch.setattr(quantiles, "ROWS_IN_MEMORY", 10**9)
    assert (selected.parts == split_table(table, split).parts).all()
    assert selected.counts[2] == pytest.approx(3_000, abs=10)
