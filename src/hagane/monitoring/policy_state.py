"""`PolicyState`: how far a policy has come, a function of its journal alone; and which step may follow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from hagane.errors import Fault, SpecError
from hagane.monitoring.policy_step import POLICY, Action, PolicyStep

Phase = Literal["idle", "retraining", "evaluating", "accepted", "canary"]
Outcome = Literal["", "promoted", "rolled_back", "rejected"]
MOST_TRIES = 2
"""A training that died is begun again once."""
BY_POLICY: dict[Action, tuple[Phase, ...]] = {
    "retrain": ("idle", "retraining"),
    "evaluate": ("evaluating",),
    "canary": ("accepted",),
    "promote": ("canary",),
    "rollback": ("canary",),
    "reject": ("evaluating", "accepted"),
}
"""In which phases the policy takes a step by itself."""
BY_HAND: dict[Action, tuple[Phase, ...]] = BY_POLICY | {
    "retrain": ("idle",),
    "evaluate": ("evaluating", "accepted"),
    "canary": ("evaluating", "accepted"),
    "promote": ("evaluating", "accepted", "canary"),
    "rollback": ("canary", "idle"),
    "reject": ("retraining", "evaluating", "accepted"),
}
"""In which a person may: who asks for it need not wait for an evaluation."""


class PolicyState(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal's steps have led to."""

    phase: Phase = "idle"
    attempt: int = 0
    """The one that is on, or was last."""
    outcome: Outcome = ""
    """Of the last that came to an end."""
    since: int = 0
    """When the phase began, µs since 1970 UTC."""
    candidate: str = ""
    serving: str = ""
    rows_after: int = 0
    """Rows that came later neither model was trained on."""
    begun: PolicyStep | None = None
    """What was to be done, and is not known to be."""
    tries: int = 0
    """Trainings of this attempt that were begun."""
    is_evaluated: bool = False
    """Whether the candidate was found to be what the policy requires."""
    is_paused: bool = False
    last: PolicyStep | None = None


def state_of(steps: Iterable[PolicyStep]) -> PolicyState:
    """How far they have come.

    >>> state_of([PolicyStep(action="retrain", status="begun", at=5, attempt=1, serving="late@3", rows_after=5),
    ...           PolicyStep(action="retrain", status="done", at=9, attempt=1, model="late@4")]).phase
    'evaluating'
    """
    state = PolicyState()
    for step in steps:
        state = state_after(state, step)
    return state


def state_after(state: PolicyState, step: PolicyStep) -> PolicyState:
    """The state with one step more. Raises SpecError where it cannot follow."""
    check_step(state, step)
    state = msgspec.structs.replace(state, last=step)
    if step.action in ("pause", "resume"):
        return msgspec.structs.replace(state, is_paused=step.action == "pause")
    if step.status == "waiting":
        return state
    if step.status == "begun":
        return _begun(state, step)
    if step.status == "interrupted":
        return msgspec.structs.replace(state, begun=None, tries=max(0, state.tries - 1))
    state = msgspec.structs.replace(state, begun=None)
    return _done(state, step) if step.status == "done" else _failed(state, step)


def check_step(state: PolicyState, step: PolicyStep) -> None:
    """Raise SpecError where the step cannot follow: in another phase, of another attempt, without its intent."""
    if step.action in ("pause", "resume"):
        return
    allowed = (BY_POLICY if step.by == POLICY else BY_HAND)[step.action]
    is_resumed = state.begun is not None and state.begun.action == step.action
    if state.phase not in allowed and not is_resumed:
        told = f"it is {state.phase}" + (f", with {state.candidate}" if state.candidate else "")
        expected = " or ".join(allowed)
        raise SpecError(Fault(what=f"there is nothing to {_VERBS[step.action]} now", expected=expected, received=told,
                              next_step="hagane policy ENDPOINT shows how far it has come"))  # fmt: skip
    if step.action == "rollback" and state.phase == "idle" and not is_resumed and state.outcome != "promoted":
        raise SpecError(Fault(what="the last attempt was not promoted, so there is nothing to roll back"))
    if state.begun is not None and state.begun.action not in (step.action, "retrain"):
        raise SpecError(Fault(what=f"{state.begun.action} was begun, and it is not known what came of it",
                              next_step="hagane monitor ENDPOINT --act finds out"))  # fmt: skip
    expected_attempt = state.attempt + (step.action == "retrain" and state.phase == "idle" and not is_resumed)
    if step.attempt != expected_attempt:
        raise SpecError(Fault(what=f"attempt {step.attempt} is not the one that is on", received=str(expected_attempt)))
    if step.action == "retrain" and step.status == "begun" and state.tries >= MOST_TRIES and state.phase != "idle":
        raise SpecError(Fault(what=f"its training was begun {state.tries} times already"))


_VERBS: dict[Action, str] = {"retrain": "train again", "evaluate": "evaluate", "canary": "deploy",
                             "promote": "promote", "rollback": "roll back", "reject": "reject"}  # fmt: skip


def _begun(state: PolicyState, step: PolicyStep) -> PolicyState:
    if step.action != "retrain":
        return msgspec.structs.replace(state, begun=step)
    if state.phase == "retraining":
        return msgspec.structs.replace(state, begun=step, tries=state.tries + 1)
    return PolicyState(phase="retraining", attempt=step.attempt, outcome=state.outcome, since=step.at, begun=step,
                       serving=step.serving, rows_after=step.rows_after, tries=1, is_paused=state.is_paused,
                       last=step)  # fmt: skip


def _done(state: PolicyState, step: PolicyStep) -> PolicyState:
    match step.action:
        case "retrain":
            return _now(state, step, "evaluating", candidate=step.model, rows_after=step.rows_after or state.rows_after)
        case "evaluate":
            phase: Phase = "accepted" if step.is_accepted else "evaluating"
            return _now(state, step, phase, is_evaluated=step.is_accepted, serving=step.serving or state.serving)
        case "canary":
            return _now(state, step, "canary", serving=step.serving or state.serving)
        case "promote":
            return _now(state, step, "idle", outcome="promoted", serving=step.serving or state.serving)
        case "rollback":
            return _now(state, step, "idle", outcome="rolled_back")
        case _:
            return _now(state, step, "idle", outcome="rejected")


def _failed(state: PolicyState, step: PolicyStep) -> PolicyState:
    """A training, an evaluation and a deployment that cannot be end the attempt; the others are tried again."""
    if step.action in ("retrain", "evaluate", "canary"):
        return _now(state, step, "idle", outcome="rejected")
    return state


def _now(state: PolicyState, step: PolicyStep, phase: Phase, **changes: object) -> PolicyState:
    since = state.since if phase == state.phase else step.at
    return msgspec.structs.replace(state, phase=phase, since=since, **changes)
