"""`deploy_canary`: an accepted candidate takes a part of the traffic."""

from __future__ import annotations

from hagane.errors import Fault, HaganeError, SpecError
from hagane.serving.endpoint_state import EndpointState
from hagane.workflow.deploy import deploy
from hagane.workflow.policy.turn import CANARY, Turn, serving_model, told


def deploy_canary(turn: Turn) -> None:
    """Note what is to be deployed, deploy it, note that it is; or say what it waits for."""
    state = turn.state
    deployed = turn.deployed()
    serving = serving_model(deployed, besides=state.candidate)
    if state.begun is None:
        if not turn.is_by_hand and serving.reference != state.serving:
            why = f"{serving.reference} serves now, against which it was not evaluated"
            turn.note("reject", "done", why)
            return
        if others := _others(deployed, state.candidate):
            if turn.is_by_hand:
                raise SpecError(Fault(what=f"there can be one canary, and {others} has a part in the traffic"))
            turn.wait("canary", f"until {others} has no part in the traffic any more")
            return
        why = f"{turn.policy.canary} % of the requests"
        turn.note("canary", "begun", why, serving=serving.reference)
    try:
        if all(each.reference != state.candidate for each in deployed.models):
            _deploy(turn, state.candidate)
    except HaganeError as error:
        turn.note("canary", "failed", told(error))
        return
    turn.note("canary", "done", f"it answers {turn.policy.canary} % of the requests", serving=serving.reference)


def _deploy(turn: Turn, candidate: str) -> None:
    def check(state: EndpointState) -> None:
        if others := _others(state, candidate):
            raise SpecError(Fault(what=f"there can be one canary, and {others} has a part in the traffic"))

    deploy(candidate, to=turn.endpoint, traffic=turn.policy.canary, labels=(CANARY,), check=check,
           note=f"policy, attempt {turn.state.attempt}", workspace=turn.workspace)  # fmt: skip


def _others(state: EndpointState, candidate: str) -> str:
    """Who shares the traffic with the serving model besides the candidate."""
    main = serving_model(state, besides=candidate)
    others = [each for each in state.models if each.id != main.id and each.reference != candidate]
    return ", ".join(each.reference for each in others if each.traffic or CANARY in each.labels)
