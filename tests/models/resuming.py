"""A training that is ended half-way and begun again, for every family that saves its state."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from hagane.errors import PreemptedError
from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.training.checkpoint_folder import newest_step
from hagane.training.preemption import Preemption


class After(Preemption):
    """Notice after a number of questions."""

    def __init__(self, count: int) -> None:
        self.count = count

    @property
    def requested(self) -> bool:  # type: ignore[override]
        self.count -= 1
        return self.count < 0


def assert_resumes(name: str, train: Encoded, folder: Path, *, num_classes: int = 0, **options: Any) -> None:
    """The bits of a training that was ended after its sixth step are those of one that was not."""
    family = get_family(name)
    given = family_options(name, {"max_iterations": 3, "batch_size": 16, **options})
    context = FitContext(features=train.features, num_classes=num_classes, num_threads=1, seed=7)
    saved = msgspec.structs.replace(context, checkpoints=folder / "checkpoints")
    whole = family.fit(train, None, given, context)
    with pytest.raises(PreemptedError):
        family.fit(train, None, given, msgspec.structs.replace(saved, preemption=After(5)))
    resumed = family.fit(train, None, given, saved)
    batch = train.arrays()
    expected, found = (model.predict(batch.dense, batch.ids, batch.sparse) for model in (whole, resumed))
    assert found.tobytes() == expected.tobytes()
    assert [row.loss for row in resumed.curve] == [row.loss for row in whole.curve]


def killed_again_and_again(
    start: Callable[[], subprocess.Popen[bytes]], checkpoints: Path, *, most: int, seconds: float
) -> tuple[bytes, int]:
    """What a training says that is killed `most` times, each soon after a checkpoint of its own; how often it was."""
    random, kills = np.random.default_rng(1), 0
    while True:
        before, process = newest_step(checkpoints), start()
        if kills < most:
            while process.poll() is None and newest_step(checkpoints) == before:
                time.sleep(0.005)
            time.sleep(float(random.uniform(0, seconds)))
            if process.poll() is None:
                process.kill()
                kills += 1
        said, _ = process.communicate()
        if process.returncode == 0:  # else what it said may be cut off, too
            return said, kills
