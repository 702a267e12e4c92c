"""What a policy makes of a log, step by step; killed between any two of them; by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from policy_world import DAY, HOUR, START, PolicyWorld, rows, told, train_candidate, train_first

import hagane as hg
from hagane.errors import Fault, PreemptedError, SpecError, StorageError, TrainingError
from hagane.fronts.cli.run import run as run_command
from hagane.monitoring.policy_state import PolicyState
from hagane.monitoring.policy_step import PolicyStep
from hagane.workflow.deploy import deploy
from hagane.workflow.policy import act_on_policy as module
from hagane.workflow.policy import retrain_candidate
from hagane.workflow.policy.act_by_hand import act_by_hand
from hagane.workflow.policy.act_on_policy import act_on_policy
from hagane.workflow.policy.policy_report import PolicyReport
from hagane.workflow.train import TrainResult, train
from hagane.workflow.undeploy import undeploy
from hagane.workspace.policy_journal import PolicyJournal
from hagane.workspace.workspace import Workspace

CANARY = [("canary", "begun"), ("canary", "done")]
PROMOTED = [("promote", "begun"), ("promote", "done")]
ROLLED_BACK = [("rollback", "begun"), ("rollback", "done")]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    train_candidate(train_first(folder), folder)
    return folder


@pytest.fixture
def world(base: Path, tmp_path: Path) -> PolicyWorld:
    return PolicyWorld(base, tmp_path)


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """In the place of trainings: what each was to be told of its occasion; they make nothing."""
    asked: list[str] = []

    def refuses(*_: Any, occasion: str, **__: Any) -> TrainResult:
        asked.append(occasion)
        raise TrainingError(Fault(what="no loss was ever this high"))

    monkeypatch.setattr(retrain_candidate, "train", refuses)
    return asked


def act(world: PolicyWorld, at: int) -> PolicyReport:
    return act_on_policy("tips", workspace=world.place, now=at)


def by_hand(world: PolicyWorld, action: str, at: int = START) -> PolicyReport:
    return act_by_hand("tips", action, workspace=world.place, by="ada", now=at)


def canary(world: PolicyWorld, **log: Any) -> None:
    """`tipped@2` is a canary since START, and 300 rows of each have come."""
    world.accepted()
    world.log(10, at=START - HOUR)
    assert told(act(world, START))[:2] == CANARY
    world.log(300, at=START + 1000)
    world.log(**({"num_rows": 300, "at": START + 2000, "by": "tipped@2"} | log))


# what begins an attempt


def test_drift_that_holds_has_the_model_trained_again(world: PolicyWorld, trainings: list[str]) -> None:
    world.log(120, at=START - 3 * HOUR)
    report = act(world, START - 2 * HOUR + 1)
    assert (told(report), trainings) == ([], [])
    assert report.waits == "nothing has drifted for 2 windows"
    world.log(120, at=START - 2 * HOUR)
    report = act(world, START)
    assert told(report) == [("retrain", "begun"), ("retrain", "failed")]
    assert trainings == [f"policy of tips, attempt 1: {report.new[0].why}"]
    assert report.new[0].why.startswith("paid has been past its threshold for 2 windows: 'c")
    assert report.new[1].why == "no loss was ever this high"
    assert (report.state.outcome, report.waits) == ("rejected", "2h after the last attempt, which was rejected")
    assert told(act(world, START + HOUR)) == [], "the cooldown"
    assert told(act(world, START + 3 * HOUR)) == [("retrain", "begun"), ("retrain", "failed")]


def test_what_has_not_drifted_is_left_alone(world: PolicyWorld, trainings: list[str]) -> None:
    for hour in (4, 3, 2):
        world.log(150, at=START - hour * HOUR, changed=False)
    assert told(act(world, START)) == []
    assert trainings == []


def test_data_that_are_the_same_are_refused(world: PolicyWorld, base: Path) -> None:
    """`tipped@2` was trained on all that the query reads."""
    deploy("tipped@2", to="tips", workspace=world.place)
    report = by_hand_after_a_log(world)
    assert told(report) == [("retrain", "begun"), ("retrain", "failed")]
    assert report.new[1].why.startswith("the data of the spec are the very rows that tipped@2 was trained on")


def by_hand_after_a_log(world: PolicyWorld) -> PolicyReport:
    world.log(10, at=START, by=world.place.endpoints.get("tips").models[0].reference)
    return by_hand(world, "retrain")


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
    report = by_hand(world, "retrain")
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


# the log as training data


def test_the_log_itself_is_trained_on_and_its_newest_rows_are_kept_back(tmp_path: Path) -> None:
    world = PolicyWorld(base_of_log(tmp_path), tmp_path)
    world.log(250, at=START - 3 * HOUR)
    report = by_hand(world, "retrain")
    assert told(report) == [("retrain", "waiting")]
    assert "300 labelled rows of the last 90d to train on, and 200 newer ones" in report.waits
    world.log(400, at=START - 2 * HOUR)
    report = by_hand(world, "retrain")
    assert told(report) == [("retrain", "begun"), ("retrain", "done")]
    assert report.new[1].figures["num_rows"] == 450
    assert list(world.journal.rows_folder.iterdir()) == [world.journal.rows_folder / "attempt-1.parquet"]
    report = act(world, START)
    assert told(report)[:3] == [("evaluate", "done"), *CANARY]
    assert report.new[0].figures["num_rows"] == 200
    assert report.new[0].figures["low"] > 0
    assert told(by_hand(world, "rollback")) == ROLLED_BACK
    assert not world.journal.rows_folder.exists(), "rows of people are not kept for longer than they are used"


def base_of_log(folder: Path) -> Path:
    base = folder / "base"
    base.mkdir()
    train_first(base, data="request_log")
    return base


# the evaluation


def test_few_labelled_rows_are_waited_for_and_not_for_ever(world: PolicyWorld) -> None:
    world.trained()
    world.log(150, at=START + 1)
    world.log(100, at=START - HOUR)
    world.log(100, at=START + 1000, labelled=False)
    report = act(world, START + HOUR)
    assert report.waits == "for 200 labelled rows that are newer than its training (there are 150)"
    assert told(report) == [("evaluate", "waiting")]
    assert told(act(world, START + DAY)) == [], "said once"
    report = act(world, START + 3 * DAY)
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
    return by_hand(world, "evaluate")


# the canary


def test_a_canary_that_does_well_is_promoted_when_it_was_watched(world: PolicyWorld) -> None:
    canary(world)
    report = act(world, START + HOUR // 2)
    assert told(report) == []
    assert "300 rows, 300 of them labelled, accuracy 0." in report.waits
    assert told(act(world, START + HOUR)) == PROMOTED
    assert world.split() == {"tipped@2": 100}
    assert told(by_hand(world, "rollback")) == ROLLED_BACK
    assert world.split() == {"tipped@1": 100}


@pytest.mark.parametrize(
    ("log", "why"),
    [
        ({"changed": False}, "tipped@1 is better: the difference in accuracy"),
        ({"num_errors": 60}, "it errs on more rows than tipped@1: 60 of 300 against 0 of 300"),
        ({"seconds": 0.003}, "the 95th percentile of its run times is 3.0 times that of tipped@1"),
    ],
)
def test_a_canary_that_does_badly_leaves_at_once(world: PolicyWorld, log: dict[str, Any], why: str) -> None:
    world.accepted()
    world.log(10, at=START - HOUR)
    act(world, START)
    world.log(300, at=START + 1000, changed=bool(log.get("changed", True)))
    world.log(300, at=START + 2000, by="tipped@2", **log)
    report = act(world, START + HOUR // 2)
    assert told(report) == ROLLED_BACK
    assert why in report.new[0].why
    assert world.split() == {"tipped@1": 100}


def test_labels_that_never_come_end_a_canary(world: PolicyWorld) -> None:
    canary(world, labelled=False)
    assert act(world, START + DAY).waits.startswith("for 100 labelled rows that it answered")
    report = act(world, START + 3 * DAY)
    assert told(report) == ROLLED_BACK
    assert "after 2d" in report.new[0].why


def test_another_version_in_the_traffic_is_waited_for(world: PolicyWorld) -> None:
    world.accepted()
    world.log(10, at=START)
    deploy("tipped@1", to="tips", traffic=100, workspace=world.place)
    spare(world)
    report = act(world, START)
    assert told(report) == [("canary", "waiting")]
    assert "tipped@3 has no part in the traffic any more" in report.waits
    with pytest.raises(SpecError, match="there can be one canary, and tipped@3"):
        by_hand(world, "canary")
    undeploy("tipped@3", endpoint="tips", workspace=world.place)
    assert told(act(world, START))[:2] == CANARY


def spare(world: PolicyWorld) -> None:
    """A version of somebody else's, with a part of the traffic."""
    import shutil

    with world.place.new_version("tipped") as slot:
        shutil.copytree(world.place.get("tipped@1").path, slot.path)
        first = world.place.get("tipped@1")
        slot.publish(model_type=first.model_type, task="classification", label="tipped", metric=("roc_auc", 0.5),
                     num_rows=1, spec=hg.Spec(data="f.csv", label="tipped"))  # fmt: skip
    deploy("tipped@3", to="tips", traffic=30, workspace=world.place)


def test_what_people_do_to_the_endpoint_is_noted(world: PolicyWorld) -> None:
    canary(world)
    undeploy("tipped@2", endpoint="tips", workspace=world.place)
    report = act(world, START + 1)
    assert told(report) == [("rollback", "done")]
    assert "took it from the endpoint: undeploy tipped@2" in report.new[0].why


def test_who_gives_a_canary_all_traffic_has_promoted_it(world: PolicyWorld) -> None:
    canary(world)
    deploy("tipped@2", to="tips", workspace=world.place)
    assert told(act(world, START + 1)) == [("promote", "done")]


def test_a_model_that_came_meanwhile_was_not_evaluated_against(world: PolicyWorld) -> None:
    world.accepted()
    world.log(10, at=START)
    spare(world)
    deploy("tipped@3", to="tips", workspace=world.place)
    report = act(world, START)
    assert told(report) == [("reject", "done")]
    assert report.new[0].why == "tipped@3 serves now, against which it was not evaluated"


# approvals, pauses


def test_steps_that_wait_for_a_person(tmp_path: Path, trainings: list[str]) -> None:
    base = tmp_path / "base"
    base.mkdir()
    manual = {"approve": {"retrain": "manual", "canary": "manual", "promote": "manual"}}
    train_candidate(train_first(base, **manual), base)
    world = PolicyWorld(base, tmp_path)
    world.drift()
    report = act(world, START)
    assert (told(report), trainings) == ([("retrain", "waiting")], [])
    assert report.waits.startswith("a person is to say: hagane policy tips retrain (paid has been past its threshold")
    world.accepted()
    assert act(world, START).waits == "a person is to say: hagane policy tips canary"
    by_hand(world, "canary")
    world.log(300, at=START + 1000)
    world.log(300, at=START + 2000, by="tipped@2")
    assert act(world, START + 2 * HOUR).waits.endswith("a person is to say: hagane policy tips promote")
    assert told(by_hand(world, "promote")) == PROMOTED


def test_a_policy_that_is_paused_does_nothing(world: PolicyWorld) -> None:
    world.accepted()
    by_hand(world, "pause")
    report = act(world, START)
    assert (told(report), report.waits) == ([], "ada has paused it: hagane policy tips resume")
    by_hand(world, "resume")
    assert told(act(world, START))[:2] == CANARY


# killed


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
    base: Path, tmp_path: Path, killed_at: Callable[[int], None]
) -> None:
    """From an accepted candidate to its promotion: whatever the moment, the same journal, revisions and split.

    Six writings: canary and promotion begun and done, and between them twice that it waits; here it is killed after
    each intent, and before each outcome. `test_killed_policy` kills for good, at every moment.
    """
    for moment in (1, 2, 9, 10):
        folder = tmp_path / str(moment)
        folder.mkdir()
        world = PolicyWorld(base, folder)
        world.accepted()
        world.log(10, at=START - HOUR)
        num_killed = 0
        killed_at(moment)
        for at in (START, START, START + 2 * HOUR, START + 2 * HOUR):
            try:
                act(world, at)
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
    report = act(world, START + 5)
    assert told(report) == [("retrain", "done"), ("evaluate", "waiting")], "tipped@2 says that it is of this attempt"
    assert (report.state.candidate, report.state.rows_after, trainings) == ("tipped@2", START + 5, [])


def test_a_training_that_died_is_begun_again_once(world: PolicyWorld, trainings: list[str]) -> None:
    world.place.delete("tipped@2")
    begun = PolicyStep(action="retrain", status="begun", at=START, attempt=1, serving="tipped@1", rows_after=START)
    world.steps(begun)
    assert told(act(world, START)) == [("retrain", "begun"), ("retrain", "failed")]
    assert len(trainings) == 1
    again = PolicyStep(action="retrain", status="begun", at=START, attempt=2, serving="tipped@1", rows_after=START)
    world.steps(again, again)
    report = act(world, START)
    assert told(report) == [("retrain", "failed")]
    assert report.new[0].why == "its training died 2 times"


def test_a_training_that_is_told_to_end_goes_on_later(world: PolicyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(*_: Any, **__: Any) -> TrainResult:
        raise PreemptedError(Fault(what="told to end (SIGTERM)"))

    monkeypatch.setattr(retrain_candidate, "train", ends)
    world.log(10, at=START)
    with pytest.raises(PreemptedError):
        by_hand(world, "retrain")
    state = world.journal.state()
    assert (state.phase, state.tries, state.begun) == ("retraining", 0, None)
    monkeypatch.setattr(retrain_candidate, "train", train)
    report = act(world, START)
    assert [step.status for step in report.new][:2] == ["done", "waiting"], "tipped@2 was made in attempt 1"


def test_one_process_acts_at_a_time(world: PolicyWorld) -> None:
    with world.journal.acting(), pytest.raises(StorageError, match="another process acts"):
        act(world, START)


# what a person sees


def test_the_commands(world: PolicyWorld, capsys: pytest.CaptureFixture[str]) -> None:
    canary(world)
    where = ["--workspace", str(world.place.root)]
    assert run_command(["policy", "tips", *where]) == 0
    shown = capsys.readouterr().out
    assert "tips: attempt 1, tipped@2 is watched as a canary beside tipped@1" in shown
    assert "canary done  tipped@2  by policy" in shown
    assert run_command(["policy", "tips", "promotte", *where]) != 0
    assert "did you mean: promote" in capsys.readouterr().err
    assert run_command(["policy", "tips", "promote", "--why", "seen", "--json", *where]) == 0
    document = json.loads(capsys.readouterr().out)["policy"]
    assert (document["state"]["outcome"], document["steps"][-2]["why"]) == ("promoted", "seen")
    assert run_command(["policy", "tips", "evaluate", *where]) != 0
    assert "there is nothing to evaluate now" in capsys.readouterr().err
    assert run_command(["policy", "tip", *where]) != 0
    assert "tips" in capsys.readouterr().err


def test_monitoring_acts(world: PolicyWorld, trainings: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    world.accepted()
    world.log(60, at=START - 2 * HOUR, changed=False)
    where = ["--workspace", str(world.place.root)]
    assert run_command(["monitor", "tips", "--act", *where]) == 0
    told_lines = capsys.readouterr()
    assert "policy: canary tipped@2 done: it answers 20 % of the requests" in told_lines.out
    assert "it waits: until it has been watched for 1h" in told_lines.err
    assert run_command(["monitor", "tips", "--act", "--json", *where]) == 0
    assert json.loads(capsys.readouterr().out)["policy"]["state"]["phase"] == "canary"


def test_from_python(world: PolicyWorld) -> None:
    world.accepted()
    world.log(10, at=START)
    report = hg.policy("tips", "act", workspace=world.place.root)
    assert report.state.phase == "canary"
    assert hg.policy("tips", "rollback", why="no", workspace=world.place.root).state.outcome == "rolled_back"
    assert hg.policy("tips", workspace=world.place.root).steps[-2].why == "no"
    assert module.policy_report("tips", workspace=world.place).num_new == 0
