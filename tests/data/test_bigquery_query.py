"""`open_table(dialect="bigquery")`: a query of BigQuery's over files, rewritten."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.data.open_table import open_table
from hagane.errors import DataError


@pytest.fixture
def days(tmp_path: Path) -> str:
    path = tmp_path / "days.parquet"
    moments = pa.array([0, 86_400 * 3, 86_400 * 4], pa.timestamp("s"))
    pq.write_table(pa.table({"n": pa.array([1, 2, 3], pa.int32()), "d": moments}), path)
    return str(path)


def test_a_query_means_what_it_means_in_bigquery(days: str) -> None:
    sql = f"SELECT n, EXTRACT(DAYOFWEEK FROM d) AS weekday, n / 2 AS half, FARM_FINGERPRINT('a') AS mark FROM `{days}`"
    table = open_table(sql, dialect="bigquery")
    assert [column.type.value for column in table.schema] == ["INT64", "INT64", "FLOAT64", "INT64"]
    rows = table.query("SELECT * FROM data ORDER BY n").to_pylist()
    assert [row["weekday"] for row in rows] == [5, 1, 2]  # Thursday, Sunday, Monday
    assert [row["half"] for row in rows] == [0.5, 1.0, 1.5]
    assert rows[0]["mark"] == -5528939962900187677


def test_tables_have_dots_and_wildcards(days: str) -> None:
    sql = (
        "SELECT _TABLE_SUFFIX AS year, COUNT(*) AS n FROM `shop.lake.days_*` WHERE _TABLE_SUFFIX > '2019' GROUP BY year"
    )
    tables = {f"shop.lake.days_{year}": days for year in (2019, 2020, 2021)}
    rows = open_table(sql, dialect="bigquery", tables=tables).query("SELECT * FROM data ORDER BY year").to_pylist()
    assert rows == [{"year": "2020", "n": 3}, {"year": "2021", "n": 3}]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT m FROM `{days}`", "there is no column m"),
        ("SELECT n FROM dayz", "Not found: Table dayz"),
        ("SELECT n FROM `nowhere.parquet`", "no file at 'nowhere.parquet'"),
        ("SELECT LENGHT('a') AS n", "there is no function LENGHT"),
        ("SELECT n / (n - n) AS m FROM `{days}`", "division by zero"),
        ("SELECT n FROM `{days}`; SELECT 2", "one query is expected"),
    ],
)
def test_faults_are_underlined(days: str, sql: str, said: str) -> None:
    with pytest.raises(DataError, match=said) as raised:
        open_table(sql.format(days=days), dialect="bigquery")
    assert raised.value.faults[0].sql or "no file" in said
