"""A bundle made by hand that explains its answers, of which every number is known."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from safetensors.numpy import save

from hagane.bundle.signature import Input, Signature
from hagane.bundle.write_bundle import write_bundle
from hagane.explanation.explanation_facts import (
    COLUMNS_OUTPUT,
    FACTS_NAME,
    LINK_NAME,
    PART_NAME,
    RAW_OUTPUT,
    TENSORS_NAME,
    ExplainedFeature,
    ExplanationFacts,
)
from hagane.features.emit import Emitter
from hagane.types import SqlType

SIGNATURE = Signature(
    inputs=(Input(name="fare", type=SqlType.FLOAT64), Input(name="job", type=SqlType.STRING)),
    task="classification", label="late", label_type=SqlType.STRING, classes=("no", "yes"), threshold=0.5,
    model_type="logistic_reg", model_name="rides", num_features=2, on_error="null",
)  # fmt: skip
FACTS = ExplanationFacts(
    method="linear", raw_scale="log_odds", num_raw=1,
    features=(ExplainedFeature(name="fare", columns=("fare",)), ExplainedFeature(name="is_pilot", columns=("job",))),
    owners=(0, 1), baseline={"fare": 1.0, "job": "clerk"},
)  # fmt: skip


def emit_sigmoid(e: Emitter, raw: str) -> str:
    yes = e.node("Sigmoid", raw)
    return e.node("Concat", e.node("Sub", e.constant(np.float64(1)), yes), yes, axis=1)


def graphs() -> tuple[bytes, bytes]:
    """ln odds of 'yes' = -1 + 0.5 fare + 2 (job = 'pilot'): the model, and what explains it."""
    e = Emitter()
    fare = e.input("packed.float64", np.float64, ("n", 1))
    e.input("packed.validity", np.bool_, ("n", 1))
    job = e.input("string.job", str, ("n", 1))
    pilot = e.node("Cast", e.node("Equal", job, e.constant(np.array(["pilot"], object))), to=11)
    terms = e.node("Concat", e.node("Mul", fare, e.constant(np.float64([[0.5]]))),
                   e.node("Mul", pilot, e.constant(np.float64([[2.0]]))), axis=1)  # fmt: skip
    raw = e.node("Add", e.node("ReduceSum", terms, e.constant([1], np.int64), keepdims=1), e.constant(np.float64(-1)))
    probabilities = emit_sigmoid(e, raw)
    e.output("probabilities", probabilities, np.float64, ("n", 2))
    best = e.node("ArgMax", probabilities, axis=1, keepdims=0)
    labels = e.constant(np.array(["no", "yes"], object))
    e.output("predicted_label", e.node("Gather", labels, best, axis=0), str, ("n",))
    flat = e.constant([-1], np.int64)
    e.output("row_error", e.node("Reshape", e.node("IsNaN", fare), flat), np.bool_, ("n",))
    model = bytes(e.model().SerializeToString())
    e.output(COLUMNS_OUTPUT, terms, np.float64, ("n", 2))
    e.output(RAW_OUTPUT, raw, np.float64, ("n", 1))
    return model, bytes(e.addition().SerializeToString())


def link() -> bytes:
    e = Emitter()
    e.output("output", emit_sigmoid(e, e.input("raw", np.float64, ("n", 1))), np.float64, ("n", 2))
    return bytes(e.model().SerializeToString())


def write_rides(folder: Path) -> Path:
    """The bundle."""
    model, part = graphs()
    documents = {
        FACTS_NAME: msgspec.json.encode(FACTS),
        PART_NAME: part,
        LINK_NAME: link(),
        TENSORS_NAME: bytes(save({"intercept": np.array([-1.0])})),
    }
    return write_bundle(folder / "rides", model=model, signature=SIGNATURE, documents=documents)
