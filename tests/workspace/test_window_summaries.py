"""The history of an endpoint in its file: series apart, what is newer, what is let go, and a file that is none."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from hagane.errors import StorageError
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window
from hagane.statistics.statistics import Statistics
from hagane.workspace.window_summaries import WindowSummaries

EMPTY = Statistics(num_rows=0, columns=())


def summary(start: int, model: str = "a", num_rows: int = 1) -> WindowSummary:
    return WindowSummary(window=Window(start, start + 10), deployed_model_id=model, model="m", version="1",
                         num_rows=num_rows, traffic=1.0, num_errors=0, inputs=EMPTY, predictions=EMPTY)  # fmt: skip


def put(history: WindowSummaries, series: str, start: int, *found: WindowSummary) -> None:
    history.put(series, Window(start, start + 10), sum(each.num_rows for each in found), found)


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    history = WindowSummaries(tmp_path, "e")
    assert history.kept("hour") == {}
    assert history.latest("hour", 3) == history.between("hour") == []
    assert history.newest() is None
    assert not history.path.exists()


def test_series_are_apart_and_the_last_that_was_put_counts(tmp_path: Path) -> None:
    history = WindowSummaries(tmp_path, "e")
    put(history, "hour", 0, summary(0), summary(0, "b"))
    put(history, "day UTC", 0, summary(0))
    put(history, "hour", 10, summary(10))
    put(history, "hour", 0, summary(0, "b", 7))
    assert [(each.window.start, each.deployed_model_id, each.num_rows) for each in history.between("hour")] == [
        (0, "b", 7), (10, "a", 1)]  # fmt: skip
    hours = history.kept("hour")
    assert hours[0].revision > hours[10].revision > history.kept("day UTC")[0].revision
    assert history.latest("hour", 1) == [summary(10)]
    assert history.before("hour", 10, "b") == summary(0, "b", 7)
    assert history.before("hour", 10, "a") is None


def test_what_is_let_go_is_known(tmp_path: Path) -> None:
    history = WindowSummaries(tmp_path, "e")
    for start in (0, 10):
        put(history, "hour", start, summary(start))
    history.thin("hour", [0])
    assert history.between("hour") == [summary(10)]
    assert [each.is_thinned for each in history.kept("hour").values()] == [True, False]
    put(history, "hour", 0, summary(0, num_rows=2))
    assert not history.kept("hour")[0].is_thinned
    assert len(history.between("hour")) == 2


def test_a_damaged_file_is_told_and_left(tmp_path: Path) -> None:
    history = WindowSummaries(tmp_path, "e")
    history.path.write_bytes(b"this is no database, and was never one" * 100)
    before = history.path.read_bytes()
    for work in (lambda: history.between("hour"), lambda: put(history, "hour", 0, summary(0))):
        with pytest.raises(StorageError, match=r"(?s)the history is damaged.*move it aside"):
            work()
    assert history.path.read_bytes() == before


def test_a_change_that_fails_leaves_what_was(tmp_path: Path) -> None:
    history = WindowSummaries(tmp_path, "e")
    put(history, "hour", 0, summary(0))
    with sqlite3.connect(history.path) as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON kept_summaries BEGIN SELECT RAISE(FAIL, 'full'); END")
    with pytest.raises(StorageError):
        put(history, "hour", 0, summary(0, num_rows=9))
    assert history.between("hour") == [summary(0)]
    assert history.kept("hour")[0].num_logged == 1
