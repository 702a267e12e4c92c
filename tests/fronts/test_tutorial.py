"""The tutorial, followed to the letter on the demo's flights: every command, spec and program of it works."""

from __future__ import annotations

import json
import re
import shlex
import urllib.request
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from hagane.bundle.bundle import Bundle
from hagane.fronts.cli.run import run
from hagane.fronts.demo_data import unpack_flights
from hagane.serving import ServerThread

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL)
EXIT_CODES = {"schema check": 1}
"""Of commands that find what the text says they find; the others exit with 0."""
SAID = (
    *("suspected leak", "KJFK", "isolation_score", "15 of 18 encoded columns", "each counting 9.9", "transform.route"),
    *("trial 4 of 4", "study late  4 trials", "late@3"),
)


def follow_python(code: str) -> None:
    exec(compile(code, "tutorial.md", "exec"), {})


def follow_yaml(text: str) -> None:
    """A whole spec is a file of its own; a transform replaces that of late.yaml."""
    if text.startswith("data:"):
        Path("airports.yaml").write_text(text)
        return
    spec = msgspec.yaml.decode(Path("late.yaml").read_text())
    Path("late.yaml").write_text(msgspec.yaml.encode(spec | msgspec.yaml.decode(text)).decode())


def follow_curl(command: list[str]) -> dict:
    """What the page's request is answered by the server that the page starts."""
    body = command[command.index("-d") + 1]
    with ServerThread(Bundle.load(".hagane/models/late/2")) as server:
        url = server.url + "/" + command[2].rsplit("/", 1)[1]
        with urllib.request.urlopen(urllib.request.Request(url, body.encode()), timeout=30) as response:
            return json.load(response)


@pytest.mark.slow
def test_the_tutorial_works_from_its_first_line_to_its_last(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    unpack_flights(Path(".hagane/demo"))
    shown = ""
    for kind, text in BLOCKS:
        if kind == "python":
            follow_python(text)
        elif kind == "yaml":
            follow_yaml(text)
        for line in text.splitlines() if not kind else ():
            command = shlex.split(line)
            if command[0] == "curl":
                prediction = follow_curl(command)["predictions"][0]
                assert prediction["predicted_late"] in (True, False)
            elif command[1] != "serve":
                expected = next((code for name, code in EXIT_CODES.items() if f"hagane {name} " in line), 0)
                assert run(command[1:]) == expected, line
                said = capsys.readouterr()
                shown += said.out + said.err
    for words in SAID:
        assert words in shown, words
    for file in ("weather.html", "report.html", "tuned.html"):
        assert Path(file).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert pq.read_metadata("predictions.parquet").num_rows == 336_776


def test_every_command_of_the_tutorial_is_written_in_full():
    commands = [line for kind, text in BLOCKS if not kind for line in text.splitlines()]
    assert len(commands) > 15
    assert all(line.startswith(("hagane ", "curl ")) for line in commands)
