"""How far a policy has come: by its journal alone, whatever is tried."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.errors import SpecError
from hagane.monitoring.policy_state import MOST_TRIES, PolicyState, state_after, state_of
from hagane.monitoring.policy_step import PolicyStep


def step(action: Any, status: Any = "done", **more: Any) -> PolicyStep:
    return PolicyStep(**({"action": action, "status": status, "at": 1, "attempt": 1} | more))


RETRAINED = [step("retrain", "begun", serving="late@3", rows_after=7), step("retrain", model="late@4", at=2)]
ACCEPTED = [*RETRAINED, step("evaluate", is_accepted=True, at=3)]
CANARY = [*ACCEPTED, step("canary", "begun"), step("canary", at=5)]


def test_the_way_of_a_candidate_that_is_better() -> None:
    phases = [state_of(CANARY[:number]).phase for number in range(len(CANARY) + 1)]
    assert phases == ["idle", "retraining", "evaluating", "accepted", "accepted", "canary"]
    state = state_of(CANARY)
    assert (state.candidate, state.serving, state.rows_after, state.since) == ("late@4", "late@3", 7, 5)
    promoted = state_of([*CANARY, step("promote", "begun"), step("promote")])
    assert (promoted.phase, promoted.outcome) == ("idle", "promoted")
    again = state_after(promoted, step("retrain", "begun", attempt=2, serving="late@4"))
    assert (again.phase, again.attempt, again.candidate, again.is_evaluated) == ("retraining", 2, "", False)


@pytest.mark.parametrize(
    ("steps", "more", "outcome"),
    [
        (RETRAINED[:1], [step("retrain", "failed")], "rejected"),
        (RETRAINED, [step("evaluate"), step("reject")], "rejected"),
        (ACCEPTED, [step("canary", "begun"), step("canary", "failed")], "rejected"),
        (CANARY, [step("rollback", "begun"), step("rollback")], "rolled_back"),
    ],
)
def test_how_an_attempt_ends(steps: list[PolicyStep], more: list[PolicyStep], outcome: str) -> None:
    state = state_of([*steps, *more])
    assert (state.phase, state.outcome, state.begun) == ("idle", outcome, None)


@pytest.mark.parametrize(
    ("steps", "more", "told"),
    [
        ([], step("canary", "begun", attempt=0), "nothing to deploy"),
        (RETRAINED, step("canary", "begun"), "nothing to deploy"),
        (RETRAINED, step("promote", "begun"), "nothing to promote"),
        (CANARY, step("canary", "begun"), "nothing to deploy"),
        (CANARY, step("retrain", "begun"), "nothing to train again"),
        (CANARY, step("promote", attempt=2), "not the one that is on"),
        (ACCEPTED, step("rollback", "begun", by="ada"), "nothing to roll back"),
        ([], step("rollback", "begun", by="ada", attempt=0), "was not promoted"),
        ([*ACCEPTED, step("canary", "begun")], step("reject"), "it is not known what came of it"),
    ],
)
def test_what_cannot_follow(steps: list[PolicyStep], more: PolicyStep, told: str) -> None:
    with pytest.raises(SpecError, match=told):
        state_after(state_of(steps), more)


def test_a_training_that_died_is_begun_again_once_and_one_that_was_told_to_end_as_often_as_need_be() -> None:
    begun = step("retrain", "begun", serving="late@3")
    state = state_of([begun] * MOST_TRIES)
    with pytest.raises(SpecError, match="2 times already"):
        state_after(state, begun)
    assert state_of([begun, step("retrain", "interrupted")] * 5).tries == 0


def test_by_hand_a_candidate_may_be_deployed_unseen() -> None:
    state = state_of([*RETRAINED, step("promote", "begun", by="ada"), step("promote", by="ada")])
    assert (state.outcome, state.is_evaluated) == ("promoted", False)
    back = state_after(state, step("rollback", by="ada"))
    assert back.outcome == "rolled_back"


STEPS = st.builds(
    PolicyStep,
    action=st.sampled_from(["retrain", "evaluate", "canary", "promote", "rollback", "reject", "pause", "resume"]),
    status=st.sampled_from(["begun", "done", "waiting", "failed", "interrupted"]),
    at=st.integers(0, 100),
    attempt=st.integers(0, 3),
    by=st.sampled_from(["policy", "policy", "policy", "ada"]),
    is_accepted=st.booleans(),
)


@given(st.lists(STEPS, max_size=60))
def test_no_order_of_events_leads_to_two_canaries_or_promotes_what_was_not_evaluated(tried: list[PolicyStep]) -> None:
    """Random steps, each in the attempt that is on half of the time; those that cannot follow change nothing."""
    state, kept = PolicyState(), list[PolicyStep]()
    num_canaries = 0
    for one in tried:
        next_attempt = state.attempt + (one.action == "retrain" and state.phase == "idle")
        event = msgspec.structs.replace(one, attempt=next_attempt) if one.at % 2 else one
        before = state
        try:
            state = state_after(before, event)
        except SpecError:
            continue
        kept.append(event)
        if before.phase != "canary" and state.phase == "canary":
            num_canaries += 1
        if before.phase == "canary" and state.phase != "canary":
            num_canaries -= 1
        assert 0 <= num_canaries <= 1
        if event.action == "canary" and event.status == "done":
            assert before.phase != "canary"
        if (event.action, event.status, event.by) == ("promote", "begun", "policy"):
            own = [each for each in kept if each.attempt == event.attempt and each.status in ("begun", "done")]
            assert before.is_evaluated or any(each.by != "policy" for each in own)
    assert state_of(kept) == state
