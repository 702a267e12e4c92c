"""BigQuery's real clients against the server: `make test-bigquery` builds their environment and runs this."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hagane.session.rest.bigquery_server import BigQueryServerThread

PYTHON = os.environ.get("HAGANE_BIGQUERY", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON, reason="needs google-cloud-bigquery and others: make test-bigquery"),
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[BigQueryServerThread]:
    with BigQueryServerThread(tmp_path) as server:
        yield server


def run(program: str, server: BigQueryServerThread) -> Any:
    """What a client's program prints as JSON, in its last line."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"NO_PROXY": "*", "no_proxy": "*"}
    path = Path(__file__).with_name(program)
    ran = subprocess.run([PYTHON, path, server.url], capture_output=True, text=True, env=environment, check=False)
    assert ran.returncode == 0, ran.stderr[-4000:]
    return json.loads(ran.stdout.splitlines()[-1])


def test_the_python_client(server):
    told = run("python_client.py", server)
    assert "did you mean: SELECT" in told["syntax"]
    assert "Not found: Table nowhere" in told["missing"]
    assert told["tables"] == ["answer", "copied", "frame", "json_rows", "made", "text_rows"]
    assert told["model"] == ["LINEAR_REGRESSION", ["km"], ["price"]]
    assert told["models"] == ["price"]
    assert told["tfdv"] == [["km", 0, 2], ["price", 1, 2]]


def test_the_magic_of_notebooks(server):
    assert run("magic_client.py", server) == {"km": 10, "price": 20.0}


@pytest.mark.timeout(600)
def test_bigframes(server):
    told = run("bigframes_client.py", server)
    assert told["read_gbq"] == {"a": [1, 2], "b": [2.5, 3.5]}
    assert told["mean"] == 44.0
    assert told["predicted"] == 103.0
    assert told["r2_score"] > 0.9999
