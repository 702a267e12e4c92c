"""`find_deployed`: the model of an endpoint that a person names."""

from __future__ import annotations

from hagane.errors import Fault, NotFoundError, nearest
from hagane.serving.endpoint_state import DeployedModel, EndpointState


def find_deployed(state: EndpointState, name: str) -> DeployedModel:
    """By its id, a label, `name@version`, or its name where that is of one alone. Raises NotFoundError.

    >>> model = DeployedModel(id="17", model="late", version=3, labels=("stable",))
    >>> state = EndpointState(name="late", models=(model,))
    >>> {find_deployed(state, each).id for each in ("17", "stable", "late@3", "late")}
    {'17'}
    """
    for same in (
        [each for each in state.models if each.id == name],
        [each for each in state.models if name in each.labels],
        [each for each in state.models if each.reference.lower() == name.lower()],
        [each for each in state.models if each.model.lower() == name.lower()],
    ):
        if len(same) == 1:
            return same[0]
        if same:
            told = ", ".join(f"{each.reference} ({each.id})" for each in same)
            what = f"{name} names {len(same)} models of {state.name}"
            raise NotFoundError(Fault(what=what, expected=f"one of {told}"))
    known = [each.reference for each in state.models]
    labels = [label for each in state.models for label in each.labels]
    near, there = nearest(name, [*known, *labels]), ", ".join([*known, *labels])
    what = f"no model '{name}' is deployed to {state.name}"
    raise NotFoundError(Fault(what=what, nearest=near, expected="" if near else there))
