"""Rows from databases: a real SQLite file and a real PostgreSQL server."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from hagane.data.open_table import open_table
from hagane.errors import DataError, MissingExtraError

TRIPS = [(i, f"zone {i % 7}", i / 3, i % 2 == 0) for i in range(1, 2001)]


@pytest.fixture(scope="module")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "taxi data.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE trips (id INTEGER, zone TEXT, fare REAL, paid BOOLEAN)")
        connection.executemany("INSERT INTO trips VALUES (?, ?, ?, ?)", TRIPS)
        connection.execute("INSERT INTO trips VALUES (NULL, NULL, NULL, NULL)")
    connection.close()
    return path


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pgserver = pytest.importorskip("pgserver", reason="no PostgreSQL server: pip install pgserver")
    server = pgserver.get_server(str(tmp_path_factory.mktemp("postgresql")))
    server.psql(
        "CREATE TABLE trips AS SELECT i AS id, 'zone ' || i % 7 AS zone, i / 3.0 AS fare, i % 2 = 0 AS paid, "
        "timestamptz '2013-01-01 00:00:00+02' + i * interval '1 hour' AS at, date '2013-01-01' + i AS day, "
        "i::numeric(10, 2) AS price, gen_random_uuid() AS key, '{}'::jsonb AS extra "
        'FROM generate_series(1, 2000) AS i; CREATE SCHEMA "Odd"; CREATE TABLE "Odd"."My Table" AS SELECT 1 AS x'
    )
    yield server.get_uri()
    server.cleanup()


def test_a_table_of_sqlite(sqlite_file: Path) -> None:
    table = open_table(f"sqlite://{sqlite_file}#trips")
    found = table.query("SELECT id, zone, fare FROM data WHERE id IS NOT NULL ORDER BY id").to_pylist()
    assert [tuple(row.values()) for row in found] == [trip[:3] for trip in TRIPS]
    assert table.num_rows == len(TRIPS) + 1
    assert [column.type.value for column in table.schema][:3] == ["INT64", "STRING", "FLOAT64"]


def test_the_only_table_needs_no_name(sqlite_file: Path) -> None:
    assert open_table(f"sqlite://{sqlite_file}").num_rows == len(TRIPS) + 1


def test_a_query_runs_in_sqlite(sqlite_file: Path) -> None:
    table = open_table(f"sqlite://{sqlite_file}#SELECT zone, count(*) AS n FROM trips GROUP BY zone ORDER BY zone")
    assert table.query("SELECT * FROM data").to_pylist()[1]["n"] == sum(trip[1] == "zone 0" for trip in TRIPS)


def test_a_query_joins_databases_and_files(sqlite_file: Path, tmp_path: Path) -> None:
    (tmp_path / "zones.csv").write_text("zone,borough\nzone 1,Bronx\nzone 2,Queens\n")
    table = open_table(
        f"SELECT t.id, z.borough FROM trips AS t JOIN '{tmp_path / 'zones.csv'}' AS z USING (zone)",
        tables={"trips": f"sqlite://{sqlite_file}#trips"},
    )
    assert table.num_rows == sum(trip[1] in ("zone 1", "zone 2") for trip in TRIPS)


def test_the_same_rows_have_the_same_order_and_fingerprint(sqlite_file: Path) -> None:
    first, second = (open_table(f"sqlite://{sqlite_file}#trips") for _ in range(2))
    assert first.fingerprint() == second.fingerprint()
    assert first.query("SELECT * FROM data").equals(second.query("SELECT * FROM data"))
    assert first.fingerprint() != open_table(f"sqlite://{sqlite_file}#SELECT * FROM trips LIMIT 5").fingerprint()


def test_postgresql_types(postgresql: str) -> None:
    table = open_table(f"{postgresql}#trips")
    types = {column.name: column.type.value for column in table.schema}
    assert types == {
        "id": "INT64", "zone": "STRING", "fare": "FLOAT64", "paid": "BOOL", "at": "TIMESTAMP", "day": "DATE",
        "price": "FLOAT64", "key": "STRING", "extra": "STRING",
    }  # fmt: skip
    first = table.query("SELECT * FROM data ORDER BY id LIMIT 1").to_pylist()[0]
    assert (first["id"], first["price"], str(first["at"])) == (1, 1.0, "2012-12-31 23:00:00+00:00")
    assert table.num_rows == 2000


def test_a_query_runs_in_postgresql(postgresql: str) -> None:
    table = open_table(f"{postgresql}#SELECT avg(fare) AS mean FROM trips")
    assert table.query("SELECT mean FROM data").to_pylist()[0]["mean"] == pytest.approx(2001 / 6)


def test_a_second_statement_is_refused(sqlite_file: Path, postgresql: str) -> None:
    for url in (f"sqlite://{sqlite_file}", postgresql):
        with pytest.raises(DataError, match="another statement follows") as caught:
            open_table(f"{url}#SELECT id FROM trips; DROP TABLE trips")
        assert caught.value.faults[0].sql[caught.value.faults[0].start :] == "DROP TABLE trips"
        assert open_table(f"{url}#SELECT id FROM trips WHERE zone <> ';'; -- all; of them\n").num_rows == len(TRIPS)
    with pytest.raises(DataError, match="another statement follows"):
        open_table("SELECT 1 AS x; COPY (SELECT 1) TO '/dev/null'")
    assert open_table("SELECT 1 AS x; -- one").num_rows == 1


def test_names_are_taken_as_they_are(postgresql: str) -> None:
    assert open_table(f"{postgresql}#Odd.My Table").num_rows == 1


@pytest.mark.parametrize(
    ("selection", "message"),
    [("trip", "did you mean: trips"), ("SELECT nothing FROM trips", "nothing"), ("", "does not say which table")],
)
def test_faults_name_the_way_out(postgresql: str, selection: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_table(f"{postgresql}#{selection}")


def test_no_server_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="PostgreSQL refused"):
        open_table("postgresql://127.0.0.1:1/nowhere#trips")
    with pytest.raises(DataError, match="no file at"):
        open_table(f"sqlite://{tmp_path}/none.db#trips")


def test_no_password_stands_in_a_spec() -> None:
    with pytest.raises(DataError, match="holds a password") as caught:
        open_table("postgresql://me:hunter2@db.example/taxi#trips")
    assert "hunter2" not in str(caught.value)


def test_a_driver_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, sqlite_file: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "adbc_driver_sqlite.dbapi", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'hagane\[sqlite\]'"):
        open_table(f"sqlite://{sqlite_file}#trips")


def test_bigquery_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "google.cloud.bigquery", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'hagane\[bigquery\]'"):
        open_table("bigquery://project.dataset.trips")


def test_a_database_is_no_part_of_a_list(sqlite_file: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    with pytest.raises(DataError, match="under `tables`"):
        open_table([str(tmp_path / "a.csv"), f"sqlite://{sqlite_file}#trips"])
