"""A query that joins gives the same rows in the same order in every process."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import duckdb

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
