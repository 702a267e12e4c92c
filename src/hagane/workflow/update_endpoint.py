"""`update_endpoint`: who gets which share of an endpoint's requests, labels, and what keeps requests together."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hagane.errors import Fault, HaganeError, SpecError
from hagane.serving.endpoint_state import STABLE, DeployedModel, EndpointState
from hagane.workflow.deploy import with_split
from hagane.workflow.find_deployed import find_deployed
from hagane.workspace.workspace import Workspace


def update_endpoint(
    endpoint: str,
    *,
    traffic_split: Mapping[str, int] | None = None,
    mirror: Mapping[str, int] | None = None,
    labels: Mapping[str, str] | None = None,
    key_header: str | None = None,
    workspace: Workspace,
) -> EndpointState:
    """Change what is given. Models are named as `late@3`, by label or by id.

    `traffic_split` is the percentage of each (those not named: 0) and sums to 100, `mirror` the percentage of the
    requests of others that a model answers besides, `labels` a model for each label (no model: the label goes).
    Raises HaganeError with every fault; then nothing has changed.
    """

    def edit(before: EndpointState | None) -> EndpointState:
        assert before is not None
        return _changed(before, traffic_split, mirror or {}, labels or {}, key_header)

    workspace.endpoints.get(endpoint)
    return workspace.endpoints.change(endpoint, edit, _words(traffic_split, mirror, labels, key_header))


def _changed(
    before: EndpointState,
    split: Mapping[str, int] | None,
    mirror: Mapping[str, int],
    labels: Mapping[str, str],
    key_header: str | None,
) -> EndpointState:
    faults: list[Fault] = []
    shares = _by_id(before, split, faults) if split is not None else None
    mirrored = _by_id(before, mirror, faults)
    moved = {label: _found(before, model, faults) if model else None for label, model in labels.items()}
    if shares is not None and sum(shares.values()) != 100:
        told = ", ".join(f"{name}={share}" for name, share in (split or {}).items())
        faults.append(Fault(what=f"the traffic split sums to {sum(shares.values())}", expected="100", received=told))
    if faults:
        raise SpecError(*faults)
    models = [_model(each, shares, mirrored, moved) for each in before.models]
    state = with_split(before, models)
    return msgspec.structs.replace(state, key_header=key_header or before.key_header)


def _model(
    model: DeployedModel,
    shares: Mapping[str, int] | None,
    mirrored: Mapping[str, int],
    moved: Mapping[str, DeployedModel | None],
) -> DeployedModel:
    """The model with its share, its mirror's share and its labels."""
    traffic = model.traffic if shares is None else shares.get(model.id, 0)
    labels = {label for label in model.labels if label not in moved}
    labels |= {label for label, found in moved.items() if found is not None and found.id == model.id}
    if shares is not None and 100 in shares.values() and STABLE not in moved:
        labels = labels | {STABLE} if traffic == 100 else labels - {STABLE}
    mirror = mirrored.get(model.id, 0 if traffic == 100 else model.mirror)
    return msgspec.structs.replace(model, traffic=traffic, mirror=mirror, labels=tuple(sorted(labels)))


def _by_id(state: EndpointState, shares: Mapping[str, int], faults: list[Fault]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, share in shares.items():
        model = _found(state, name, faults)
        if model is None:
            continue
        if model.id in found:
            faults.append(Fault(what=f"{model.reference} is named twice", where=name))
        if not 0 <= share <= 100:
            faults.append(Fault(what=f"{name} cannot have {share}", expected="a whole percentage from 0 to 100"))
        found[model.id] = share
    return found


def _found(state: EndpointState, name: str, faults: list[Fault]) -> DeployedModel | None:
    try:
        return find_deployed(state, name)
    except HaganeError as error:
        faults += error.faults
        return None


def _words(
    split: Mapping[str, int] | None,
    mirror: Mapping[str, int] | None,
    labels: Mapping[str, str] | None,
    key_header: str | None,
) -> str:
    parts = [f"traffic {name}={share}" for name, share in (split or {}).items()]
    parts += [f"mirror {name}={share}" for name, share in (mirror or {}).items()]
    parts += [f"label {label}={model}" for label, model in (labels or {}).items()]
    parts += [f"key header {key_header}"] if key_header else []
    return ", ".join(parts)
