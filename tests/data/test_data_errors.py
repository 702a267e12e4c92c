"""What a user is told when data cannot be read; the texts are golden."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.data.open_table import open_table
from hagane.errors import DataError

GOLDEN = Path(__file__).with_name("data_errors.txt")

CASES = {
    "missing file": "flights_2O13.parquet",
    "missing file in a missing folder": "nowhere/x.csv",
    "no column": "SELECT age, incom FROM 'people.parquet'",
    "no function": "SELECT lnn(age) FROM 'people.parquet'",
    "no table": "SELECT * FROM peple",
    "syntax": "SELECT age,\n  income\nFORM 'people.parquet'",
    "unclosed": "SELECT sum(age FROM 'people.parquet'",
    "missing file in a query": "SELECT * FROM 'peple.parquet' WHERE age > 3",
    "conversion while running": "SELECT CAST(name AS INTEGER) AS n FROM 'people.parquet'",
    "same name twice": "SELECT age, income AS Age FROM 'people.parquet'",
    "broken Parquet": "broken.parquet",
    "unknown kind": "notes.xyz",
    "several kinds": ["people.parquet", "some.csv"],
    "other columns": ["people.parquet", "flights_2013.parquet"],
    "header twice": "twice.csv",
    "no paths": [],
    "no data in the folder": "empty",
    "no source": 3,
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    people = pa.table({"age": [31, 40], "income": [1.0, 2.0], "name": ["Ann", "Bo"]})
    pq.write_table(people, tmp_path / "people.parquet")
    pq.write_table(pa.table({"delay": [1]}), tmp_path / "flights_2013.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 not really")
    (tmp_path / "notes.xyz").write_text("hello\n")
    (tmp_path / "some.csv").write_text("a\n1\n")
    (tmp_path / "twice.csv").write_text("a,b,A\n1,2,3\n")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tell(source, folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        open_table(source)
    return caught.value.render().replace(str(folder), "FOLDER")


def test_errors_are_told_as_agreed(folder):
    told = "\n".join(f"## {name}\n{tell(source, folder)}\n" for name, source in CASES.items())
    assert told == GOLDEN.read_text()


def test_every_unknown_column_is_named(folder):
    table = open_table("people.parquet")
    with pytest.raises(DataError) as caught:
        table.select(["agee", "income", "nam", "income"])
    assert [fault.what for fault in caught.value.faults] == [
        "no column 'agee'", "no column 'nam'", "column 'income' is named twice",
    ]  # fmt: skip
    assert [fault.nearest for fault in caught.value.faults] == ["age", "name", ""]


def test_a_wrong_condition_is_underlined(folder):
    with pytest.raises(DataError) as caught:
        open_table("people.parquet").where("age > 3 AND incom < 2")
    fault = caught.value.faults[0]
    assert fault.sql[fault.start : fault.end] == "incom"
    assert fault.nearest == "income"


def test_a_long_query_is_shown_around_its_fault() -> None:
    sql = "SELECT " + ", ".join(f"a AS c{i}" for i in range(2_000)) + ", oops FROM (SELECT 1 AS a)"
    with pytest.raises(DataError) as caught:
        open_table(sql)
    rendered = caught.value.render()
    assert len(rendered) < 3_000
    line, carets = rendered.splitlines()[1:3]
    assert line[carets.index("^") : carets.rindex("^") + 1] == "oops"
