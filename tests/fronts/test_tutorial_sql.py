"""The tutorial in SQL, followed to the letter on the demo's flights."""

from __future__ import annotations

import json
import re
import shlex
import urllib.request
from pathlib import Path

import pytest

from hagane.bundle.bundle import Bundle
from hagane.fronts.cli.run import run
from hagane.fronts.demo_data import unpack_flights
from hagane.serving import ServerThread
from hagane.session.result import Result
from hagane.session.session import Session
from hagane.sql.parse_script import parse_script

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial_sql.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL)
SCRIPTS = [text for kind, text in BLOCKS if kind == "sql"]


def test_every_statement_of_the_page_is_one() -> None:
    kinds = {type(statement).__name__ for text in SCRIPTS for statement in parse_script(text)}
    assert {"CreateModel", "QueryStatement", "OtherStatement", "Declare", "ExportModel"} <= kinds
    commands = [line for kind, text in BLOCKS if not kind for line in text.splitlines()]
    assert all(line.startswith(("hagane ", "curl ")) for line in commands)


class Reader:
    """Who follows the page: a session, and a server where it is told to start one."""

    def __init__(self) -> None:
        self.session = Session(".hagane")
        self.answers: list[Result] = []

    def script(self, text: str) -> None:
        for result in self.session.script(text):
            if result.is_table:
                assert result.arrow().num_rows > 0, result.sql
            self.answers.append(result)

    def command(self, line: str) -> None:
        words = shlex.split(line)
        if words[0] == "curl":
            assert self._request(words)["predictions"][0]["predicted_late"] in (True, False)
        elif words[1] == "logs":
            pass  # no request of the page was logged by a server of the command line
        elif words[1] != "serve":
            assert run(words[1:]) == 0, line

    def _request(self, words: list[str]) -> dict:
        body = words[words.index("-d") + 1].encode()
        with ServerThread(Bundle.load(self.session.state.workspace.get("late").path)) as server:
            url = f"{server.url}/{words[2].rsplit('/', 1)[1]}"
            with urllib.request.urlopen(urllib.request.Request(url, body), timeout=30) as response:
                return json.load(response)

    def rows(self, begins: str) -> list[dict]:
        return next(result.rows() for result in self.answers if result.sql.startswith(begins))


@pytest.mark.slow
def test_the_tutorial_works_from_its_first_line_to_its_last(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    unpack_flights(Path(".hagane/demo"))
    reader = Reader()
    for kind, text in BLOCKS:
        if kind == "sql" and "requests.parquet" not in text:
            reader.script(text)
        elif not kind:
            for line in text.splitlines():
                reader.command(line)
    assert reader.session.state.workspace.get("late").version == 2
    assert reader.rows("SELECT * FROM ML.EVALUATE(MODEL late)")[0]["roc_auc"] > 0.65
    assert len(reader.rows("SELECT trial_id")) == 4
    late, punctual = (row["flights"] for row in reversed(reader.rows("SELECT late, COUNT(*)")))
    assert late > punctual / 2  # of all flights of December a third is late
    assert any(row["is_anomaly"] for row in reader.rows("SELECT input, metric"))
    assert Bundle.load("late_model").signature.label == "late"
