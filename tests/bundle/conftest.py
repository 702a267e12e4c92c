"""Small bundles made by hand: their right answers are known without any other part of Hagane."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hagane.bundle.signature import Input, Signature
from hagane.bundle.write_bundle import write_bundle
from hagane.features.emit import Emitter
from hagane.types import SqlType

COLUMNS = (
    Input(name="age", type=SqlType.INT64),
    Input(name="fare", type=SqlType.FLOAT64),
    Input(name="job", type=SqlType.STRING),
    Input(name="member", type=SqlType.BOOL),
    Input(name="seen", type=SqlType.TIMESTAMP),
    Input(name="born", type=SqlType.DATE, origin="joined from people"),
)


def classifier_signature(**changes: object) -> Signature:
    fields: dict[str, object] = {
        "inputs": COLUMNS, "task": "classification", "label": "late", "label_type": SqlType.STRING,
        "classes": ("no", "yes"),
        "threshold": 0.5, "model_type": "logistic_reg", "model_name": "flights", "num_features": 2,
    }  # fmt: skip
    return Signature(**{**fields, **changes})  # type: ignore[arg-type]


def classifier_model() -> bytes:
    """P(yes) = age / 100 (0 where NULL), 0.25 more for job 'pilot'; a row errs where fare is negative."""
    e = Emitter()
    fares = e.input("packed.float64", np.float64, ("n", 1))
    ints = e.input("packed.int64", np.int64, ("n", 4))
    e.input("packed.validity", np.bool_, ("n", 5))
    jobs = e.input("string.job", str, ("n", 1))
    ages = e.node("Cast", e.node("Slice", ints, e.constant([0]), e.constant([1]), e.constant([1])), to=1)
    pilot = e.node("Cast", e.node("Equal", jobs, e.constant(np.array(["pilot"], object))), to=1)
    dense = e.node("Concat", ages, pilot, axis=1)
    yes = e.node("MatMul", dense, e.constant(np.float32([[0.01], [0.25]])))
    no = e.node("Sub", e.constant(np.float32([1.0])), yes)
    label = e.node("Where", e.node("GreaterOrEqual", yes, e.constant(np.float32([0.5]))),
                   e.constant(np.array(["yes"], object)), e.constant(np.array(["no"], object)))  # fmt: skip
    flat = e.constant([-1])
    e.output("probabilities", e.node("Concat", no, yes, axis=1), np.float32, ("n", 2))
    e.output("predicted_label", e.node("Reshape", label, flat), str, ("n",))
    e.output("row_error", e.node("Reshape", e.node("Less", fares, e.constant(np.float64([0]))), flat), np.bool_, ("n",))
    e.output("dense", dense, np.float32, ("n", 2))
    return bytes(e.model().SerializeToString())


def regressor_signature() -> Signature:
    return Signature(
        inputs=(Input(name="x", type=SqlType.FLOAT64),),
        task="regression",
        label="y",
        label_type=SqlType.FLOAT64,
        model_type="linear_reg",
        model_name="doubler",
        on_error="null",
        num_features=1,
    )


def regressor_model() -> bytes:
    """y = 2 x; NaN where x is NULL; a row errs where x is negative."""
    e = Emitter()
    x = e.input("packed.float64", np.float64, ("n", 1))
    flat = e.constant([-1])
    e.output(
        "predicted_value", e.node("Reshape", e.node("Mul", x, e.constant(np.float64([2]))), flat), np.float64, ("n",)
    )
    e.output("row_error", e.node("Reshape", e.node("Less", x, e.constant(np.float64([0]))), flat), np.bool_, ("n",))
    return bytes(e.model().SerializeToString())


@pytest.fixture
def classifier_folder(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "flights", model=classifier_model(), signature=classifier_signature(),
                        documents={"spec.yaml": b"label: late\n", "evaluation.json": b"{}"})  # fmt: skip


@pytest.fixture
def regressor_folder(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "doubler", model=regressor_model(), signature=regressor_signature())
