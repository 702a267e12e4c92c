"""`hagane train --events`, `--tensorboard`, `--plots`, `--html`, and `hagane training-info`, as a program sees them."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hagane.fronts.cli.run import run
from hagane.fronts.python import load

QUICK = ["train", "flights.csv", "--label", "late", "--name", "quick", "-m", "dnn_classifier"]
QUICK += ["--option", "max_iterations=3"]


@pytest.fixture
def say(at_home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def said(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        assert run(arguments) == code, capsys.readouterr().err
        return capsys.readouterr().out

    return said


def events_in(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_training_as_events(say: Any, tmp_path: Path) -> None:
    log, plots, page = tmp_path / "events.jsonl", tmp_path / "plots", tmp_path / "report.html"
    text = say(*QUICK, "--name", "told", "--events", str(log), "--plots", str(plots), "--html", str(page))
    assert "ROC AUC" in text
    assert f"wrote {page}" in text
    found = events_in(log.read_text())
    assert [found[0]["event"], found[-1]["event"]] == ["started", "done"]
    assert found[0]["version"] == 1
    assert found[-1]["model"].startswith("told@")
    ended = [each for each in found if each["event"] == "iteration_ended"]
    assert [(each["number"], each["max_iterations"]) for each in ended] == [(1, 3), (2, 3), (3, 3)]
    began = {each["phase"]: each for each in found if each["event"] == "phase_started"}
    over = {each["phase"]: each for each in found if each["event"] == "phase_ended"}
    assert began.keys() == over.keys()
    (train,) = [each for each in began.values() if each["name"] == "train"]
    assert (train["at_most"], train["unit"]) == (True, "rows")
    assert over[train["phase"]]["completed"] == train["total"]
    assert [each["time"] for each in found] == sorted(each["time"] for each in found)
    assert (plots / "training_curve.png").stat().st_size > 10_000
    assert "Kept: iteration" in page.read_text()

    info = json.loads(say("training-info", "told", "--json"))
    assert [row["iteration"] for row in info["iterations"]] == [1, 2, 3]
    for row, event in zip(info["iterations"], ended, strict=True):
        assert (row["loss"], row["eval_loss"]) == (event["loss"], event["eval_loss"])
        assert row["learning_rate"] == event["learning_rate"]
    assert list(info["iterations"][0]) == [
        "training_run",
        "iteration",
        "loss",
        "eval_loss",
        "learning_rate",
        "duration_ms",
    ]


def test_a_log_is_appended_to(say: Any, tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    for _ in range(2):
        say(*QUICK, "--events", str(log))
    assert sum(each["event"] == "started" for each in events_in(log.read_text())) == 2


def test_a_file_that_holds_something_else_is_left_alone(say: Any, at_home: Path) -> None:
    before = Path("flights.csv").read_bytes()
    say(*QUICK, "--events", "flights.csv", code=73)
    assert Path("flights.csv").read_bytes() == before
    say(*QUICK, "--events", "no/such/folder/log", code=73)
    say(*QUICK, "--events", "-", "--json", code=2)


def test_an_error_is_the_last_event(say: Any, tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    say(*QUICK, "--label", "lateness", "--events", str(log), code=3)
    last = events_in(log.read_text())[-1]
    assert (last["event"], last["error"], last["exit_code"]) == ("error", "SpecError", 3)
    assert last["faults"][0]["what"] == "the data have no column 'lateness'"


def test_stdout_holds_events_alone(at_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hagane.fronts.cli", *QUICK, "--events", "-"], capture_output=True, text=True, check=True
    )
    found = events_in(done.stdout)
    assert [found[0]["event"], found[-1]["event"]] == ["started", "done"]
    assert "✓ train" in done.stderr


@pytest.mark.slow
def test_an_interrupted_training_says_so_and_leaves_the_terminal_clean(at_home: Path, tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    parent, child = pty.openpty()
    slow = [*QUICK[:-1], "max_iterations=100000", "--option", "early_stop=false"]
    process = subprocess.Popen(
        [sys.executable, "-m", "hagane.fronts.cli", *slow, "--events", str(log)],
        stdout=child,
        stderr=child,
        env=os.environ | {"TERM": "xterm-256color"},
    )
    os.close(child)
    shown, told_at = b"", 0.0
    while True:
        try:
            read = os.read(parent, 65536)  # a terminal that nobody reads stops whoever writes to it
        except OSError:
            break
        if not read:
            break
        shown += read
        if time.monotonic() - told_at > 30 and log.is_file() and b'"iteration_ended"' in log.read_bytes():
            process.send_signal(signal.SIGINT)  # again, where Python lost it in a generator that it was closing
            told_at = time.monotonic()
    os.close(parent)
    assert process.wait() == 130
    last = events_in(log.read_text())[-1]
    assert (last["event"], last["error"], last["exit_code"]) == ("error", "Interrupted", 130)
    behind = shown[shown.rindex(b"\x1b[?25h") :]
    assert b"\x1b[?25l" not in behind
    assert b"train " not in behind
    assert behind.rstrip().endswith(b"interrupted")


def test_training_info_of_every_length(say: Any) -> None:
    text = say("training-info", "late@2")
    assert "boosted_tree_classifier, 20 iterations in " in text
    assert text.count("kept") == 1
    long = [*QUICK[:-1], "max_iterations=30", "--option", "early_stop=false", "--name", "long"]
    say(*long)
    short, whole = say("training-info", "long"), say("training-info", "long", "--all")
    assert "between (--all)" in short
    assert len(whole.splitlines()) > len(short.splitlines())
    assert len([line for line in whole.splitlines() if line.strip()[:1].isdigit()]) == 30
    say("training-info", "nothing", code=8)
    info = load("late@2").training_info()
    assert list(info.columns()) == ["training_run", "iteration", "loss", "eval_loss", "learning_rate", "duration_ms"]
    assert len(info.columns()["loss"]) == len(info.iterations)
