"""Processes that die and machines that come and go: nothing is lost but the steps since the last checkpoint."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from hagane.features.encoded import Encoded, EncodedWriter
from hagane.features.feature import Feature, FeatureKind
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.models.torch_model import TorchModel
from hagane.progress import SILENT, Phase
from hagane.progress.events import Event, Resumed, WorkerDied
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.spec.spec import Training
from hagane.spec.strategy import Strategy

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc"),
]
FEATURES = tuple(Feature(name=name, kind=FeatureKind.DENSE, columns=(name,)) for name in "abc")
MACHINE = Path(__file__).with_name("elastic_machine.py")


def write_rows(folder: Path, num_rows: int, seed: int) -> Encoded:
    random = np.random.default_rng(seed)
    dense = random.normal(size=(3, num_rows)).astype(np.float32)
    writer = EncodedWriter(folder, FEATURES)
    writer.append([*dense, (dense[0] * dense[1] + random.normal(size=num_rows) > 0).astype(np.int64)])
    return writer.close()


def workers_of(pid: int) -> list[int]:
    """The processes that train for `pid`, by number."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"hagane.training.start_worker" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except (OSError, IndexError):
            continue
    return sorted(found)


def wait_for(condition: Callable[[], object], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


@pytest.mark.parametrize("victim", [0, 1])
def test_one_of_two_workers_is_killed_and_the_model_has_the_same_bits(tmp_path: Path, victim: int) -> None:
    split = write_rows(tmp_path / "train", 30_000, 1), write_rows(tmp_path / "eval", 500, 2)
    training = Training(
        strategy=Strategy(type="mirrored", num_processes=2), checkpoint=CheckpointPolicy(every_seconds=0.2)
    )
    options = family_options("dnn_classifier", {"max_iterations": 5, "batch_size": 50, "dropout": 0.3})

    told: list[Event] = []

    class Told:
        def phase(self, name: str, **about: Any) -> Phase:
            return SILENT.phase(name, **about)

        def note(self, text: str) -> None:
            raise AssertionError(text)

        def tell(self, event: Event) -> None:
            told.append(event)

    def fit(folder: Path) -> torch.Tensor:
        context = FitContext(features=FEATURES, num_classes=2, checkpoints=folder, training=training, progress=Told())
        model = get_family("dnn_classifier").fit(*split, options, context)
        assert isinstance(model, TorchModel)
        return torch.cat([parameter.detach().flatten() for parameter in model.module.parameters()])

    killed: list[int] = []

    def kill() -> None:
        wait_for(lambda: any((tmp_path / "cut").glob("step-*")))
        killed.append(workers_of(os.getpid())[victim])
        os.kill(killed[0], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    found = fit(tmp_path / "cut")
    thread.join()
    assert killed
    (died,) = [event for event in told if isinstance(event, WorkerDied)]
    assert (died.worker, died.num_workers, died.exit_code) == (victim, 2, -signal.SIGKILL)
    (resumed,) = [event for event in told[told.index(died) :] if isinstance(event, Resumed)]
    assert resumed.step >= died.step > 0
    assert torch.equal(found, fit(tmp_path / "whole"))


def test_the_processes_end_with_the_one_that_started_them_from_their_first_moment(tmp_path: Path) -> None:
    """Killed while they still load torch, which takes seconds."""
    parent = subprocess.Popen(
        [sys.executable, "-c", "import subprocess, sys, os, time\n"
         "child = subprocess.Popen([sys.executable, '-P', '-m', 'hagane.training.start_worker', sys.argv[1], "
         "str(os.getpid())], stderr=subprocess.DEVNULL)\nprint(child.pid, flush=True)\ntime.sleep(100)", str(tmp_path)],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    time.sleep(0.05)
    parent.kill()
    parent.wait()
    state = Path(f"/proc/{child}/stat")
    wait_for(lambda: not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z", 20)


def test_a_run_whose_processes_died_too_often_is_kept(tmp_path: Path) -> None:
    """Through the whole command: what the error promises is there, and is gone on with."""
    draw = np.random.default_rng(3)
    frame = {name: draw.normal(size=20_000) for name in "abc"}
    pq.write_table(pa.table(frame | {"y": frame["a"] * frame["b"] > 0}), tmp_path / "rows.parquet")
    command = [sys.executable, "-m", "hagane.fronts.cli", "train", str(tmp_path / "spec.yaml")]
    (tmp_path / "spec.yaml").write_text(
        f"data: {tmp_path / 'rows.parquet'}\nlabel: y\nmodel: {{type: dnn_classifier, options: {{max_iterations: 8, "
        "early_stop: false, batch_size: 64}}\ntraining: {checkpoint: {every_seconds: 0.2}, "
        "strategy: {type: mirrored, num_processes: 2, max_restarts: 0}}\n"
    )
    environment = {**os.environ, "HAGANE_HOME": str(tmp_path / "home")}
    first = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    saved = (tmp_path / "home" / "runs").glob
    wait_for(lambda: any(saved("*/checkpoints/step-*")))
    os.kill(workers_of(first.pid)[1], signal.SIGKILL)
    _, said = first.communicate(timeout=100)
    assert first.returncode == 5, said
    assert b"goes on from the last checkpoint" in said
    assert any(saved("*/checkpoints/step-*"))
    again = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert b"going on from step" in again.stderr


def test_a_machine_joins_another_and_is_killed(tmp_path: Path) -> None:
    """One of two goes on alone, and its weights are those of a training that was never disturbed, to rounding."""
    write_rows(tmp_path / "rows" / "train", 60_000, 1)
    write_rows(tmp_path / "rows" / "eval", 500, 2)
    with socket.socket() as found:
        found.bind(("localhost", 0))
        port = str(found.getsockname()[1])

    def machine(name: str, nodes: str, port: str) -> subprocess.Popen[bytes]:
        (tmp_path / name).mkdir()
        return subprocess.Popen([sys.executable, MACHINE, tmp_path / name, port, nodes])

    first = machine("first", "1:2", port)
    try:
        wait_for(lambda: any((tmp_path / "first" / "checkpoints").glob("step-*")))
        alone = workers_of(first.pid)
        second = machine("second", "1:2", port)
        wait_for(lambda: any((tmp_path / "second" / "checkpoints").glob("step-*")))
        assert workers_of(first.pid) != alone
        second.kill()
        second.wait()
        assert first.wait(200) == 0
    finally:
        first.kill()
        first.wait()
    context = FitContext(features=FEATURES, num_classes=2)
    sys.path.insert(0, str(MACHINE.parent))
    from elastic_machine import OPTIONS

    rows = (Encoded.open(tmp_path / "rows" / part) for part in ("train", "eval"))
    model = get_family("dnn_classifier").fit(*rows, family_options("dnn_classifier", OPTIONS), context)
    assert isinstance(model, TorchModel)
    expected = torch.cat([parameter.detach().flatten() for parameter in model.module.parameters()]).numpy()
    weights = np.frombuffer((tmp_path / "first" / "weights").read_bytes(), np.float32)
    np.testing.assert_allclose(weights, expected, rtol=0.05, atol=0.01)
