"""A policy that is killed between any two steps, or in a training, goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from policy_world import HOUR, START, PolicyWorld, told

from hagane.errors import Fault, PreemptedError, StorageError
from hagane.monitoring.policy_state import PolicyState
from hagane.monitoring.policy_step import PolicyStep
from hagane.workflow.policy import retrain_candidate
from hagane.workflow.train import TrainResult, train
from hagane.workspace.policy_journal import PolicyJournal

CANARY = [("canary", "begun"), ("canary", "done")]
PROMOTED = [("promote", "begun"), ("promote", "done")]
ROLLED_BACK = [("rollback", "begun"), ("rollback", "done")]


class KilledError(BaseException):
    """In the place of SIGKILL: nothing of ours catches it."""


@pytest.fixture
def killed_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Kill at a moment: 2n before the journal's nth writing from now on, 2n + 1 after it."""
    write = PolicyJournal.add
    left = [-1]

    def add(self: PolicyJournal, *steps: PolicyStep) -> PolicyState:
        left[0] -= 1
        if left[0] == -1:
            raise KilledError
        found = write(self, *steps)
        left[0] -= 1
        if left[0] == -1:
            raise KilledError
        return found

    def kill(moment: int) -> None:
        left[0] = moment if moment >= 0 else -2

    left[0] = -2
    monkeypatch.setattr(PolicyJournal, "add", add)
    return kill


def test_killed_between_intent_and_outcome_it_goes_on(
    policy_base: Path, tmp_path: Path, killed_at: Callable[[int], None]
) -> None:
    """From an accepted candidate to its promotion: whatever the moment, the same journal, revisions and split.

    Six writings: canary and promotion begun and done, and between them twice that it waits; here it is killed after
    each intent, and before each outcome. `test_killed_policy` kills for good, at every moment.
    """
    for moment in (1, 2, 9, 10):
        folder = tmp_path / str(moment)
        folder.mkdir()
        world = PolicyWorld(policy_base, folder)
        world.accepted()
        world.log(10, at=START - HOUR)
        num_killed = 0
        killed_at(moment)
        for at in (START, START, START + 2 * HOUR, START + 2 * HOUR):
            try:
                world.act(at)
            except KilledError:
                num_killed += 1
            if "tipped@2" in world.split() and world.num_logged == 10:
                world.log(300, at=START + 1000)
                world.log(300, at=START + 2000, by="tipped@2")
        killed_at(-1)
        done = [(step.action, step.status) for step in world.journal.steps()[3:] if step.status != "waiting"]
        assert done == [*CANARY, *PROMOTED], moment
        assert world.split() == {"tipped@2": 100}
        assert world.revisions() == ["deploy tipped@1, traffic 100",
                                     "deploy tipped@2, traffic 20, label canary (policy, attempt 1)",
                                     "deploy tipped@2, traffic 100 (policy, attempt 1)"]  # fmt: skip
        assert num_killed == 1, moment


def test_a_training_that_had_ended_is_found_and_one_that_died_twice_has_failed(
    world: PolicyWorld, trainings: list[str]
) -> None:
    begun = PolicyStep(action="retrain", status="begun", at=START, attempt=1, why="it drifts", serving="tipped@1",
                       rows_after=START)  # fmt: skip
    world.steps(begun)
    world.log(10, at=START)
    report = world.act(START + 5)
    assert told(report) == [("retrain", "done"), ("evaluate", "waiting")], "tipped@2 says that it is of this attempt"
    assert (report.state.candidate, report.state.rows_after, trainings) == ("tipped@2", START + 5, [])


def test_a_training_that_died_is_begun_again_once(world: PolicyWorld, trainings: list[str]) -> None:
    world.place.delete("tipped@2")
    begun = PolicyStep(action="retrain", status="begun", at=START, attempt=1, serving="tipped@1", rows_after=START)
    world.steps(begun)
    assert told(world.act(START)) == [("retrain", "begun"), ("retrain", "failed")]
    assert len(trainings) == 1
    again = PolicyStep(action="retrain", status="begun", at=START, attempt=2, serving="tipped@1", rows_after=START)
    world.steps(again, again)
    report = world.act(START)
    assert told(report) == [("retrain", "failed")]
    assert report.new[0].why == "its training died 2 times"


def test_a_training_that_is_told_to_end_goes_on_later(world: PolicyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(*_: Any, **__: Any) -> TrainResult:
        raise PreemptedError(Fault(what="told to end (SIGTERM)"))

    monkeypatch.setattr(retrain_candidate, "train", ends)
    world.log(10, at=START)
    with pytest.raises(PreemptedError):
        world.by_hand("retrain")
    state = world.journal.state()
    assert (state.phase, state.tries, state.begun) == ("retraining", 0, None)
    monkeypatch.setattr(retrain_candidate, "train", train)
    report = world.act(START)
    assert [step.status for step in report.new][:2] == ["done", "waiting"], "tipped@2 was made in attempt 1"


def test_one_process_acts_at_a_time(world: PolicyWorld) -> None:
    with world.journal.acting(), pytest.raises(StorageError, match="another process acts"):
        world.act(START)
