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

import numpy as np
import pytest
import torch

from hagane.features.encoded import Encoded, EncodedWriter
from hagane.features.feature import Feature, FeatureKind
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.models.torch_model import TorchModel
from hagane.spec.checkpoint import Checkpoint
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
            if parent == pid and b"hagane.training.worker" in (entry / "cmdline").read_bytes():
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
    training = Training(strategy=Strategy(type="mirrored", num_processes=2), checkpoint=Checkpoint(every_seconds=0.2))
    options = family_options("dnn_classifier", {"max_iterations": 5, "batch_size": 50, "dropout": 0.3})

    def fit(folder: Path) -> torch.Tensor:
        context = FitContext(features=FEATURES, num_classes=2, checkpoints=folder, training=training)
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
    assert torch.equal(found, fit(tmp_path / "whole"))


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
