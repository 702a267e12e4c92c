"""Queries that give other rows each time: what is told is true, and nothing is told of queries that do not."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from hagane.sql.varying_parts import varying_parts


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT x, random() AS r FROM t", ("random()",)),
        ("SELECT x, uuid() AS u FROM t", ("uuid()",)),
        ("SELECT x FROM t USING SAMPLE 10% (bernoulli)", ("a sample without a seed",)),
        ("SELECT x FROM t TABLESAMPLE reservoir(50)", ("a sample without a seed",)),
        ("SELECT x FROM t ORDER BY random() LIMIT 5", ("random()",)),
        ("SELECT x, clock FROM t, (SELECT CAST(now() AS VARCHAR) AS clock)", ("now()",)),
        ("SELECT x, CAST(CURRENT_TIMESTAMP AS VARCHAR) AS clock FROM t", ("CURRENT_TIMESTAMP",)),
    ],
)
def test_what_is_told_is_true(query: str, told: tuple[str, ...]) -> None:
    assert varying_parts(query) == told
    answers = set()
    for _ in range(5):
        with duckdb.connect() as connection:
            connection.execute("CREATE TABLE t AS SELECT range AS x FROM range(1000)")
            answers.add(repr(connection.execute(query).fetchall()))
    assert len(answers) > 1


def test_nothing_is_told_of_what_is_the_same_each_time(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    duckdb.sql("SELECT range AS x, range % 7 AS k FROM range(300_000)").write_parquet(str(path))
    for query in (
        f"SELECT x FROM '{path}' LIMIT 1000",
        f"SELECT x FROM '{path}' WHERE k = 3 LIMIT 1000 OFFSET 500",
        f"SELECT max(x) AS m FROM '{path}' LIMIT 1",
        f"SELECT * FROM (SELECT k, count(*) AS n FROM '{path}' GROUP BY k ORDER BY k) LIMIT 3",
        f"SELECT x FROM '{path}' USING SAMPLE 1% (bernoulli, 42)",
        f"SELECT x FROM '{path}' TABLESAMPLE reservoir(50) REPEATABLE (7)",
        f"SELECT x, 'random() now()' AS text, k AS \"now\" FROM '{path}' -- random()",
    ):
        assert varying_parts(query) == ()
        assert len({repr(sorted(duckdb.sql(query).fetchall())) for _ in range(3)}) == 1


@pytest.mark.parametrize(
    ("query", "dialect", "told"),
    [
        ("SELECT k, count(*) AS n FROM t GROUP BY k LIMIT 3", "duckdb", ("LIMIT without ORDER BY",)),
        ("SELECT * FROM a JOIN b USING (k) ORDER BY x LIMIT 3", "duckdb", ()),
        ("WITH a AS (SELECT * FROM x JOIN y USING (k) LIMIT 4) SELECT * FROM a ORDER BY 1", "duckdb",
         ("LIMIT without ORDER BY",)),
        ("SELECT * FROM t LIMIT 3", "postgres", ("LIMIT without ORDER BY",)),
        ("SELECT * FROM t FETCH FIRST 3 ROWS ONLY", "postgres", ("LIMIT without ORDER BY",)),
        ("SELECT * FROM t ORDER BY id LIMIT 3", "postgres", ()),
        ("SELECT * FROM t LIMIT 3", "sqlite", ()),
        ("SELECT RAND() AS r FROM t", "bigquery", ("RAND()",)),
        ("SELECT * FROM t TABLESAMPLE SYSTEM (10 PERCENT)", "bigquery", ("a sample without a seed",)),
        ("this is no query", "duckdb", ()),
    ],
)  # fmt: skip
def test_each_dialect(query: str, dialect: str, told: tuple[str, ...]) -> None:
    assert varying_parts(query, dialect=dialect) == told
