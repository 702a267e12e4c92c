"""A small table, and models trained on it once for all tests of the fronts."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

from hagane.fronts.cli.run import run

NUM_ROWS = 400


def write_flights(path: Path, *, seed: int = 0, num_rows: int = NUM_ROWS) -> Path:
    """Flights whose delay follows from distance, carrier and weather, with missing winds and one quoted name."""
    draw = random.Random(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["departure", "carrier", "distance", "wind speed", "late"])
        for index in range(num_rows):
            carrier = draw.choice(["UA", "AA", "B6", "Ö, [x]"])
            distance, wind = draw.randrange(80, 4000), draw.uniform(0, 40)
            score = wind / 10 + distance / 2000 + (carrier == "B6") - 3 + draw.gauss(0, 0.7)
            day = f"2013-{index * 12 // num_rows + 1:02}-{index % 28 + 1:02} 06:{index % 60:02}:00"
            rows.writerow([day, carrier, distance, "" if draw.random() < 0.1 else round(wind, 2), score > 0])
    return path


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with flights.csv, and the models `late@1` (logistic_reg) and `late@2` (boosted trees)."""
    folder = tmp_path_factory.mktemp("fronts")
    write_flights(folder / "flights.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HAGANE_HOME", str(folder / "home"))
        patch.setenv("COLUMNS", "80")
        train = ["train", "flights.csv", "--label", "late", "--split", "time:departure"]
        assert run([*train, "--model", "logistic_reg"]) == 0
        assert run([*train, "--model", "boosted_tree_classifier", "--option", "max_iterations=20"]) == 0
    return folder


@pytest.fixture
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder, as the current one."""
    monkeypatch.chdir(home)
    monkeypatch.setenv("HAGANE_HOME", str(home / "home"))
    monkeypatch.setenv("COLUMNS", "80")
    return home
