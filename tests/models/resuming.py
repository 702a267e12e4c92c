"""A training that is ended half-way and begun again, for every family that saves its state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from hagane.errors import PreemptedError
from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
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
