"""Rows of a table straight from its files: the same as DuckDB's, and only where a query is no more than a scan."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.errors import DataError
from hagane.session.parquet_rows import ParquetRows
from hagane.session.query_rows import QueryRows
from hagane.session.scanned_table import scanned_table
from hagane.session.session import Session
from hagane.session.sources import Sources

TABLE = pa.table(
    {
        "n": [1, None, 3],
        "job": ["a", None, "b"],
        "unique": ["x" * 30, "y" * 30, "z" * 30],
        "at": pa.array([1, None, 3], pa.timestamp("us", "UTC")),
        "tags": [[{"a": 1.5}], None, []],
    }
)


def rows_of(session: Session, files: tuple[Path, ...], sql: str) -> QueryRows:
    sources = Sources(session.state.engine)
    listed = ", ".join(f"'{file}'" for file in files)
    name = sources.add_view(f"SELECT * FROM read_parquet([{listed}])", files=files)
    return QueryRows(sources, sql.replace("people", name))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, ...]:
    """Two: the second one's words are others."""
    paths = (tmp_path / "0.parquet", tmp_path / "1.parquet")
    pq.write_table(TABLE, paths[0])
    pq.write_table(TABLE.set_column(1, "job", pa.array(["c", "d", "e"])), paths[1])
    return paths


@pytest.mark.parametrize("sql", ["SELECT * FROM people", "SELECT tags, job FROM people AS p",
                                 "SELECT * EXCLUDE (n) FROM people"])  # fmt: skip
def test_the_rows_are_duckdbs(sql: str, files: tuple[Path, ...], tmp_path: Path) -> None:
    rows = rows_of(Session(tmp_path / "w"), files, sql)
    found = rows.encoded()
    assert found is not None
    plain = rows.reader().read_all()
    read = found.reader().read_all()
    assert read.schema.names == plain.schema.names
    assert read.cast(plain.schema).equals(plain)
    assert pa.types.is_dictionary(read.schema.field("job").type)


@pytest.mark.parametrize("sql", ["SELECT * FROM people WHERE n > 1", "SELECT n + 1 AS n FROM people",
                                 "SELECT * FROM people ORDER BY n", "SELECT n AS m FROM people",
                                 "SELECT DISTINCT job FROM people", "SELECT * FROM people LIMIT 1",
                                 "SELECT p.* FROM people p JOIN people q USING (n)",
                                 "SELECT * REPLACE (n + 1 AS n) FROM people"])  # fmt: skip
def test_what_does_more_is_left_to_duckdb(sql: str, files: tuple[Path, ...], tmp_path: Path) -> None:
    assert rows_of(Session(tmp_path / "w"), files, sql).encoded() is None


def test_a_column_of_another_type_in_a_file_is_left_to_duckdb(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": pa.array([1], pa.int32())}), tmp_path / "0.parquet")
    schema = pa.schema({"n": pa.int64()})
    assert ParquetRows.of([tmp_path / "0.parquet"], schema, "", read_ahead_bytes=0) is None
    assert ParquetRows.of([], schema, "", read_ahead_bytes=0) is None


def test_a_damaged_file_is_told(files: tuple[Path, ...], tmp_path: Path) -> None:
    found = rows_of(Session(tmp_path / "w"), files, "SELECT * FROM people").encoded()
    assert found is not None
    content = bytearray(files[1].read_bytes())
    content[4:64] = bytes(60)
    files[1].write_bytes(content)
    with pytest.raises(DataError, match=r"1\.parquet is damaged"):
        found.reader().read_all()


def test_names_that_are_quoted_and_what_is_no_query() -> None:
    assert scanned_table('SELECT "a b" FROM "t 1" AS "x"') == "t 1"
    assert scanned_table("not sql at all (") is None
    assert scanned_table("SELECT a, A FROM t") is None
