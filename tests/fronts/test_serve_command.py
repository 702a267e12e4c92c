"""What `hagane serve` makes of its options; what the server does with them is tested beside it."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from hagane.fronts.cli.app import app
from hagane.usable_cores import usable_cores


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the server is told."""
    told: dict[str, Any] = {}
    monkeypatch.setattr("hagane.serving.serve", lambda *path, **options: told.update(options), raising=False)
    monkeypatch.setenv("AIP_STORAGE_URI", "/nowhere")
    return told


@pytest.mark.parametrize(("text", "workers"), [("1", 1), ("3", 3), ("auto", usable_cores())])
def test_workers(told: dict[str, Any], text: str, workers: int) -> None:
    done = CliRunner().invoke(app, ["serve", "--workers", text, "--drain-seconds", "2.5", "--max-requests", "100"])
    assert done.exit_code == 0, done.output
    assert (told["workers"], told["drain_seconds"], told["max_requests"]) == (workers, 2.5, 100)


def test_waiting(told: dict[str, Any]) -> None:
    done = CliRunner().invoke(app, ["serve", "--queue-seconds", "0.5", "--request-timeout", "7"])
    assert done.exit_code == 0, done.output
    assert (told["overload"].queue_seconds, told["overload"].timeout_seconds) == (0.5, 7.0)


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "257", ""])
def test_no_number_of_workers(told: dict[str, Any], text: str) -> None:
    done = CliRunner().invoke(app, ["serve", "--workers", text])
    assert done.exit_code == 2
    assert told == {}
