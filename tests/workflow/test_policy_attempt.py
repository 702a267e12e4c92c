"""How an attempt of a policy begins, what it trains on, and how its candidate is evaluated."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from policy_world import DAY, HOUR, MOMENT, START, PolicyWorld, rows, told, train_first

import hagane as hg
from hagane.errors import SpecError
from hagane.workflow.deploy import deploy
from hagane.workflow.policy.act_by_hand import act_by_hand
from hagane.workflow.policy.act_on_policy import act_on_policy
from hagane.workflow.policy.policy_report import PolicyReport
from hagane.workspace.workspace import Workspace

CANARY = [("canary", "begun"), ("canary", "done")]
PROMOTED = [("promote", "begun"), ("promote", "done")]
ROLLED_BACK = [("rollback", "begun"), ("rollback", "done")]


def test_drift_that_holds_has_the_model_trained_again(world: PolicyWorld, trainings: list[str]) -> None:
    world.log(120, at=START - 3 * HOUR)
    report = world.act(START - 2 * HOUR + 1)
    assert (told(report), trainings) == ([], [])
    assert report.waits == "nothing has drifted for 2 windows"
    world.log(120, at=START - 2 * HOUR)
    report = world.act(START)
    assert told(report) == [("retrain", "begun"), ("retrain", "failed")]
    assert trainings == [f"policy of tips, attempt 1 of {MOMENT}: {report.new[0].why}"]
    assert report.new[0].why.startswith("paid has been past its threshold for 2 windows: 'c")
    assert report.new[1].why == "no loss was ever this high"
    assert (report.state.outcome, report.waits) == ("rejected", "2h after the last attempt, which was rejected")
    assert told(world.act(START + HOUR)) == [], "the cooldown"
    assert told(world.act(START + 3 * HOUR)) == [("retrain", "begun"), ("retrain", "failed")]


def test_what_has_not_drifted_is_left_alone(world: PolicyWorld, trainings: list[str]) -> None:
    for hour in (4, 3, 2):
        world.log(150, at=START - hour * HOUR, changed=False)
    assert told(world.act(START)) == []
    assert trainings == []


def test_data_that_are_the_same_are_refused(world: PolicyWorld, policy_base: Path) -> None:
    """`tipped@2` was trained on all that the query reads."""
    deploy("tipped@2", to="tips", workspace=world.place)
    report = by_hand_after_a_log(world)
    assert told(report) == [("retrain", "begun"), ("retrain", "failed")]
    assert report.new[1].why.startswith("the data of the spec are the very rows that tipped@2 was trained on")


def by_hand_after_a_log(world: PolicyWorld) -> PolicyReport:
    world.log(10, at=START, by=world.place.endpoints.get("tips").models[0].reference)
    return world.by_hand("retrain")


def test_a_frame_in_memory_cannot_be_read_again(tmp_path: Path) -> None:
    place = Workspace(tmp_path)
    monitoring = {"policy": {}}
    table = pa.table(rows(300, 1, changed=False))
    hg.train(table, label="tipped", model="logistic_reg", workspace=place.root, monitoring=monitoring)
    deploy("tipped", to="tips", workspace=place)
    report = act_by_hand("tips", "retrain", workspace=place, by="ada")
    assert told(report) == [("retrain", "waiting")]
    assert "tipped@1 was trained on a frame in memory" in report.waits


def test_a_column_that_the_log_hides_is_said_before_anything_is_trained(
    world: PolicyWorld, trainings: list[str]
) -> None:
    world.log(10, at=START, sensitive={"paid": "hash"})
    report = world.by_hand("retrain")
    assert (told(report), trainings) == ([("retrain", "waiting")], [])
    assert "the log of 'tips' does not hold 'paid' as it was" in report.waits


def test_an_endpoint_without_a_policy(tmp_path: Path) -> None:
    place = Workspace(tmp_path)
    table = pa.table(rows(300, 1, changed=False))
    hg.train(table, label="tipped", model="logistic_reg", workspace=place.root)
    deploy("tipped", to="tips", workspace=place)
    with pytest.raises(SpecError, match="the model that serves 'tips' declares no policy"):
        act_on_policy("tips", workspace=place)
    assert hg.policy("tips", workspace=place.root).policy is None


def test_the_log_itself_is_trained_on_and_its_newest_rows_are_kept_back(tmp_path: Path) -> None:
    world = PolicyWorld(base_of_log(tmp_path), tmp_path)
    world.log(250, at=START - 3 * HOUR)
    report = world.by_hand("retrain")
    assert told(report) == [("retrain", "waiting")]
    assert "300 labelled rows of the last 90d to train on, and 200 newer ones" in report.waits
    world.log(400, at=START - 2 * HOUR)
    report = world.by_hand("retrain")
    assert told(report) == [("retrain", "begun"), ("retrain", "done")]
    assert report.new[1].figures["num_rows"] == 450
    assert not world.journal.rows_folder.exists(), "rows of people are not kept for longer than they are used"
    report = world.act(START)
    assert told(report)[:3] == [("evaluate", "done"), *CANARY]
    assert report.new[0].figures["num_rows"] == 200
    assert report.new[0].figures["low"] > 0


def base_of_log(folder: Path) -> Path:
    base = folder / "base"
    base.mkdir()
    train_first(base, data="request_log")
    return base


def test_few_labelled_rows_are_waited_for_and_not_for_ever(world: PolicyWorld) -> None:
    world.trained()
    world.log(150, at=START + 1)
    world.log(100, at=START - HOUR)
    world.log(100, at=START + 1000, labelled=False)
    report = world.act(START + HOUR)
    assert report.waits == "for 200 labelled rows that are newer than its training (there are 150)"
    assert told(report) == [("evaluate", "waiting")]
    assert told(world.act(START + DAY)) == [], "said once"
    report = world.act(START + 3 * DAY)
    assert told(report) == [("reject", "done")]
    assert report.new[0].why.endswith("after 2d: there are 150")


def test_by_hand_few_rows_will_do(world: PolicyWorld) -> None:
    world.trained()
    with pytest.raises(SpecError, match="too few labelled rows"):
        by_hand_after(world, 0)
    report = by_hand_after(world, 60)
    assert told(report) == [("evaluate", "done")]
    assert (report.new[0].by, report.state.phase) == ("ada", "accepted")


def by_hand_after(world: PolicyWorld, num_rows: int) -> PolicyReport:
    world.log(max(num_rows, 1), at=START + 1, labelled=bool(num_rows))
    return world.by_hand("evaluate")
