"""Rows come in the same order every time, in every process, whatever DuckDB makes of a query."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from hagane.anomalies.find_outliers import find_outliers
from hagane.data.open_table import open_table
from hagane.data.retype import retype
from hagane.spec.outliers import Outliers
from hagane.types import SqlType

SCRIPT = """
import hashlib, sys
from hagane.data.open_table import open_table
digest = hashlib.sha256()
for batch in open_table(sys.argv[1]).batches():
    digest.update(repr(batch.to_pydict()).encode())
print(digest.hexdigest())
"""


def test_a_join_has_one_order(tmp_path: Path) -> None:
    for name, rows in (("a", 300_000), ("b", 1_000)):
        duckdb.sql(f"SELECT (i * 7919) % 1000 AS k, i AS {name} FROM range({rows}) t(i)").write_parquet(
            str(tmp_path / f"{name}.parquet")
        )
    query = f"SELECT * FROM '{tmp_path}/a.parquet' LEFT JOIN '{tmp_path}/b.parquet' USING (k)"
    command = [sys.executable, "-c", SCRIPT, query]
    digests = {subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout for _ in range(3)}
    assert len(digests) == 1
    assert len(digests.pop().strip()) == hashlib.sha256().digest_size * 2


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600,000 rows in thirty groups, whose ids ascend; `s` is the id as text."""
    path = tmp_path_factory.mktemp("order") / "numbers.parquet"
    duckdb.sql("SELECT range AS id, range::VARCHAR AS s, range % 9 AS k FROM range(600_000)").write_parquet(
        str(path), row_group_size=20_000
    )
    return path


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM '{}' WHERE k IN (1, 2, 3, 4, 5, 6)",
        "SELECT id, k IN (1, 2, 3, 4, 5, 6) AS found FROM '{}'",
        "SELECT id FROM '{}' WHERE list_contains([1, 2, 3, 4, 5, 6], k)",
        "SELECT id FROM '{}' WHERE k = ANY([1, 2, 3, 4, 5, 6])",
        "SELECT id FROM '{0}' WHERE id IN (SELECT id * 7 FROM '{0}')",
        "SELECT id, (SELECT b.s FROM '{0}' AS b WHERE b.id = a.id + 1) AS following FROM '{0}' AS a",
    ],
)
def test_what_becomes_a_join_has_one_order(numbers: Path, query: str) -> None:
    assert len({open_table(query.format(numbers)).fingerprint() for _ in range(4)}) == 1


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM '{}' WHERE k IN (1, 2, 3, 4)",
        "SELECT id FROM '{}' WHERE k = 1 OR k = 2 OR k = 3 OR k = 4 OR k = 5 OR k = 6",
        "SELECT id, 'Hash Join' AS text FROM '{}' WHERE s <> 'Order By'",
        "SELECT id FROM (SELECT * FROM '{0}' ORDER BY id) AS a WHERE k > 2",
        "SELECT a.id FROM '{0}' AS a JOIN '{0}' AS b ON a.id = b.id + 1 ORDER BY a.id",
    ],
)
def test_rows_that_are_in_order_stay_there(numbers: Path, query: str) -> None:
    ids = open_table(query.format(numbers)).query("SELECT id FROM data")["id"].to_numpy()
    assert (np.diff(ids) > 0).all()


@pytest.mark.parametrize("kind", ["files", "memory"])
def test_texts_read_as_numbers_stay_in_order(numbers: Path, kind: str) -> None:
    """The words for NULL were looked up by IN, of which DuckDB makes a join."""
    table = retype(open_table(numbers if kind == "files" else pq.read_table(numbers)), {"s": SqlType.INT64})
    for _ in range(3):
        batches = list(table.batches(["id", "s"]))
        for column in (0, 1):
            values = np.concatenate([batch.column(column).to_numpy() for batch in batches])
            np.testing.assert_array_equal(values, np.arange(600_000))


def test_outliers_by_a_long_list_are_found_in_order(numbers: Path) -> None:
    rules = Outliers(rules={"listed": "k IN (1, 2, 3, 4, 5, 6, 7)"}, max_fraction=1.0)
    tables = [open_table(numbers) for _ in range(2)]
    found = [find_outliers(table, rules, columns=()) for table in tables]
    assert len({each.digest for each in found}) == 1
    ids = np.arange(600_000)
    np.testing.assert_array_equal(found[0].rows, ids[(ids % 9 >= 1) & (ids % 9 <= 7)])
