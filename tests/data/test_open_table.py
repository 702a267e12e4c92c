"""Every kind of source becomes the same table."""

from __future__ import annotations

import datetime
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.data.engine import Engine
from hagane.data.open_table import open_table
from hagane.errors import DataError

ROWS = pa.table({"n": [3, 1, None], "x": [1.5, None, -2.0], "s": ["a", "", None], "b": [True, None, False]})
TYPES = {"n": "INT64", "x": "FLOAT64", "s": "STRING", "b": "BOOL"}


def types(table) -> dict[str, str]:
    return {column.name: column.type.value for column in table.schema}


def rows(table) -> list[dict]:
    return pa.Table.from_batches(table.batches()).to_pylist()


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    path = tmp_path / "rows.parquet"
    pq.write_table(ROWS, path)
    return path


SOURCES = {
    "arrow": lambda path: ROWS,
    "batch": lambda path: ROWS.to_batches()[0],
    "reader": lambda path: pa.RecordBatchReader.from_batches(ROWS.schema, ROWS.to_batches(max_chunksize=2)),
    "pandas": lambda path: pd.DataFrame(
        {"n": pd.array([3, 1, None], "Int64"), "x": [1.5, None, -2.0], "s": ["a", "", None], "b": [True, None, False]}
    ),
    "polars": lambda path: pl.from_arrow(ROWS),
    "polars lazy": lambda path: pl.from_arrow(ROWS).lazy(),
    "path": lambda path: path,
    "text": str,
    "glob": lambda path: str(path.parent / "*.parquet"),
    "folder": lambda path: path.parent,
    "list": lambda path: [path],
    "whole file": lambda path: f"SELECT * FROM '{path}'",
    "query": lambda path: f"SELECT n, x, s, b FROM '{path}';",
    "query from": lambda path: f"  from '{path}' select *",
    "query with": lambda path: f"WITH r AS (SELECT * FROM '{path}') SELECT * FROM r -- all\n",
    "query parenthesis": lambda path: f"(SELECT * FROM '{path}')",
}


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("dictionary", [False, True])
def test_every_source_gives_the_same_rows(kind, dictionary, parquet):
    table = open_table(SOURCES[kind](parquet))
    assert types(table) == TYPES
    assert table.num_rows == 3
    for _ in range(2):
        read = pa.Table.from_batches(table.batches(dictionary=dictionary))
        assert read.to_pylist() == ROWS.to_pylist()
    assert table.query("SELECT sum(n) AS total FROM data").to_pylist() == [{"total": 4}]


def test_a_relative_path_is_resolved_against_the_current_folder(parquet, monkeypatch):
    monkeypatch.chdir(parquet.parent)
    assert open_table("rows.parquet").num_rows == 3
    assert open_table("SELECT n FROM 'rows.parquet'").num_rows == 3


def test_named_tables_are_joined(tmp_path, parquet):
    (tmp_path / "names.csv").write_text("n,name\n1,one\n3,three\n")
    table = open_table(
        "SELECT x, name FROM r JOIN names USING (n) ORDER BY n",
        tables={"r": str(parquet), "names": str(tmp_path / "names.csv")},
    )
    assert rows(table) == [{"x": None, "name": "one"}, {"x": 1.5, "name": "three"}]


def test_hive_partitions_are_columns(tmp_path):
    for year in (2020, 2021):
        folder = tmp_path / f"year={year}" / "part=a"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"n": [year % 10]}), folder / "0.parquet")
    for source in (tmp_path, str(tmp_path / "**" / "*.parquet")):
        table = open_table(source)
        assert types(table) == {"n": "INT64", "part": "STRING", "year": "INT64"}
        assert table.query("SELECT n, part, year FROM data ORDER BY year").to_pylist() == [
            {"n": 0, "part": "a", "year": 2020},
            {"n": 1, "part": "a", "year": 2021},
        ]


def test_types_are_normalised():
    instant = datetime.datetime(2020, 1, 2, 3, 4, 5)
    table = open_table(
        pa.table(
            {
                "i8": pa.array([1], pa.int8()),
                "u64": pa.array([2**63 - 1], pa.uint64()),
                "f32": pa.array([0.5], pa.float32()),
                "decimal": pa.array([1], pa.decimal128(9, 2)),
                "large": pa.array(["x"], pa.large_string()),
                "words": pa.array(["x"]).dictionary_encode(),
                "naive_ns": pa.array([instant], pa.timestamp("ns")),
                "naive_s": pa.array([instant], pa.timestamp("s")),
                "paris": pa.array([instant], pa.timestamp("us", tz="Europe/Paris")),
                "day": pa.array([datetime.date(1969, 12, 31)]),
            }
        )
    )
    assert set(types(table).items()) == {
        *dict.fromkeys(("i8", "u64"), "INT64").items(),
        *dict.fromkeys(("f32", "decimal"), "FLOAT64").items(),
        *dict.fromkeys(("large", "words"), "STRING").items(),
        *dict.fromkeys(("naive_ns", "naive_s", "paris"), "TIMESTAMP").items(),
        ("day", "DATE"),
    }
    utc = instant.replace(tzinfo=datetime.UTC)
    read = rows(table)[0]
    assert [read[name] for name in ("u64", "decimal", "naive_ns", "naive_s", "paris", "day")] == [
        2**63 - 1, 1.0, utc, utc, utc, datetime.date(1969, 12, 31),
    ]  # fmt: skip


def test_what_is_of_another_type_is_left_out_and_told():
    table = open_table(
        "SELECT 1 AS n, [1] AS l, [[1]] AS ll, [DATE '2020-01-01'] AS ld, "
        "{'a': 1, 'b': {'b': 1}} AS st, 'x'::BLOB AS bl, TIME '01:00' AS t, INTERVAL 1 DAY AS i"
    )
    assert table.schema.names == ("n", "l", "st.a")
    assert [fault.received for fault in table.unsupported] == [
        "INTEGER[][]", "DATE[]", "STRUCT(b INTEGER)", "BLOB", "TIME", "INTERVAL",
    ]  # fmt: skip
    assert all(fault.next_step for fault in table.unsupported)


@pytest.mark.parametrize("through_file", [False, True])
@pytest.mark.parametrize("where", [None, "true"])
def test_nan_is_null(through_file, where, tmp_path):
    source = pa.table({"x": [1.0, float("nan"), None, float("inf")], "y": pa.array([float("nan")] * 4, pa.float32())})
    if through_file:
        pq.write_table(source, tmp_path / "x.parquet")
        source = tmp_path / "x.parquet"
    table = open_table(source) if where is None else open_table(source).where(where)
    assert [row["x"] for row in rows(table)] == [1.0, None, None, float("inf")]
    assert table.query("SELECT count(x) AS x, count(y) AS y FROM data").to_pylist() == [{"x": 2, "y": 0}]
    kept = table.query("SELECT count(*) FILTER (isnan(x)) AS x FROM data", keep_nan=True)
    assert kept.to_pylist() == [{"x": 1}]


@pytest.mark.parametrize("through_file", [False, True])
def test_an_integer_out_of_range_is_told(through_file, tmp_path):
    source = pa.table({"n": pa.array([1, 2**63], pa.uint64())})
    if through_file:
        pq.write_table(source, tmp_path / "n.parquet")
        source = tmp_path / "n.parquet"
    with pytest.raises(DataError, match="out of"):
        list(open_table(source).batches())


def test_selections_and_conditions_are_lazy_and_compose():
    table = open_table(pa.table({"a": [1, 2, 3, 4], "b": [0, 1, 0, 1], "c": ["w", "x", "y", "z"]}))
    narrowed = table.where("b = 1 -- only these").where("a > 2 OR c = 'w'").select(["c", "a"])
    assert rows(narrowed) == [{"c": "z", "a": 4}]
    assert narrowed.schema.names == ("c", "a")
    assert narrowed.num_rows == 1
    assert table.num_rows == 4
    assert rows(table.where("a = 1").select(["b"]).where("b = 0")) == [{"b": 0}]


def test_an_empty_table_is_a_table(tmp_path):
    pq.write_table(ROWS.slice(0, 0), tmp_path / "empty.parquet")
    for table in (
        open_table(tmp_path / "empty.parquet"),
        open_table(ROWS.slice(0, 0)),
        open_table("SELECT 1 AS n WHERE false"),
    ):
        assert table.num_rows == 0
        assert sum(batch.num_rows for batch in table.batches(dictionary=True)) == 0


def test_the_folder_of_a_table_goes_with_it():
    table = open_table("SELECT 1 AS n")
    folder = table.engine.folder
    assert folder.exists()
    del table
    assert not folder.exists()


def test_readers_stay_usable_while_others_are_open():
    table = open_table(pa.table({"n": list(range(10_000))})).where("n >= 0")
    first = table.batches(batch_rows=1_000)
    next(first)
    assert table.query("SELECT count(*) AS n FROM data")["n"][0].as_py() == 10_000
    second = table.batches(batch_rows=1_000)
    assert sum(batch.num_rows for batch in second) == 10_000
    assert sum(batch.num_rows for batch in first) == 9_000


@pytest.mark.parametrize("error", [RuntimeError("Query interrupted"), duckdb.InterruptException("INTERRUPT Error: …")])
def test_control_c_in_a_query_is_control_c(error, monkeypatch):
    def interrupted(self):
        raise error

    engine = Engine()
    monkeypatch.setattr(duckdb.DuckDBPyRelation, "to_arrow_table", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine.query("SELECT 1")


def test_files_of_several_types_lose_no_value(tmp_path):
    for index, values in enumerate([[1, 2], [1.5, 2.0]]):
        pq.write_table(pa.table({"x": values}), tmp_path / f"{index}.parquet")
    assert rows(open_table(tmp_path)) == [{"x": 1.0}, {"x": 2.0}, {"x": 1.5}, {"x": 2.0}]


def test_a_folder_may_be_named_after_a_column(tmp_path):
    (tmp_path / "part=a").mkdir()
    (tmp_path / "part=a" / "rows.csv").write_text("a,b\n1,2\n")
    assert rows(open_table(tmp_path)) == [{"a": 1, "b": 2, "part": "a"}]


def test_a_query_may_begin_with_a_comment_and_is_one():
    assert rows(open_table("-- the answer\n/* of\nall */ SELECT 42 AS answer -- so")) == [{"answer": 42}]
    with pytest.raises(DataError, match="another statement follows the query"):
        open_table("SELECT 1 AS a; SELECT 2 AS b")
