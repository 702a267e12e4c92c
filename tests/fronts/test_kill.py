"""`hagane train`, ended at random moments of the whole command and started again: the bits of an undisturbed one.

A family joins by a line of `FAMILIES`. What is measured on the way (docs/reliability.md) goes to the file that
HAGANE_KILL_REPORT names, a JSON line a moment.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.bundle.bundle import Bundle
from hagane.workspace.workspace import Workspace

pytestmark = pytest.mark.slow

HAGANE = [sys.executable, "-m", "hagane.fronts.cli"]
DIFFERENT = {"lineage.json", "model_card.md", "model_card.html", "MANIFEST.json"}
"""What holds the time of day, and the hash of that."""
BEFORE_THE_FIT = "encode "
"""In the line that a stage leaves when it ends."""
MOST_KILLS = 3
"""Of one training, one after another."""


@dataclass(frozen=True)
class Killed:
    """How a family is trained here, and at how many moments by which signal."""

    options: dict[str, Any]
    kills: int
    terms: int
    label: str = "late"


FAMILIES = {
    "dnn_classifier": Killed({"max_iterations": 30, "early_stop": False}, kills=50, terms=10),
    "dnn_regressor": Killed({"max_iterations": 20, "batch_norm": True, "optimizer": "adam"}, 4, 2, label="delay"),
    "logistic_reg": Killed({"l1_reg": 1.0}, kills=3, terms=1),
    "linear_reg": Killed({}, kills=2, terms=1, label="delay"),
    "boosted_tree_classifier": Killed({"max_iterations": 100, "early_stop": False}, kills=4, terms=2),
    "ensemble_classifier": Killed(
        {
            "members": [
                {"type": "boosted_tree_classifier", "options": {"max_iterations": 40, "early_stop": False}},
                {"type": "dnn_classifier", "options": {"max_iterations": 8, "early_stop": False}},
            ],
            "folds": 2,
            "method": "stack",
        },
        kills=4,
        terms=2,
    ),
}
MOMENTS = [
    (family, number, kind)
    for family, asked in FAMILIES.items()
    for kind, count in ((signal.SIGKILL, asked.kills), (signal.SIGTERM, asked.terms))
    for number in range(count)
]


@dataclass
class Place:
    """A workspace, and a folder of temporary files, of one training."""

    root: Path
    spec: Path
    seconds: float = 0.0
    """The last command's."""
    fit_seconds: float = 0.0
    """From the line that ends the stage before the fit to the end."""
    killed: list[tuple[float, bool]] = field(default_factory=list)
    ended_in: list[float] = field(default_factory=list)

    def train(
        self, *, end_after: float | None = None, in_fit: bool = False, by: signal.Signals = signal.SIGKILL
    ) -> tuple[int, str]:
        """Run the command, ended after so many seconds, of its fit where asked: its exit code and what it said."""
        (self.root / "tmp").mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "HAGANE_HOME": str(self.root / "home"), "TMPDIR": str(self.root / "tmp")}
        log, begun = self.root / "log", time.monotonic()
        with log.open("w") as said:
            process = subprocess.Popen([*HAGANE, "train", str(self.spec)], env=environment,
                                       stdout=subprocess.DEVNULL, stderr=said)  # fmt: skip
        while process.poll() is None and BEFORE_THE_FIT not in log.read_text() and (in_fit or end_after is None):
            time.sleep(0.005)
        fit_begun = time.monotonic()
        try:
            process.wait(end_after)
        except subprocess.TimeoutExpired:
            process.send_signal(by)
            sent = time.monotonic()
            process.wait(120)
            self.ended_in.append(time.monotonic() - sent)
        self.seconds, self.fit_seconds = time.monotonic() - begun, time.monotonic() - fit_begun
        return process.returncode, log.read_text()

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.root / "home")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3,000 flights with every kind of column, some of them NULL."""
    draw = np.random.default_rng(5)
    n = 3_000
    wind, distance = draw.normal(10, 5, n), draw.integers(100, 4_000, n)
    carrier = draw.choice(list("ABCDEFGH"), n)
    delay = wind + distance / 500 + (carrier == "B") * 5 + draw.normal(0, 4, n)
    path = tmp_path_factory.mktemp("kill") / "flights.parquet"
    columns = {"wind": np.where(draw.random(n) < 0.1, np.nan, wind), "distance": distance, "carrier": carrier}
    pq.write_table(pa.table(columns | {"late": delay > 15, "delay": delay}), path)
    return path


@pytest.fixture(scope="module")
def reference(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Place, dict[str, str]]]:
    """Family → a training that nothing disturbed, and the hash of each of its files."""
    made: dict[str, tuple[Place, dict[str, str]]] = {}

    def of(family: str) -> tuple[Place, dict[str, str]]:
        if family not in made:
            place = Place(tmp_path_factory.mktemp(family), write_spec(data, family, data.parent))
            code, said = place.train()
            assert code == 0, said
            (version,) = place.workspace.list()
            made[family] = place, hashes(version.path)
        return made[family]

    return of


def write_spec(data: Path, family: str, folder: Path) -> Path:
    asked = FAMILIES[family]
    other = "delay" if asked.label == "late" else "late"
    path = folder / f"{family}.yaml"
    path.write_text(
        f"data: {data}\nlabel: {asked.label}\nexclude: [{other}]\ntraining: {{checkpoint: {{every_seconds: 0.2}}}}\n"
        f"model: {json.dumps({'type': family, 'options': asked.options})}\n"
    )
    return path


def hashes(bundle: Path) -> dict[str, str]:
    files = {path.name: path.read_bytes() for path in sorted(bundle.iterdir()) if path.name not in DIFFERENT}
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


@pytest.mark.parametrize(("family", "number", "kind"), MOMENTS, ids=lambda value: getattr(value, "name", str(value)))
def test_ended_at_any_moment_the_bits_are_the_same(
    family: str, number: int, kind: signal.Signals, reference: Any, tmp_path: Path
) -> None:
    undisturbed, expected = reference(family)
    draw = random.Random(f"{family} {number} {kind}")
    place = Place(tmp_path, undisturbed.spec)
    registered = 0
    for _ in range(draw.randint(1, MOST_KILLS)):
        in_fit = draw.random() < 0.5
        moment = draw.uniform(0, undisturbed.fit_seconds if in_fit else undisturbed.seconds)
        code, said = place.train(end_after=moment, in_fit=in_fit, by=kind)
        registered = len(place.workspace.list())
        for version in place.workspace.list():
            assert hashes(version.path) == expected
        if code == 0:
            break
        place.killed.append((moment, in_fit))
        is_python_starting = code == -signal.SIGTERM and not said
        assert code == (-9 if kind == signal.SIGKILL else 75) or is_python_starting, (code, said)
        assert "Traceback" not in said
    code, said = place.train()
    assert code == 0, said
    report(family, kind, place, undisturbed, said)
    check_finished(place, registered, expected)


def check_finished(place: Place, registered: int, expected: dict[str, str]) -> None:
    versions = place.workspace.list()
    assert len(versions) == registered + 1
    for version in versions:
        assert hashes(version.path) == expected
    Bundle.load(versions[0].path)
    home = place.root / "home"
    assert not list((home / "scratch").iterdir())
    assert not list((home / "runs").iterdir())
    assert sorted(path.name for path in (home / "models").rglob("*") if path.name.startswith(".")) == []
    assert sorted(path.name for path in (home / "cache").iterdir() if path.suffix != ".column") == []
    assert not list((place.root / "tmp").glob("hagane*"))


def report(family: str, kind: signal.Signals, place: Place, undisturbed: Place, said: str) -> None:
    """One line about the moment, where somebody keeps them."""
    if kept := os.environ.get("HAGANE_KILL_REPORT"):
        goes_on = [line for line in said.splitlines() if "going on from step" in line]
        line = {
            "family": family,
            "signal": kind.name,
            "moments": place.killed,
            "ended_in": place.ended_in,
            "last_seconds": place.seconds,
            "undisturbed_seconds": undisturbed.seconds,
            "undisturbed_fit_seconds": undisturbed.fit_seconds,
            "goes_on": goes_on,
        }
        with open(kept, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
