"""Describing and outliers of more rows than the budget holds: a process's peak stays within what it was given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

LIMIT_MIB = 128
NUM_ROWS = 3_000_000
"""Decoded about 400 MB."""
PRELUDE = """
import re, sys
from pathlib import Path
import hagane as hg
path, limit = sys.argv[1:]
"""
PEAK = """
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024)
"""
USES = {
    "describe": "hg.describe(path, label='late', memory_limit=limit)",
    "isolation forest": "hg.find_outliers(path, isolation_score={'contamination': 0.2}, memory_limit=limit)",
    "rules": "hg.find_outliers(path, z_score={'x3': 2}, iqr={'x1': 0.1}, memory_limit=limit)",
}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("memory") / "rows.parquet"
    with duckdb.connect() as connection:
        connection.execute("SET memory_limit = '1GB'; SET preserve_insertion_order = false")
        connection.execute(
            "COPY (SELECT i AS id, random() AS x1, random() * 100 AS x2, CAST(random() * 1000 AS BIGINT) AS k1, "
            "'cat' || CAST(random() * 30 AS INTEGER) AS c1, md5(CAST(i % 1000003 AS VARCHAR)) AS s1, "
            "random() < 0.3 AS late, TIMESTAMP '2020-01-01' + to_seconds(CAST(random() * 1e8 AS BIGINT)) AS at, "
            "CASE WHEN random() < 0.9 THEN exp(random() * 5) END AS x3, CAST(random() * 5 AS BIGINT) AS k2 "
            f"FROM range({NUM_ROWS}) AS t(i)) TO '{path}' (FORMAT parquet)"
        )
    return path


def peak_mib(source: str, use: str) -> float:
    """The peak of a process of its own, in MiB (getrusage's would begin with that of its parent)."""
    command = [sys.executable, "-c", PRELUDE + use + PEAK, source, f"{LIMIT_MIB}MiB"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return float(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("use", USES)
def test_more_rows_than_the_budget_holds(many: Path, use: str) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("peaks are read from Linux's /proc")
    few = f"SELECT * FROM '{many}' LIMIT 2000"
    assert peak_mib(str(many), USES[use]) <= peak_mib(few, USES[use]) + LIMIT_MIB
