"""`explanation.json`: what a bundle says of how its answers are explained."""

from __future__ import annotations

from typing import Literal

import msgspec

from hagane.bundle.bundle import Bundle
from hagane.bundle.signature import JsonValue
from hagane.errors import BundleError, Fault

FACTS_NAME = "explanation.json"
PART_NAME = "explanation.part"
"""Nodes and outputs to be added to `model.onnx`: `Explainer` says how."""
TENSORS_NAME = "explanation.safetensors"
LINK_NAME = "explanation_link.onnx"
"""Raw scores → outputs."""
GRADIENT_NAME = "explanation_gradient.onnx"
COLUMNS_OUTPUT, RAW_OUTPUT = "explained.columns", "explained.raw"
"""What `explanation.part` adds: [n, w] float64 what attributions are of, [n, c] float64 raw scores."""

Method = Literal["tree_shap", "linear", "integrated_gradients", "sampled_shapley"]
RawScale = Literal["value", "log", "log_odds", "logit", "share"]
"""What a raw score is: the predicted number, its logarithm, the log odds of the second of two classes, the score of a
class before the softmax, the share of trees that say a class."""


class ExplainedFeature(msgspec.Struct, frozen=True, kw_only=True):
    """One feature, and the raw columns that it is made of."""

    name: str
    columns: tuple[str, ...]


class ExplanationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """How this model is explained."""

    format_version: int = 1
    method: Method
    raw_scale: RawScale
    num_raw: int
    """c: raw scores of a row."""
    features: tuple[ExplainedFeature, ...]
    owners: tuple[int, ...]
    """[w] the feature that each explained column belongs to."""
    rounding: tuple[float, ...] = ()
    """[c] what the gradient's graph rounds raw scores to, absolute; () where that is float64's."""
    note: str = ""
    """Why it is this method, where another was to be expected."""
    baseline: dict[str, JsonValue]
    """The row that rows are compared with where nothing else is said: typical values of the training rows."""


def explanation_facts(bundle: Bundle) -> ExplanationFacts:
    """What the bundle says. Raises BundleError where it says nothing, or what this Hagane does not know."""
    if not bundle.signature.label:
        what = f"{bundle.name} predicts no label: there is no answer to be explained"
        raise BundleError(Fault(what=what, where=str(bundle.folder), received=bundle.signature.model_type))
    if FACTS_NAME not in bundle.manifest.files:
        what = f"{bundle.name} cannot be explained: its bundle has no {FACTS_NAME}"
        step = "train it again, of a family that can be explained"
        raise BundleError(Fault(what=what, where=str(bundle.folder), next_step=step))
    try:
        facts = msgspec.json.decode(bundle.document(FACTS_NAME), type=ExplanationFacts)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        what = f"{FACTS_NAME} cannot be read: {error}"
        raise BundleError(Fault(what=what, where=str(bundle.folder), next_step="train again")) from None
    if facts.format_version != 1:
        what = f"{FACTS_NAME} has format version {facts.format_version}"
        raise BundleError(Fault(what=what, where=str(bundle.folder), expected="1", next_step="use a newer Hagane"))
    return facts
