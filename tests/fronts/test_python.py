"""The Python front: what it takes, what it gives back, what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hagane as hg
from hagane.errors import NotFoundError, SpecError


@pytest.fixture
def frame() -> pd.DataFrame:
    random = np.random.default_rng(0)
    x = random.normal(size=400)
    return pd.DataFrame({"x": x.astype(np.float16), "late": x > 0}, index=random.permutation(400))


def test_predictions_keep_the_index_of_a_pandas_frame(frame: pd.DataFrame, tmp_path: Path) -> None:
    model = hg.train(frame, "late", model="logistic_reg", workspace=tmp_path, training={"seed": 1})
    frame["predicted"] = model.predict(frame)["predicted_late"]
    assert (frame["predicted"] == frame["late"]).mean() > 0.9


def test_every_wrong_section_is_named(frame: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        hg.train(frame, "late", split="time", evaluatio={}, training={"sede": 1}, workspace=tmp_path)
    assert [fault.what for fault in caught.value.faults] == [
        "'split' is no section of a spec",
        "a spec has no section 'evaluatio'",
        "'training' is no section of a spec",
    ]
    with pytest.raises(SpecError, match="there are no data"):
        hg.train(None, "late", workspace=tmp_path)


def test_a_spec_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no spec at"):
        hg.train_spec(tmp_path / "spec.yaml", workspace=tmp_path)
