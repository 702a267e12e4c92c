"""Scripts over a workspace's tables: what BigQuery answers, and what it says against what it cannot do."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.data.open_table import open_table
from hagane.errors import DataError, HaganeError, NotFoundError, SqlError, StorageError
from hagane.session.session import Session
from hagane.session.variable import Variable


@pytest.fixture
def session(tmp_path: Path) -> Session:
    found = Session(tmp_path / "w")
    found.sql("CREATE TABLE trips AS SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'y' UNION ALL SELECT 3, NULL")
    return found


def rows(session: Session, sql: str, parameters: object = None) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in session.sql(sql, parameters).rows()]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["trips", "main.trips", "`trips`", "`main.trips`", "`hagane.main.trips`", "hagane.main.trips"]
)
def test_a_table_has_all_of_its_names(session: Session, name: str) -> None:
    assert rows(session, f"SELECT SUM(a) FROM {name}") == [(6,)]


def test_columns_are_named_by_their_table_with_and_without_its_dataset(session: Session) -> None:
    assert rows(session, "SELECT trips.a FROM main.trips WHERE main.trips.a = 2") == [(2,)]


def test_another_project_is_left_aside_with_a_notice(session: Session) -> None:
    result = session.sql("SELECT COUNT(*) AS n FROM `bigquery-public-data.main.trips`")
    assert result.rows() == [{"n": 3}]
    assert any("bigquery-public-data" in notice for notice in result.notices)


def test_columns_without_a_name_are_numbered_as_bigquery_numbers_them(session: Session) -> None:
    assert list(session.sql("SELECT 1, a + 1, a AS b, a FROM trips LIMIT 1").rows()[0]) == ["f0_", "f1_", "b", "a"]


def test_names_of_tables_distinguish_case(session: Session) -> None:
    session.sql("CREATE TABLE Trips AS SELECT 'other' AS a")
    assert rows(session, "SELECT a FROM Trips") == [("other",)]
    assert rows(session, "SELECT COUNT(*) FROM trips") == [(3,)]


def test_with_hides_tables_and_is_seen_by_what_follows_it(session: Session) -> None:
    sql = """
      WITH trips AS (SELECT 40 AS a), more AS (SELECT a + 1 AS a FROM trips)
      SELECT (SELECT MAX(a) FROM trips) AS t, a, (SELECT SUM(a) FROM main.trips) AS s FROM more"""
    assert rows(session, sql) == [(40, 41, 6)]


def test_a_query_within_with_sees_only_what_stands_before_it(session: Session) -> None:
    sql = "WITH x AS (SELECT a FROM trips), trips AS (SELECT 9 AS a) SELECT SUM(a) FROM x"
    assert rows(session, sql) == [(6,)]


def test_insert_update_delete_merge(session: Session) -> None:
    assert session.sql("INSERT INTO trips VALUES (4, 'z'), (5, NULL)").num_changed_rows == 2
    assert session.sql("INSERT trips (b) SELECT 'only'").num_changed_rows == 1
    assert session.sql("UPDATE trips t SET b = CONCAT(b, '!') WHERE t.a < 3").num_changed_rows == 2
    assert session.sql("DELETE FROM trips WHERE a IS NULL").num_changed_rows == 1
    merged = session.sql("""
      MERGE trips t USING (SELECT 1 AS a, 'm' AS b UNION ALL SELECT 9, 'n') s ON t.a = s.a
      WHEN MATCHED THEN UPDATE SET b = s.b WHEN NOT MATCHED THEN INSERT (a, b) VALUES (a, b)""")
    assert merged.num_changed_rows == 2
    expected = [(1, "m"), (2, "y!"), (3, None), (4, "z"), (5, None), (9, "n")]
    assert rows(session, "SELECT a, b FROM trips ORDER BY a") == expected


def test_many_inserts_make_few_files(session: Session) -> None:
    for number in range(70):
        session.sql("INSERT INTO trips VALUES (@n, 'i')", {"n": number})
    assert rows(session, "SELECT COUNT(*), SUM(a) FROM trips WHERE b = 'i'") == [(70, sum(range(70)))]
    assert len(list(session.state.workspace.tables.folder.glob("main/trips/*.parquet"))) <= 65


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("INSERT INTO trips VALUES ('text', 'b')", "Value of type STRING cannot be inserted into column a"),
        ("INSERT INTO trips VALUES (1)", "Inserted row has wrong column count; Has 1, expected 2"),
        ("INSERT INTO trips (a, c) VALUES (1, 2)", "Column c is not present"),
        ("UPDATE trips SET a = 1", "UPDATE must have a WHERE clause"),
        ("DELETE FROM trips", "DELETE must have a WHERE clause"),
        ("SELECT a AS x, a AS X FROM trips", "Duplicate column names in the result"),
        ("SELECT agee FROM trips", "agee"),
        ("SELECT * FROM tripz", "Not found: Table tripz"),
        ("SELECT * FROM lake.trips", "Not found: Dataset lake"),
        ("SELECT * FROM trips, tripy, tripx", "2 faults"),
        ("CREATE TABLE trips AS SELECT 1 AS a", "Already Exists: Table trips"),
        ("CREATE VIEW trips AS SELECT 1 AS a", "Already Exists: Table trips"),
        ("CREATE TABLE t AS SELECT 1 AS a, 2 AS A", "Duplicate column names in the table: a"),
        ("DROP TABLE tripz", "Not found: Table tripz"),
        ("DROP VIEW trips", "trips is a table"),
        ("SET x = 1", "the variable 'x' is not declared"),
        ("SELECT @x", "Query parameter 'x' not found"),
        ("SELECT ?", "no value for the 1. '?'"),
        ("CREATE TABLE t (a INT64) OPTIONS (descripton = 'x')", "there is no option 'descripton'"),
        ("SELECT * FROM INFORMATION_SCHEMA.TABELS", "INFORMATION_SCHEMA.TABELS"),
        ("SELECT 1 / (a - a) FROM `no/such.parquet`", "no file at 'no/such.parquet'"),
    ],
)
def test_faults_are_told_with_the_sql_underlined(session: Session, sql: str, said: str) -> None:
    with pytest.raises(HaganeError) as error:
        session.sql(sql).arrow()
    text = error.value.render()
    assert said in text
    assert "^" in text
    assert "hagane_source" not in text


def test_what_a_failed_statement_would_have_changed_is_as_it_was(session: Session) -> None:
    session.sql("CREATE TABLE strict (k INT64 NOT NULL)")
    session.sql("INSERT INTO strict VALUES (1)")
    before = sorted(session.state.workspace.tables.folder.rglob("*.parquet"))
    with pytest.raises(DataError, match="Required field k cannot be null"):
        session.sql("INSERT INTO strict SELECT a FROM (SELECT 2 AS a UNION ALL SELECT NULL)")
    with pytest.raises(HaganeError):
        session.sql("CREATE OR REPLACE TABLE strict AS SELECT CAST(b AS INT64) AS k FROM trips")
    assert rows(session, "SELECT k FROM strict") == [(1,)]
    assert sorted(session.state.workspace.tables.folder.rglob("*.parquet")) == before


def test_a_script_ends_at_the_first_fault_and_says_where(session: Session) -> None:
    with pytest.raises(NotFoundError) as error:
        session.sql("CREATE TABLE one AS SELECT 1 AS n;\nSELECT * FROM two;\nCREATE TABLE three AS SELECT 3 AS n")
    assert error.value.faults[0].where == "statement 2 of 3, line 2"
    assert rows(session, "SELECT table_name FROM INFORMATION_SCHEMA.TABLES ORDER BY table_name") == [
        ("one",),
        ("trips",),
    ]


def test_a_fault_in_the_rows_of_an_earlier_statement_ends_the_script(session: Session) -> None:
    with pytest.raises(HaganeError):
        session.sql("SELECT CAST(b AS INT64) FROM trips; CREATE TABLE made AS SELECT 1 AS n")
    with pytest.raises(NotFoundError):
        session.sql("SELECT * FROM made")


def test_script_gives_every_answer(session: Session) -> None:
    found = list(
        session.script("SELECT a FROM trips ORDER BY a; DELETE FROM trips WHERE TRUE; SELECT COUNT(*) FROM trips")
    )
    assert [result.kind for result in found] == ["SELECT", "DELETE", "SELECT"]
    assert [row["a"] for row in found[0].rows()] == [1, 2, 3]
    assert found[2].value() == 0


def test_variables_and_parameters(session: Session) -> None:
    sql = """
      DECLARE low INT64 DEFAULT 1;
      DECLARE high DEFAULT (SELECT MAX(a) FROM trips);
      SET low = low + @more;
      SELECT low, high, a FROM trips WHERE a BETWEEN low AND high ORDER BY a"""
    assert rows(session, sql, {"more": 1}) == [(2, 3, 2), (2, 3, 3)]


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (7, "INT64"),
        (-(2**63), "INT64"),
        (0.1, "FLOAT64"),
        ("it's `q` \\ \n ü", "STRING"),
        (True, "BOOL"),
        (b"\x00\xff", "BYTES"),
        (Decimal("1.000000001"), "NUMERIC"),
        (dt.date(2020, 2, 29), "DATE"),
        (dt.datetime(2020, 2, 29, 1, 2, 3, 4), "DATETIME"),
        (dt.datetime(2020, 2, 29, 1, 2, 3, 4, tzinfo=dt.UTC), "TIMESTAMP"),
        (dt.time(1, 2, 3), "TIME"),
        ([1, None, 3], "ARRAY<INT64>"),
        (["a", "b"], "ARRAY<STRING>"),
        ([], "ARRAY<INT64>"),
        ({"a": 1, "b c": "x"}, "STRUCT<a INT64, `b c` STRING>"),
    ],
)
def test_a_parameter_comes_back_as_it_went_in(session: Session, value: object, type_: str) -> None:
    result = session.sql("SELECT @p AS p", {"p": value})
    assert (result.value(), result.schema[0].type) == (value, type_)


def test_a_parameter_may_say_its_type(session: Session) -> None:
    result = session.sql(
        "SELECT @d AS d, @n AS n", {"d": Variable("DATE", "2020-01-02"), "n": Variable("STRING", None)}
    )
    assert result.rows() == [{"d": dt.date(2020, 1, 2), "n": None}]
    with pytest.raises(DataError, match="INT64"):
        session.sql("SELECT @d", {"d": Variable("INT64", "twelve")})


def test_positional_parameters_are_counted_as_they_stand_in_the_script(session: Session) -> None:
    sql = "DECLARE v INT64 DEFAULT ?; WITH w AS (SELECT ? AS b) SELECT v, ? AS a, b FROM w WHERE b <> ?"
    assert rows(session, sql, [1, "two", 3.5, "x"]) == [(1, 3.5, "two")]


def test_views_are_run_when_they_are_named(session: Session) -> None:
    session.sql("CREATE VIEW big (n, text) AS SELECT a, b FROM trips WHERE a > 1")
    session.sql("CREATE TEMP VIEW bigger AS SELECT n FROM big WHERE n > 2")
    session.sql("INSERT INTO trips VALUES (7, 'w')")
    assert rows(session, "SELECT n FROM bigger ORDER BY n") == [(3,), (7,)]
    session.sql("CREATE OR REPLACE VIEW big AS SELECT 9 AS n")
    assert rows(session, "SELECT n FROM bigger") == [(9,)]
    session.sql("DROP VIEW big")
    with pytest.raises(NotFoundError, match="where: view bigger"):
        session.sql("SELECT * FROM bigger")


def test_a_view_that_comes_to_read_itself_is_told(session: Session) -> None:
    session.sql("CREATE VIEW u AS SELECT 1 AS n")
    session.sql("CREATE VIEW v AS SELECT n FROM u")
    session.sql("CREATE OR REPLACE VIEW u AS SELECT n FROM v")
    with pytest.raises(DataError, match="reads itself"):
        session.sql("SELECT * FROM v")


def test_temporary_tables_end_with_the_session(session: Session) -> None:
    session.sql("CREATE TEMP TABLE t AS SELECT 1 AS q")
    session.sql("INSERT INTO t VALUES (2); UPDATE t SET q = 7 WHERE q = 1; DELETE FROM t WHERE q = 2")
    assert rows(session, "SELECT q FROM t") == [(7,)]
    with pytest.raises(StorageError, match="Already Exists"):
        session.sql("CREATE TEMP TABLE t AS SELECT 1 AS q")
    with pytest.raises(NotFoundError):
        Session(session.state.workspace).sql("SELECT * FROM t")


def test_declared_columns_hold_their_types(session: Session) -> None:
    session.sql("CREATE SCHEMA lake OPTIONS (description = 'deep')")
    session.sql("""
      CREATE TABLE lake.all_types (
        i INT64 NOT NULL OPTIONS (description = 'a number'), f FLOAT64, s STRING, b BOOL, d DATE, dt DATETIME,
        ts TIMESTAMP, t TIME, y BYTES, arr ARRAY<INT64>, st STRUCT<x FLOAT64, y STRING>, many ARRAY<STRUCT<k STRING>>)
      PARTITION BY d OPTIONS (labels = [('team', 'x')])""")
    sql = "SELECT column_name, data_type, is_nullable FROM lake.INFORMATION_SCHEMA.COLUMNS ORDER BY ordinal_position"
    assert rows(session, sql) == [
        ("i", "INT64", "NO"), ("f", "FLOAT64", "YES"), ("s", "STRING", "YES"), ("b", "BOOL", "YES"),
        ("d", "DATE", "YES"), ("dt", "DATETIME", "YES"), ("ts", "TIMESTAMP", "YES"), ("t", "TIME", "YES"),
        ("y", "BYTES", "YES"), ("arr", "ARRAY<INT64>", "YES"), ("st", "STRUCT<x FLOAT64, y STRING>", "YES"),
        ("many", "ARRAY<STRUCT<k STRING>>", "YES"),
    ]  # fmt: skip
    session.sql("INSERT INTO lake.all_types (i, ts) VALUES (1, TIMESTAMP '2020-01-01 00:00:00+00')")
    result = session.sql("SELECT * FROM lake.all_types")
    assert [column.type for column in result.schema][:7] == [
        "INT64", "FLOAT64", "STRING", "BOOL", "DATE", "DATETIME", "TIMESTAMP"
    ]  # fmt: skip
    assert result.rows()[0]["ts"] == dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def test_tables_are_altered_renamed_truncated(session: Session) -> None:
    session.sql("ALTER TABLE trips ADD COLUMN c FLOAT64; ALTER TABLE trips DROP COLUMN b")
    assert session.sql("SELECT * FROM trips ORDER BY a").rows()[0] == {"a": 1, "c": None}
    session.sql("ALTER TABLE trips RENAME COLUMN c TO d; ALTER TABLE trips RENAME TO journeys")
    session.sql("ALTER TABLE journeys SET OPTIONS (description = 'by rail')")
    assert [column.name for column in session.sql("SELECT * FROM journeys").schema] == ["a", "d"]
    assert session.sql("TRUNCATE TABLE journeys").num_changed_rows == 3
    session.sql("CREATE TABLE copied COPY journeys; CREATE TABLE liked LIKE journeys")
    with pytest.raises(NotFoundError):
        session.sql("SELECT * FROM trips")


def test_datasets_are_made_and_dropped(session: Session) -> None:
    session.sql("CREATE SCHEMA lake; CREATE TABLE lake.t AS SELECT 1 AS n")
    with pytest.raises(StorageError, match="Already Exists: Dataset lake"):
        session.sql("CREATE SCHEMA lake")
    with pytest.raises(StorageError, match="CASCADE"):
        session.sql("DROP SCHEMA lake")
    session.sql("CREATE SCHEMA IF NOT EXISTS lake; DROP SCHEMA lake CASCADE; DROP SCHEMA IF EXISTS lake")
    assert rows(session, "SELECT schema_name FROM INFORMATION_SCHEMA.SCHEMATA") == [("main",)]


def test_files_are_tables(session: Session, tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": pa.array([1, 2], pa.int32()), "x": pa.array([0.5, None], pa.float32())}),
                   tmp_path / "f.parquet")  # fmt: skip
    (tmp_path / "f.csv").write_text("n,word\n1,a\n2,b\n")
    sql = f"SELECT p.n, word, x FROM `{tmp_path}/f.parquet` AS p JOIN '{tmp_path}/f.csv' AS c ON p.n = c.n ORDER BY 1"
    result = session.sql(sql)
    assert result.rows() == [{"n": 1, "word": "a", "x": 0.5}, {"n": 2, "word": "b", "x": None}]
    assert [column.type for column in result.schema] == ["INT64", "STRING", "FLOAT64"]
    (tmp_path / "f.csv").write_text("n,word\n1,changed\n")
    assert rows(session, f"SELECT word FROM `{tmp_path}/f.csv`") == [("changed",)]


def test_results_as_frames(session: Session) -> None:
    sql = "SELECT a, b FROM trips ORDER BY a"
    assert session.sql(sql).pandas()["a"].tolist() == [1, 2, 3]
    assert isinstance(session.sql(sql).polars(), pl.DataFrame)
    assert [row["a"] for row in session.sql(sql)] == [1, 2, 3]
    assert session.sql(sql).first_rows(2) == ([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], True)


def test_rows_that_are_not_kept_are_read_once(session: Session) -> None:
    result = session.sql("SELECT a FROM trips")
    assert sum(batch.num_rows for batch in result.batches()) == 3
    with pytest.raises(DataError, match="have been read"):
        result.arrow()


def test_a_result_goes_on_with_the_rows_it_began_with(session: Session) -> None:
    session.sql("CREATE TABLE many AS SELECT n FROM UNNEST(GENERATE_ARRAY(1, 300000)) AS n")
    result = session.sql("SELECT n FROM many")
    other = Session(session.state.workspace)
    other.sql("CREATE OR REPLACE TABLE many AS SELECT 'new' AS n")
    assert sum(batch.num_rows for batch in result.batches()) == 300_000
    assert rows(session, "SELECT n FROM many") == [("new",)]
    assert len(list(session.state.workspace.tables.folder.glob("main/many/*.parquet"))) == 1


def test_an_empty_script_is_told(session: Session) -> None:
    with pytest.raises((DataError, SqlError)):
        session.sql("-- nothing")


def test_a_column_goes_before_a_variable_of_its_name(session: Session) -> None:
    assert rows(session, "DECLARE a INT64 DEFAULT 99; SELECT a FROM trips ORDER BY a LIMIT 1") == [(1,)]
    assert rows(session, "SELECT a, (SELECT MAX(a) FROM UNNEST([5]) AS n) AS b") == [(99, 99)]
    assert rows(session, "UPDATE trips SET b = 'k' WHERE a = 2; SELECT b FROM trips WHERE a = 2") == [("k",)]


def test_wildcard_tables(session: Session) -> None:
    session.sql("CREATE SCHEMA noaa")
    for year in (2019, 2020, 2021):
        session.sql(f"CREATE TABLE noaa.gsod{year} AS SELECT {year} AS y, 1.5 AS temp")
    session.sql("CREATE VIEW noaa.gsod_all AS SELECT 1 AS y")
    sql = "SELECT _TABLE_SUFFIX AS s, y FROM `{}noaa.gsod*` WHERE _TABLE_SUFFIX BETWEEN '2020' AND '2021' ORDER BY y"
    for project in ("", "hagane.", "bigquery-public-data."):
        assert rows(session, sql.format(project)) == [("2020", 2020), ("2021", 2021)]
    assert [column.name for column in session.sql("SELECT * FROM `noaa.gsod20*`").schema] == ["y", "temp"]
    with pytest.raises(HaganeError, match="begins with"):
        session.sql("SELECT * FROM `noaa.gsud*`")


def test_columns_and_variables_of_one_name_in_every_clause(tmp_path: Path) -> None:
    with Session(tmp_path / "w") as session:
        session.sql("CREATE TABLE t AS SELECT id, id * 10 AS x FROM UNNEST([1, 2, 3]) AS id")
        session.sql("DECLARE id INT64 DEFAULT 2; DECLARE far DATE DEFAULT DATE '2024-01-01'")
        session.sql("DECLARE wanted ARRAY<INT64> DEFAULT [1, 3]; DECLARE most INT64 DEFAULT 1")
        for query, expected in (
            ("SELECT COUNT(*) AS n FROM t WHERE id = 2", [{"n": 1}]),
            ("SELECT id AS id, id + 1 AS next", [{"id": 2, "next": 3}]),
            ("SELECT x FROM t WHERE id IN UNNEST(wanted) ORDER BY x LIMIT 1", [{"x": 10}]),
            ("SELECT EXTRACT(YEAR FROM far) + id AS y FROM t ORDER BY id LIMIT 1", [{"y": 2025}]),
            ("WITH q AS (SELECT 7 AS id) SELECT id, (SELECT MAX(id) FROM t) AS m FROM q", [{"id": 7, "m": 3}]),
            ("SELECT id FROM UNNEST([5]) AS id", [{"id": 5}]),
        ):
            assert session.sql(query).rows() == expected, query
        session.sql("UPDATE t SET x = most WHERE id = 3")
        assert session.sql("SELECT x FROM t WHERE id = 3").rows() == [{"x": 1}]


def test_null_goes_into_a_column_of_any_type_but_a_required_one(tmp_path: Path) -> None:
    with Session(tmp_path / "w") as session:
        session.sql("CREATE TABLE t (id INT64, day DATE, names ARRAY<STRING>, good BOOL NOT NULL)")
        session.sql("INSERT INTO t VALUES (NULL, NULL, ['a'], TRUE), (1, NULL, ['b'], FALSE)")
        session.sql("INSERT INTO t (day, good) SELECT NULL, TRUE")
        assert session.sql("SELECT COUNT(*) AS n, COUNT(day) AS d FROM t").rows() == [{"n": 3, "d": 0}]
        with pytest.raises(HaganeError, match="good"):
            session.sql("INSERT INTO t VALUES (1, NULL, [], NULL)")
        with pytest.raises(SqlError, match="cannot be inserted into column day"):
            session.sql("INSERT INTO t (day, good) SELECT 1, TRUE")
        assert session.sql("SELECT COUNT(*) AS n FROM t").rows() == [{"n": 3}]


def test_a_table_as_it_was_is_refused(tmp_path: Path) -> None:
    with Session(tmp_path / "w") as session:
        session.sql("CREATE TABLE t AS SELECT 1 AS a")
        with pytest.raises(SqlError, match="at another time is not kept"):
            session.sql("SELECT a FROM t FOR SYSTEM_TIME AS OF TIMESTAMP '2024-01-01'")


def test_a_row_is_changed_by_one_source_row_or_the_statement_is_refused(session: Session) -> None:
    twice = "(SELECT 1 AS a, 'p' AS c UNION ALL SELECT 1, 'q')"
    for sql in (
        f"UPDATE trips t SET b = s.c FROM {twice} AS s WHERE t.a = s.a",
        f"MERGE trips t USING {twice} AS s ON t.a = s.a WHEN MATCHED THEN UPDATE SET b = s.c",
        f"MERGE trips USING {twice} AS s ON trips.a = s.a WHEN MATCHED THEN DELETE",
    ):
        with pytest.raises(SqlError, match="at most one source row"):
            session.sql(sql)
    session.sql(f"UPDATE trips t SET b = s.c FROM {twice} AS s WHERE t.a = s.a AND s.c = 'q'")
    session.sql(f"""
      MERGE trips t USING {twice} AS s ON t.a = s.a
      WHEN MATCHED AND s.c = 'p' THEN UPDATE SET b = CONCAT(t.b, s.c)
      WHEN NOT MATCHED BY SOURCE THEN DELETE""")
    assert rows(session, "SELECT a, b FROM trips") == [(1, "qp")]


def test_delete_without_from(session: Session) -> None:
    assert session.sql("DELETE trips WHERE a = 1").num_changed_rows == 1
    assert session.sql("DELETE trips AS t WHERE t.a = 2").num_changed_rows == 1


def test_a_table_of_the_workspace_is_a_folder_of_data_for_everyone_else(session: Session) -> None:
    session.sql("INSERT INTO trips VALUES (4, 'later')")
    folder = session.state.workspace.tables.folder / "main" / "trips"
    (folder / "of-the-past.parquet").write_bytes(b"PAR1")
    assert open_table(str(folder)).query("SELECT a FROM data")["a"].to_pylist() == [1, 2, 3, 4]
    assert rows(session, f"SELECT COUNT(*) FROM `{folder}`") == [(4,)]


def test_what_fails_while_it_runs_is_underlined_in_its_own_statement(session: Session) -> None:
    with pytest.raises(HaganeError, match="division by zero") as caught:
        session.sql("SELECT 1 AS x;\nSELECT 2 / 0 AS y;").arrow()
    (fault,) = caught.value.faults
    assert fault.sql[fault.start : fault.end] == "SELECT 2 / 0 AS y"
