"""The OpenAPI document, and what Schemathesis makes of it: none of its requests meets a fault of ours."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hagane.bundle.bundle import Bundle
from hagane.serving import ServerThread
from hagane.serving.secure_app import SecurityOptions
from hagane.serving.tokens.token_file import TokenFile

PROGRAM = os.environ.get("HAGANE_SCHEMATHESIS", "")
EXAMPLES = os.environ.get("HAGANE_SCHEMATHESIS_EXAMPLES", "25")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not PROGRAM, reason="needs schemathesis: make test-schemathesis"),
]


@pytest.fixture(scope="module")
def server(flights: Bundle) -> Iterator[ServerThread]:
    with ServerThread(flights, max_rows=1000) as server:
        yield server


def run(url: str, *more: str) -> str:
    """Without `:explain`: a bundle without explanations says 501 there, which is no success in anybody's eyes."""
    words = [PROGRAM, "run", f"{url}/openapi.json", "--checks", CHECKS, "--max-examples", EXAMPLES, "--mode", "all"]
    words += ["--exclude-path-regex", ":explain$", "--no-color", "--seed", "7", *more]
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    ran = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    return ran.stdout


@pytest.mark.parametrize("phase", ["examples", "coverage", "fuzzing"])
def test_no_request_is_a_fault_of_ours(server: ServerThread, phase: str) -> None:
    found = re.search(r"(\d+) generated", run(server.url, "--phases", phase))
    assert found is not None
    assert int(found[1]) >= 20


def test_nor_where_a_token_is_needed(flights: Bundle, tmp_path: Path) -> None:
    secret, _ = TokenFile(tmp_path / "tokens.json").create("tests")
    with ServerThread(flights, security=SecurityOptions(tokens=str(tmp_path / "tokens.json"))) as server:
        run(server.url, "--phases", "examples", "--header", f"Authorization: Bearer {secret}")
