"""`training.communication` through a family and a strategy, as a spec asks for it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hagane.features.encoded import Encoded, EncodedWriter
from hagane.features.feature import Feature, FeatureKind
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.models.torch_model import TorchModel
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.spec.communication import Communication
from hagane.spec.spec import Training
from hagane.spec.strategy import Strategy

FEATURES = tuple(Feature(name=name, kind=FeatureKind.DENSE, columns=(name,)) for name in "abcdefgh")
OPTIONS = {"hidden_units": [32, 32], "max_iterations": 10, "batch_size": 64, "dropout": 0.0, "early_stop": False}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Encoded:
    """A label that depends on eight numbers, with noise."""
    random = np.random.default_rng(0)
    dense = random.normal(size=(8, 1000)).astype(np.float32)
    label = (dense[:3].sum(0) + 0.5 * random.normal(size=1000) > 0).astype(np.int64)
    writer = EncodedWriter(tmp_path_factory.mktemp("rows") / "train", FEATURES)
    writer.append([*dense, label])
    return writer.close()


def fit(
    rows: Encoded, strategy: Strategy, communication: Communication, checkpoints: Path | None = None, **options: Any
) -> TorchModel:
    policy = CheckpointPolicy(every_seconds=0.3)
    training = Training(strategy=strategy, communication=communication, checkpoint=policy)
    context = FitContext(features=FEATURES, num_classes=2, training=training, checkpoints=checkpoints)
    made = family_options("dnn_classifier", OPTIONS | options)
    model = get_family("dnn_classifier").fit(rows, None, made, context)
    assert isinstance(model, TorchModel)
    return model


def weights(model: TorchModel) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.module.parameters()])


@pytest.mark.parametrize(
    "communication",
    [
        Communication(compression="powersgd", powersgd_rank=2),
        pytest.param(Communication(outer_steps=4, compression="bfloat16"), marks=pytest.mark.slow),
    ],
)
def test_two_processes_learn_what_one_learns(rows: Encoded, communication: Communication) -> None:
    alone = fit(rows, Strategy(), Communication())
    together = fit(rows, Strategy(type="mirrored", num_processes=2), communication)
    assert together.curve[-1].loss == pytest.approx(alone.curve[-1].loss, abs=0.1)
    assert together.curve[-1].loss < 0.4 < together.curve[0].loss
    assert not torch.allclose(weights(alone), weights(together), rtol=1e-3, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "communication",
    [
        Communication(compression="powersgd", powersgd_rank=2),
        Communication(outer_steps=7, outer_momentum=0.9, outer_learn_rate=0.7, compression="bfloat16"),
    ],
)
def test_a_process_that_is_killed_costs_no_bit(rows: Encoded, communication: Communication, tmp_path: Path) -> None:
    """Errors, the optimizer of each process and the weights between two outer steps are those of before."""
    mirrored, long = Strategy(type="mirrored", num_processes=2), {"max_iterations": 120}
    whole = fit(rows, mirrored, communication, tmp_path / "whole", **long)
    killed: list[int] = []
    killer = threading.Thread(target=kill_one, args=(tmp_path / "killed", killed), daemon=True)
    killer.start()
    found = fit(rows, mirrored, communication, tmp_path / "killed", **long)
    assert killed
    assert torch.equal(weights(found), weights(whole))


def kill_one(checkpoints: Path, killed: list[int]) -> None:
    """Kill a process of the training as soon as it has gone some way."""
    while len(list(checkpoints.glob("process-1/step-*"))) < 2:
        time.sleep(0.1)
    for line in subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True,
                               check=True).stdout.splitlines():  # fmt: skip
        number, _, program = line.strip().partition(" ")
        if "hagane.training.start_worker" in program and not killed:
            killed.append(int(number))
            os.kill(int(number), signal.SIGKILL)
