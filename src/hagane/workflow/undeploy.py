"""`undeploy`: a version of a model leaves an endpoint."""

from __future__ import annotations

import msgspec

from hagane.errors import Fault, SpecError
from hagane.serving.endpoint_state import EndpointState
from hagane.serving.traffic import shared_out
from hagane.workflow.deploy import with_split
from hagane.workflow.find_deployed import find_deployed
from hagane.workspace.workspace import Workspace


def undeploy(model: str, *, endpoint: str, note: str = "", workspace: Workspace) -> EndpointState:
    """Take the model (`late@3`, a label, its deployed model's id) from the endpoint; the others share its traffic.

    They do in proportion to what they have. `note` stands behind what the history says. Raises NotFoundError, and
    SpecError for the last model, and for one that has all traffic: whose it is to be has to be said first.
    """
    doomed = find_deployed(workspace.endpoints.get(endpoint), model)

    def edit(before: EndpointState | None) -> EndpointState:
        assert before is not None
        own = find_deployed(before, doomed.id)
        others = [each for each in before.models if each is not own]
        if not others:
            step = f"hagane endpoints delete {before.name}, or deploy another first"
            raise SpecError(Fault(what=f"{own.reference} is the only model of {before.name}", next_step=step))
        if own.traffic == 100:
            step = f"hagane deploy {others[0].reference} --to {before.name}"
            raise SpecError(Fault(what=f"{own.reference} has all traffic of {before.name}", next_step=step))
        shares = shared_out(100, [each.traffic for each in others])
        kept = [msgspec.structs.replace(each, traffic=share) for each, share in zip(others, shares, strict=True)]
        return with_split(before, kept)

    return workspace.endpoints.change(endpoint, edit, f"undeploy {doomed.reference}{note and f' ({note})'}")
