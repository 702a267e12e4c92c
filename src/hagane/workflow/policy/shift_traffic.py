"""`promote`, `roll_back`: all traffic for the candidate, or none."""

from __future__ import annotations

from hagane.errors import Fault, HaganeError, SpecError
from hagane.serving.endpoint_state import STABLE
from hagane.workflow.deploy import deploy
from hagane.workflow.policy.turn import CANARY, Turn, serving_model, told
from hagane.workflow.undeploy import undeploy


def promote(turn: Turn, why: str, figures: dict[str, float] | None = None) -> None:
    """The candidate gets all traffic; what is found done already is only noted."""
    state = turn.state
    if state.begun is None:
        serving = serving_model(turn.deployed(), besides=state.candidate)
        turn.note("promote", "begun", why, serving=serving.reference, figures=figures)
    own = next((each for each in turn.deployed().models if each.reference == state.candidate), None)
    try:
        if own is None or own.traffic != 100 or CANARY in own.labels:
            deploy(state.candidate, to=turn.endpoint, traffic=100, unlabel=(CANARY,),
                   note=f"policy, attempt {state.attempt}", workspace=turn.workspace)  # fmt: skip
    except HaganeError as error:
        turn.waits = told(error)
        turn.note("promote", "failed", turn.waits)
        return
    turn.note("promote", "done", "it answers all requests")


def roll_back(turn: Turn, why: str, figures: dict[str, float] | None = None) -> None:
    """The canary leaves the endpoint; of a candidate that was promoted, the model before it gets all traffic again."""
    state = turn.state
    if state.begun is None:
        turn.note("rollback", "begun", why, figures=figures)
    try:
        _take_out(turn)
    except HaganeError as error:
        turn.waits = told(error)
        turn.note("rollback", "failed", turn.waits)
        return
    turn.note("rollback", "done", f"{serving_model(turn.deployed()).reference} answers all requests")


def _take_out(turn: Turn) -> None:
    state, endpoint = turn.state, turn.deployed()
    own = next((each for each in endpoint.models if each.reference == state.candidate), None)
    if own is None:
        return
    note = f"policy, attempt {state.attempt}"
    if own.traffic == 100 or STABLE in own.labels:
        if not state.serving:
            raise SpecError(Fault(what=f"it is not known what served before {state.candidate}"))
        deploy(state.serving, to=turn.endpoint, traffic=100, note=note, workspace=turn.workspace)
    else:
        undeploy(own.id, endpoint=turn.endpoint, note=note, workspace=turn.workspace)
