"""What becomes of a policy's canary; what people do meanwhile; what they see."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from policy_world import DAY, HOUR, START, PolicyWorld, told, train_candidate, train_first

import hagane as hg
from hagane.errors import Fault, PreemptedError, SpecError
from hagane.fronts.cli.run import run as run_command
from hagane.serving.server_report import ModelStatus, ServerReport, host_name, start_time
from hagane.workflow import watch_endpoint as watching
from hagane.workflow.deploy import deploy
from hagane.workflow.policy import act_on_policy as module
from hagane.workflow.undeploy import undeploy

CANARY = [("canary", "begun"), ("canary", "done")]
PROMOTED = [("promote", "begun"), ("promote", "done")]
ROLLED_BACK = [("rollback", "begun"), ("rollback", "done")]


def canary(world: PolicyWorld, **log: Any) -> None:
    """`tipped@2` is a canary since START, and 300 rows of each have come."""
    world.accepted()
    world.log(10, at=START - HOUR)
    assert told(world.act(START))[:2] == CANARY
    world.log(300, at=START + 1000)
    world.log(**({"num_rows": 300, "at": START + 2000, "by": "tipped@2"} | log))


def test_a_canary_that_does_well_is_promoted_when_it_was_watched(world: PolicyWorld) -> None:
    canary(world)
    report = world.act(START + HOUR // 2)
    assert told(report) == []
    assert "300 rows, 300 of them labelled, accuracy 0." in report.waits
    assert told(world.act(START + HOUR)) == PROMOTED
    assert world.split() == {"tipped@2": 100}
    assert told(world.by_hand("rollback")) == ROLLED_BACK
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
    world.act(START)
    world.log(300, at=START + 1000, changed=bool(log.get("changed", True)))
    world.log(300, at=START + 2000, by="tipped@2", **log)
    report = world.act(START + HOUR // 2)
    assert told(report) == ROLLED_BACK
    assert why in report.new[0].why
    assert world.split() == {"tipped@1": 100}


def test_a_canary_that_a_server_could_not_load_leaves(world: PolicyWorld) -> None:
    canary(world)
    status = ModelStatus(id=world.model("tipped@2").id, model="tipped", version=2, state="END", error="no memory")
    world.place.endpoints.report(
        ServerReport(endpoint="tips", host=host_name(), process=os.getpid(), started=start_time(), models=(status,))
    )
    report = world.act(START + 1)
    assert told(report) == ROLLED_BACK
    assert report.new[0].why == "a server could not take it: no memory"


def test_labels_that_never_come_end_a_canary(world: PolicyWorld) -> None:
    canary(world, labelled=False)
    assert world.act(START + DAY).waits.startswith("for 100 labelled rows that it answered")
    report = world.act(START + 3 * DAY)
    assert told(report) == ROLLED_BACK
    assert "after 2d" in report.new[0].why


def test_another_version_in_the_traffic_is_waited_for(world: PolicyWorld) -> None:
    world.accepted()
    world.log(10, at=START)
    deploy("tipped@1", to="tips", traffic=100, workspace=world.place)
    spare(world)
    report = world.act(START)
    assert told(report) == [("canary", "waiting")]
    assert "tipped@3 has no part in the traffic any more" in report.waits
    with pytest.raises(SpecError, match="there can be one canary, and tipped@3"):
        world.by_hand("canary")
    undeploy("tipped@3", endpoint="tips", workspace=world.place)
    assert told(world.act(START))[:2] == CANARY


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
    report = world.act(START + 1)
    assert told(report) == [("rollback", "done")]
    assert "took it from the endpoint: undeploy tipped@2" in report.new[0].why


def test_who_gives_a_canary_all_traffic_has_promoted_it(world: PolicyWorld) -> None:
    canary(world)
    deploy("tipped@2", to="tips", workspace=world.place)
    assert told(world.act(START + 1)) == [("promote", "done")]


def test_a_model_that_came_meanwhile_was_not_evaluated_against(world: PolicyWorld) -> None:
    world.accepted()
    world.log(10, at=START)
    spare(world)
    deploy("tipped@3", to="tips", workspace=world.place)
    report = world.act(START)
    assert told(report) == [("reject", "done")]
    assert report.new[0].why == "tipped@3 serves now, against which it was not evaluated"


def test_steps_that_wait_for_a_person(tmp_path: Path, trainings: list[str]) -> None:
    base = tmp_path / "base"
    base.mkdir()
    manual = {"approve": {"retrain": "manual", "canary": "manual", "promote": "manual"}}
    train_candidate(train_first(base, **manual), base)
    world = PolicyWorld(base, tmp_path)
    world.drift()
    report = world.act(START)
    assert (told(report), trainings) == ([("retrain", "waiting")], [])
    assert report.waits.startswith("a person is to say: hagane policy tips retrain (paid has been past its threshold")
    world.accepted()
    assert world.act(START).waits == "a person is to say: hagane policy tips canary"
    world.by_hand("canary")
    world.log(300, at=START + 1000)
    world.log(300, at=START + 2000, by="tipped@2")
    assert world.act(START + 2 * HOUR).waits.endswith("a person is to say: hagane policy tips promote")
    assert told(world.by_hand("promote")) == PROMOTED


def test_a_policy_that_is_paused_does_nothing(world: PolicyWorld) -> None:
    world.accepted()
    world.by_hand("pause")
    assert "ada has paused it" in hg.policy("tips", workspace=world.place.root).waits
    report = world.act(START)
    assert (told(report), report.waits) == ([], "ada has paused it: hagane policy tips resume")
    world.by_hand("resume")
    assert told(world.act(START))[:2] == CANARY


def test_the_commands(world: PolicyWorld, capsys: pytest.CaptureFixture[str]) -> None:
    canary(world)
    where = ["--workspace", str(world.place.root)]
    assert run_command(["policy", "tips", *where]) == 0
    shown = capsys.readouterr().out
    assert "tips: attempt 1, tipped@2 is watched as a canary beside tipped@1" in shown
    assert "waits: until it has been watched for 1h" in shown
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


def test_in_rounds_what_goes_wrong_ends_no_watching(
    world: PolicyWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.accepted()
    world.log(60, at=START - 2 * HOUR, changed=False)
    num_rounds = 0

    def sleep(seconds: float) -> None:
        nonlocal num_rounds
        num_rounds += 1
        if num_rounds == 3:
            raise PreemptedError(Fault(what="told to end (SIGTERM)"))

    watch = watching.watch_endpoint
    monkeypatch.setattr(
        watching, "watch_endpoint", lambda *args, **options: watch(*args, **(options | {"sleep": sleep}))
    )
    command = ["monitor", "tips", "--act", "--every", "1h", "--workspace", str(world.place.root)]
    with world.journal.acting():
        assert run_command(command) != 0
    seen = capsys.readouterr()
    assert seen.err.count("another process acts on the policy of 'tips'") == 3
    assert world.split() == {"tipped@1": 100}
    num_rounds = 0
    assert run_command(command) != 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    steps = [line["step"] for line in lines if line["event"] == "policy_step"]
    assert [(step["action"], step["status"]) for step in steps] == [*CANARY, ("promote", "waiting")]


def test_from_python(world: PolicyWorld) -> None:
    world.accepted()
    world.log(10, at=START)
    report = hg.policy("tips", "act", workspace=world.place.root)
    assert report.state.phase == "canary"
    assert hg.policy("tips", "rollback", why="no", workspace=world.place.root).state.outcome == "rolled_back"
    assert hg.policy("tips", workspace=world.place.root).steps[-2].why == "no"
    assert module.policy_report("tips", workspace=world.place).num_new == 0
