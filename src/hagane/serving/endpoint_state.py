"""`EndpointState`: what an endpoint is asked to be: the model versions behind its name, and who gets which requests.

It is kept by whoever keeps endpoints (the workspace), and read by servers, which make themselves what it says. A state
is never changed: a change makes the next revision.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from hagane.errors import Fault
from hagane.serving.traffic import NUM_BUCKETS

KEY_HEADER = "X-Hagane-Key"
"""The header whose value keeps its requests together, where the endpoint names no other."""
LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
STABLE = "stable"
"""The label of the version that has all traffic."""


class DeployedModel(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a model, behind an endpoint.

    >>> DeployedModel(id="1234567890", model="late", version=3, traffic=100).reference
    'late@3'
    """

    id: str
    """Vertex AI's deployedModelId: digits, given out at deployment; the same version deployed anew gets another."""
    model: str
    version: int
    path: Path = Path()
    """The bundle's folder."""
    traffic: int = 0
    """Percent of the requests that name no version: those of all models sum to 100."""
    mirror: int = 0
    """Percent of the requests that it answers besides, for comparison alone."""
    labels: tuple[str, ...] = ()
    deployed: str = ""
    """When: ISO 8601, UTC."""

    @property
    def reference(self) -> str:
        """`name@version`."""
        return f"{self.model}@{self.version}"


class EndpointState(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of an endpoint."""

    name: str
    models: tuple[DeployedModel, ...] = ()
    buckets: tuple[str, ...] = ()
    """The id of the deployed model of each hundredth of the keys (`hagane.serving.traffic`)."""
    key_header: str = KEY_HEADER
    """Requests with one value in this header go to one version, while the split stands."""
    settings: dict[str, Any] = {}
    """What other rooms keep of the endpoint, by room."""
    revision: int = 0
    restores: int | None = None
    """The revision that a rollback went back to."""
    changed: str = ""
    """When: ISO 8601, UTC."""
    changed_by: str = ""
    change: str = ""
    """What was done, in words."""

    @property
    def traffic_split(self) -> dict[str, int]:
        """Percent by deployed model's id, as Vertex AI tells it; those without traffic are left out."""
        return {each.id: each.traffic for each in self.models if each.traffic}

    def as_json(self) -> dict[str, Any]:
        """The fields as plain values, the keys' buckets left out."""
        found: dict[str, Any] = msgspec.to_builtins(self, enc_hook=str)
        del found["buckets"]
        return found | {"traffic_split": self.traffic_split}


def state_faults(state: EndpointState) -> list[Fault]:
    """Everything for which no server could be what the state says.

    >>> [fault.what for fault in state_faults(EndpointState(name="late"))]
    ['the endpoint late would have no model']
    """
    faults = []
    if not state.models:
        step = f"hagane endpoints delete {state.name}"
        faults.append(Fault(what=f"the endpoint {state.name} would have no model", next_step=step))
    for each in state.models:
        faults += [
            _no_percent(each, word, percent)
            for word, percent in (("traffic", each.traffic), ("mirror", each.mirror))
            if not 0 <= percent <= 100
        ]
        faults += [_no_label(label) for label in each.labels if not LABEL.fullmatch(label)]
    total = sum(each.traffic for each in state.models)
    if state.models and total != 100:
        told = ", ".join(f"{each.reference}={each.traffic}" for each in state.models)
        faults.append(Fault(what=f"the traffic split sums to {total}", expected="100", received=told))
    elif state.models and (len(state.buckets) != NUM_BUCKETS or _shares(state.buckets) != state.traffic_split):
        faults.append(Fault(what="the keys' buckets are not those of the traffic split"))
    if not HEADER.fullmatch(state.key_header):
        expected = "a token of letters, digits and -"
        faults.append(Fault(what=f"{state.key_header[:80]!a} cannot be a header's name", expected=expected))
    return faults + _twice([label for each in state.models for label in each.labels], "the label")


def _shares(buckets: tuple[str, ...]) -> dict[str, int]:
    return {id_: buckets.count(id_) for id_ in dict.fromkeys(buckets)}


def _no_percent(model: DeployedModel, word: str, percent: int) -> Fault:
    return Fault(what=f"{word} of {model.reference} is {percent}", expected="a whole percentage from 0 to 100")


def _no_label(label: str) -> Fault:
    expected = "a letter, then letters, digits, '_' and '-', at most 63"
    return Fault(what=f"{label[:80]!a} cannot be a label", expected=expected)


def _twice(names: list[str], word: str) -> list[Fault]:
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    return [Fault(what=f"{word} {name} is there twice", expected="each once") for name in twice]
