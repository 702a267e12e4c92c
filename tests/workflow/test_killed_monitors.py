"""Monitors that are killed (SIGKILL) again and again, while rows are logged: nothing is lost, nothing counted twice."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what has loaded its libraries is forked")
PROGRAM = Path(__file__).with_name("killed_monitors.py")
DAY = 86_400_000_000


def left_after(folder: Path, *, kills: int, every: str, most_seconds: float = 1.5) -> dict[str, Any]:
    command = [sys.executable, str(PROGRAM), str(folder), str(kills), "7", every, str(most_seconds)]
    root = PROGRAM.parents[2]
    paths = os.pathsep.join([str(root / "src"), str(root)])
    said = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": paths})
    left: dict[str, Any] = json.loads(said.stdout)
    assert (left["killed"], left["last"], left["integrity"]) == (kills, 0, "ok"), said.stderr
    assert len(left["rows"]) > 10 * kills, "the writer went on"
    return left


def every_row_is_in_one_window(left: dict[str, Any]) -> None:
    kept = left["kept"]
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(kept))
    for start, end, num_rows, mean in kept:
        ages = [age for time, _, age in left["rows"] if start <= time < end]
        assert (num_rows, mean) == (len(ages), pytest.approx(sum(ages) / len(ages), abs=1e-3))
    assert sum(num_rows for _, _, num_rows, _ in kept) == len(left["rows"])


def alerts_are_told(folder: Path, left: dict[str, Any]) -> None:
    """Each at least once; again only where a process was killed after it had told and before it had noted that."""
    told = [json.loads(line) if line.startswith("[") else line for line in (folder / "told").read_text().splitlines()]
    assert not any(str(line).startswith("fault") for line in told)
    kept = left["kept"]
    moved = {after[0] for before, after in itertools.pairwise(kept) if abs(before[3] - after[3]) > 1}
    assert len(moved) > 2
    for place in ("input/age", "prediction/predicted_y"):
        assert {line[2] for line in told if isinstance(line, list) and line[1].startswith(place)} == moved
    sent: Counter[str] = Counter()
    allowed: Counter[str] = Counter()
    unnoted: list[str] = []
    for line in told:
        if isinstance(line, list):
            key = json.dumps(line)
            sent[key] += 1
            unnoted.append(key)
        elif line == "killed":
            allowed.update(set(unnoted))
        if line in ("killed", "noted"):
            unnoted = []
    assert all(count <= 1 + allowed[key] for key, count in sent.items())


def test_killed_some_times(tmp_path: Path) -> None:
    left = left_after(tmp_path, kills=3, every="day", most_seconds=0.6)
    every_row_is_in_one_window(left)


@pytest.mark.slow
@pytest.mark.parametrize("every", ["hour", "day"])
def test_killed_at_many_moments(every: str, tmp_path: Path) -> None:
    left = left_after(tmp_path, kills=40, every=every)
    every_row_is_in_one_window(left)
    alerts_are_told(tmp_path, left)


@pytest.mark.slow
def test_killed_while_rows_are_cut(tmp_path: Path) -> None:
    left = left_after(tmp_path, kills=40, every="37 rows")
    places = [(time, name) for time, name, _ in left["rows"]]
    edges = [(-1, ""), *map(tuple, left["lasts"])]
    counted = [sum(before < place <= last for place in places) for before, last in itertools.pairwise(edges)]
    assert [num_rows for _, _, num_rows, _ in left["kept"]] == counted
    assert min(counted) >= 37
    assert sum(place > edges[-1] for place in places) < 37, "what is left is no full window"
