"""`hagane cache` and `hg.cache`: what there is, checked, limited, cleared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import hagane as hg
from hagane.features import encode
from hagane.fronts.cli.run import run


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert run(["cache", *arguments, "--json"]) == 0
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return document


def test_the_columns_of_trainings_are_listed_limited_and_cleared(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HAGANE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "90")
    train = ["train", str(home / "flights.csv"), "--label", "late", "--split", "time:departure", "--model"]
    assert run([*train, "logistic_reg"]) == 0
    there = hg.cache(tmp_path / "home").entries()
    assert there
    with monkeypatch.context() as patch:
        patch.setattr(encode, "map_encoded", None)  # whoever encodes, fails
        assert run([*train, "logistic_reg"]) == 0
    capsys.readouterr()
    listed = answer(capsys)
    assert {column["key"] for column in listed["columns"]} == {entry.key for entry in there}
    assert listed["num_bytes"] == sum(column["num_bytes"] for column in listed["columns"])
    for name in ("distance", "label"):
        assert {column["part"] for column in listed["columns"] if column["name"] == name} == {"train", "eval", "test"}
    rows = {column["part"]: column["num_rows"] for column in listed["columns"] if column["name"] == "label"}
    assert rows["train"] > rows["eval"] == rows["test"] > 0
    assert run(["cache", "--verify"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("every column is whole")
    assert "distance" in shown
    assert all(part in shown for part in ("train", "eval", "test"))
    damaged = Path(listed["folder"]) / f"{there[0].key}.column"
    damaged.write_bytes(b"nonsense")
    assert [column["key"] for column in answer(capsys, "--verify")["damaged"]] == [there[0].key]
    limited = answer(capsys, "--limit", "1KiB")
    assert limited["limit_bytes"] == 1024 >= limited["num_bytes"]
    assert limited["removed"]
    assert len(answer(capsys, "--clear")["removed"]) == len(limited["columns"])
    assert answer(capsys)["columns"] == []


def test_what_cannot_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAGANE_HOME", str(tmp_path / "home"))
    assert run(["cache", "--limit", "much"]) == 2
    assert run(["cache", "--clear", "--verify"]) == 2
    assert run(["cache"]) == 0
    assert not (tmp_path / "home").exists()
