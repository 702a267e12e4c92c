"""Vertex AI's explanations: what a request may override, and the shape of an answer.

Reference: Vertex AI's REST documentation of `projects.locations.endpoints.explain`: ExplanationSpecOverride,
ExplanationParameters, Explanation, Attribution.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from hagane.bundle.faults import describe
from hagane.bundle.signature import Signature
from hagane.errors import Fault, nearest
from hagane.explanation.explanations import Explanations
from hagane.explanation.wanted import Wanted

WHERE = "explanationSpecOverride"
_METHODS = ("sampledShapleyAttribution", "integratedGradientsAttribution", "xraiAttribution")


class Override(NamedTuple):
    """What a request asks for."""

    wanted: Wanted = Wanted("output")
    baseline: dict[str, Any] | None = None


def read_override(given: object, faults: list[Fault]) -> Override:
    """`explanationSpecOverride`, as far as a model that is explained in one way can be overridden.

    `parameters` may have `topK` or `outputIndices`, `metadata` the baseline's value of each input. What is wrong is
    added to `faults`.

    >>> faults = []
    >>> read_override({"parameters": {"topK": 2}, "metadata": {"inputs": {"age": {"inputBaselines": [40]}}}}, faults)
    Override(wanted=Wanted(space='output', outputs=None, top_classes=2, threshold=None), baseline={'age': 40})
    >>> faults
    []
    """
    if given is None:
        return Override()
    fields = _object(given, WHERE, ("parameters", "metadata", "examplesOverride"), faults)
    if "examplesOverride" in fields:
        faults.append(Fault(what="the model is not explained by examples", where=f"{WHERE}.examplesOverride"))
    return Override(_wanted(fields.get("parameters"), faults), _baseline(fields.get("metadata"), faults))


def _wanted(given: object, faults: list[Fault]) -> Wanted:
    where = f"{WHERE}.parameters"
    fields = {} if given is None else _object(given, where, ("topK", "outputIndices", *_METHODS), faults)
    for name in _METHODS:
        if name in fields:
            faults.append(Fault(what="a model is explained by the method of its family alone", where=f"{where}.{name}"))
    top, indices = fields.get("topK"), fields.get("outputIndices")
    if top is not None and type(top) is not int:
        faults.append(Fault(what="topK is no whole number", where=f"{where}.topK", received=describe(top)))
        top = None
    if indices is not None and not (isinstance(indices, list) and all(type(each) is int for each in indices)):
        what = "outputIndices is no list of whole numbers"
        faults.append(Fault(what=what, where=f"{where}.outputIndices", received=describe(indices)))
        indices = None
    if top is not None and indices:
        faults.append(Fault(what="topK and outputIndices at once", where=where, expected="one of them"))
    return Wanted("output", tuple(indices) if indices else None, top if not indices else None)


def _baseline(given: object, faults: list[Fault]) -> dict[str, Any] | None:
    where = f"{WHERE}.metadata"
    inputs = {} if given is None else _object(given, where, ("inputs",), faults).get("inputs")
    found = {}
    for name, told in (_object(inputs, f"{where}.inputs", None, faults) if inputs is not None else {}).items():
        at = f"{where}.inputs.{name}"
        values = _object(told, at, ("inputBaselines",), faults).get("inputBaselines")
        if isinstance(values, list) and len(values) == 1:
            found[name] = values[0]
        else:
            what = "inputBaselines is no list of one value"
            faults.append(Fault(what=what, where=f"{at}.inputBaselines", received=describe(values)))
    return found or None


def _object(given: object, where: str, known: tuple[str, ...] | None, faults: list[Fault]) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        faults.append(Fault(what="not an object", where=where, received=describe(given)))
        return {}
    if known is not None:
        for name in (each for each in given if each not in known):
            near = nearest(name[:100], known)
            expected = "" if near else ", ".join(known)
            faults.append(Fault(what=f"{name[:60]!a} is no field here", where=where, nearest=near, expected=expected))
    return given


def vertex_explanations(found: Explanations) -> list[dict[str, Any]]:
    """An Explanation for each row."""
    return [{"attributions": [_attribution(found, row, place) for place in range(found.outputs.shape[1])]}
            for row in range(len(found))]  # fmt: skip


def _attribution(found: Explanations, row: int, place: int) -> dict[str, Any]:
    """An Attribution; a single number has no index."""
    signature, output = found.predictions.signature, int(found.outputs[row, place])
    named: dict[str, Any] = {}
    if signature.classes or signature.labels:
        name = found.output_name(output)
        told = str(name).lower() if isinstance(name, bool) else str(name)
        named = {"outputIndex": [output], "outputDisplayName": told}
    return {
        "baselineOutputValue": float(found.baselines[row, place]),
        "instanceOutputValue": float(found.values[row, place]),
        "featureAttributions": dict(zip(found.columns, found.attributions[row, place].tolist(), strict=True)),
        **named,
        "approximationError": float(found.errors[row, place]),
        "outputName": _output_name(signature, output),
    }


def _output_name(signature: Signature, output: int) -> str:
    """What predictions call it: of several labels each one's own name.

    >>> from hagane.bundle.signature import OneLabel
    >>> from hagane.types import SqlType
    >>> labels = tuple(OneLabel(name=name, type=SqlType.FLOAT64) for name in ("price", "days"))
    >>> both = Signature(inputs=(), task="regression", label="price, days", label_type=SqlType.FLOAT64, labels=labels,
    ...                  model_type="dnn_regressor")
    >>> _output_name(both, 1)
    'predicted_days'
    """
    named = signature.each[output] if signature.labels else signature
    return f"{named.prediction_name}_probs" if named.classes else named.prediction_name
