"""The journal of a policy: whole, in order, and held by one process at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from hagane.errors import SpecError, StorageError
from hagane.monitoring.policy_step import PolicyStep
from hagane.workspace.policy_journal import PolicyJournal


def test_what_was_added_is_read_again_and_what_is_waited_for_is_there_once(tmp_path: Path) -> None:
    journal = PolicyJournal(tmp_path, "late")
    assert (journal.steps(), journal.state().phase) == ([], "idle")
    begun = PolicyStep(action="retrain", status="begun", at=1, attempt=1, serving="late@3")
    done = PolicyStep(action="retrain", status="done", at=2, attempt=1, model="late@4", figures={"rows": 3.0})
    waiting = PolicyStep(action="evaluate", status="waiting", at=3, attempt=1, why="for rows")
    assert journal.add(begun, done).candidate == "late@4"
    journal.add(waiting)
    journal.add(PolicyStep(action="evaluate", status="waiting", at=9, attempt=1, why="for rows"))
    assert PolicyJournal(tmp_path, "late").steps() == [begun, done, waiting]


def test_steps_are_kept_all_or_none(tmp_path: Path) -> None:
    journal = PolicyJournal(tmp_path, "late")
    begun = PolicyStep(action="retrain", status="begun", at=1, attempt=1, serving="late@3")
    with pytest.raises(SpecError, match="nothing to promote"):
        journal.add(begun, PolicyStep(action="promote", status="begun", at=2, attempt=1))
    assert journal.steps() == []


def test_one_process_acts_at_a_time(tmp_path: Path) -> None:
    journal = PolicyJournal(tmp_path, "late")
    with journal.acting(), pytest.raises(StorageError, match="another process acts"), journal.acting():
        pass
    with journal.acting():
        pass
