"""The OpenAPI document, and what Schemathesis makes of it: none of its requests meets a fault of ours."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hagane.bundle.bundle import Bundle
from hagane.serving import ServerThread
from hagane.serving.secure_app import SecurityOptions
from hagane.serving.tokens.token_file import TokenFile

PROGRAM = os.environ.get("HAGANE_SCHEMATHESIS", "")
EXAMPLES = os.environ.get("HAGANE_SCHEMATHESIS_EXAMPLES", "25")
VALID = "positive_data_acceptance"
"""What the schemas let through is answered. No schema says that columns are of one length, or which rows a model's
expressions err on; so this is asked of the examples of all paths, and of any body where bodies are rows alone.
"""
ROWS_ALONE = r"^/(predict|v1/endpoints.*|v1(beta1)?/projects.*)$"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not PROGRAM, reason="needs schemathesis: make test-schemathesis"),
]


@pytest.fixture(scope="module")
def server(flights: Bundle) -> Iterator[ServerThread]:
    with ServerThread(flights, max_rows=1000) as server:
        yield server


CONFIGURATION = """\
[checks]
negative_data_rejection.expected-statuses = [400, 401, 404, 405, 413, 415]
"""
"""A tensor of a million rows is refused as too large before anything else of it is looked at."""


def run(url: str, *more: str) -> str:
    """Every check that Schemathesis has: what a schema does not let through must be refused, among others."""
    words = ["run", f"{url}/openapi.json", "--checks", "all", "--max-examples", EXAMPLES, "--mode", "all"]
    words += ["--no-color", "--seed", "7", *more]
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    with tempfile.TemporaryDirectory() as folder:  # it keeps what it found beside it
        file = Path(folder, "schemathesis.toml")
        file.write_text(CONFIGURATION)
        ran = subprocess.run(
            [PROGRAM, "--config-file", str(file), *words],
            capture_output=True, text=True, check=False, env=environment, cwd=folder,
        )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    return ran.stdout


@pytest.mark.parametrize("phase", ["examples", "coverage", "fuzzing"])
def test_no_request_is_a_fault_of_ours(server: ServerThread, phase: str) -> None:
    more = [] if phase == "examples" else ["--exclude-checks", VALID]
    found = re.search(r"(\d+) generated", run(server.url, "--phases", phase, *more))
    assert found is not None
    assert int(found[1]) >= 20


def test_whatever_the_schema_lets_through_is_answered(doubler_folder: Path) -> None:
    """By a model that answers rows that err, too."""
    with ServerThread(doubler_folder) as server:
        run(server.url, "--phases", "examples,coverage,fuzzing", "--include-path-regex", ROWS_ALONE)


def test_a_model_that_explains(rides: Bundle) -> None:
    with ServerThread(rides) as server:
        run(server.url, "--phases", "examples,coverage", "--include-path-regex", ":explain$", "--exclude-checks", VALID)


def test_nor_where_a_token_is_needed(flights: Bundle, tmp_path: Path) -> None:
    secret, _ = TokenFile(tmp_path / "tokens.json").create("tests")
    with ServerThread(flights, security=SecurityOptions(tokens=str(tmp_path / "tokens.json"))) as server:
        run(server.url, "--phases", "examples", "--header", f"Authorization: Bearer {secret}")
