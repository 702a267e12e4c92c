"""Hyperparameters of a spec: kept as written, given a value for a training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from hagane import hparam_candidates, hparam_range
from hagane.bundle import Bundle
from hagane.errors import SpecError
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Model, Spec
from hagane.spec.write_yaml import write_yaml
from hagane.workflow.hyperparameters import hyperparameters, set_hyperparameters
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

SPEC = Spec(
    data="(a frame in memory)",
    label="y",
    transform={
        "bucket": f"ML.QUANTILE_BUCKETIZE(x, {hparam_range(2, 8)}) OVER ()",
        "near": f"ABS(x - {hparam_candidates([0.5, 1.5])}) < {hparam_range(0.0, 1.0)}",
    },
    model=Model(type="logistic_reg", options={"l2_reg": hparam_range(0.0, 5.0), "max_iterations": 50}),
)
VALUES = {"transform.bucket": 4, "transform.near": 1.5, "transform.near[1]": 0.25, "model.options.l2_reg": 1}


def test_yaml_and_python_ask_the_same() -> None:
    assert read_yaml(write_yaml(SPEC)) == SPEC
    assert [found.name for found in hyperparameters(SPEC)] == [
        "model.options.l2_reg", "transform.bucket", "transform.near", "transform.near[1]"
    ]  # fmt: skip


def test_values_take_their_places() -> None:
    spec = set_hyperparameters(SPEC, VALUES)
    assert spec.transform == {
        "bucket": "ML.QUANTILE_BUCKETIZE(x, 4) OVER ()",
        "near": "ABS(x - 1.5) < 0.25",
    }
    assert spec.model.options == {"l2_reg": 1, "max_iterations": 50}
    assert hyperparameters(spec) == ()


def test_every_fault_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        set_hyperparameters(SPEC, {"transform.bucket": 9, "transform.nearr": 1, "model.options.l2_reg": 1})
    told = str(caught.value)
    assert "4 faults" in told
    assert "did you mean: transform.near" in told
    assert "a whole number from 2 to 8" in told
    assert "--hparam transform.near[1]=…" in told


def test_the_family_may_be_one_and_lists_may_be_candidates() -> None:
    options = {"hidden_units": hparam_candidates([[8], [8, 4]])}
    spec = Spec(data="f.csv", label="y", model=Model(type=hparam_candidates(["dnn_classifier"]), options=options))
    values = {"model.type": "dnn_classifier", "model.options.hidden_units": [8, 4]}
    assert set_hyperparameters(spec, values).model == Model(type="dnn_classifier", options={"hidden_units": [8, 4]})


def test_parts_of_an_option_that_is_a_list() -> None:
    spec = Spec(data="f.csv", label="y", model=Model(type="dnn_classifier",
                options={"hidden_units": [hparam_range(1, 9), 8, "HPARAM_CANDIDATES([4, 2])"]}))  # fmt: skip
    assert [str(found) for found in hyperparameters(spec)] == [
        "model.options.hidden_units[0]: 1 to 9",
        "model.options.hidden_units[2]: 4, 2",
    ]
    values = {"model.options.hidden_units[0]": 5, "model.options.hidden_units[2]": 2}
    assert set_hyperparameters(spec, values).model.options == {"hidden_units": [5, 8, 2]}


def test_an_option_is_one_or_is_not() -> None:
    with pytest.raises(SpecError, match="or it is not"):
        hyperparameters(Spec(data="f.csv", label="y", model=Model(options={"depth": "1 + HPARAM_RANGE(1, 2)"})))


def test_no_two_have_one_name() -> None:
    transform = {"a": "x * HPARAM_RANGE(1, 3) + HPARAM_RANGE(1, 4)", "a[1]": "x + HPARAM_RANGE(5, 9)"}
    with pytest.raises(SpecError, match=r"two hyperparameters are called transform\.a\[1\]"):
        hyperparameters(Spec(data="f.csv", label="y", transform=transform))


def test_numbers_of_numpy_are_numbers() -> None:
    """As `np.linspace` and its like give them."""
    low, high = np.linspace(0.5, 2, 2)
    spec = Spec(data="f.csv", label="y", transform={"x": f"x * {hparam_range(low, high)}"},
                model=Model(options={"max_tree_depth": hparam_candidates(np.arange(2, 5))}))  # fmt: skip
    values = {"transform.x": np.float32(0.75), "model.options.max_tree_depth": np.int64(3)}
    filled = set_hyperparameters(spec, values)
    assert (filled.transform, filled.model.options) == ({"x": "x * 0.75"}, {"max_tree_depth": 3})


def test_a_training_takes_values_and_says_what_they_were(tmp_path: Path) -> None:
    frame = pa.table({"x": [i / 50 for i in range(200)], "y": [i % 3 == 0 for i in range(200)]})
    workspace = Workspace(tmp_path)
    with pytest.raises(SpecError, match="has no value"):
        train(SPEC, workspace=workspace, frame=frame)
    result = train(SPEC, workspace=workspace, frame=frame, hparams=VALUES)
    assert "QUANTILE_BUCKETIZE(x, 4)" in str(result.spec.transform)
    assert Bundle.load(result.bundle).predict([{"x": 1.0}])
