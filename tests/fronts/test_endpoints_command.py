"""`hagane deploy`, `undeploy`, `rollback`, `endpoints`, and their like in Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import hagane as hg
from hagane.fronts.cli.render_endpoints import render_endpoint, render_mirrors
from hagane.fronts.cli.run import run
from hagane.serving.magnitudes import Magnitudes
from hagane.serving.mirror_comparison import LabelComparison, MirrorComparison
from hagane.serving.server_report import ModelStatus, ServerReport
from hagane.workspace.workspace import Workspace

rich_console = pytest.importorskip("rich.console")


@pytest.fixture
def say(at_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command; its stdout, or its stderr where it must fail. The endpoints are gone afterwards."""
    monkeypatch.setenv("COLUMNS", "120")

    def said(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        found = run(arguments)
        told = capsys.readouterr()
        assert found == code, told.err
        return told.err if code else told.out

    yield said
    place = Workspace()
    for state in place.endpoints.list():
        place.endpoints.delete(state.name)


def shown(renderable: Any) -> str:
    console = rich_console.Console(width=120)
    with console.capture() as lines:
        console.print(renderable)
    return str(lines.get())


def test_to_serve_an_endpoint_as_a_model_tells_how(say):
    say("deploy", "late@1", "--to", "prod")
    assert "hagane serve --endpoint prod" in say("serve", "prod", code=8)


def test_from_the_first_deployment_to_the_last(say):
    text = say("deploy", "late@1", "--to", "prod")
    assert "deploy late@1, traffic 100" in text
    assert "stable" in text
    told = json.loads(say("deploy", "late@2", "--to", "prod", "--traffic", "10", "--label", "canary", "--json"))
    split = told["endpoint"]["traffic_split"]
    assert sorted(split.values()) == [10, 90]
    assert set(split) == {model["id"] for model in told["endpoint"]["models"]}
    assert "buckets" not in told["endpoint"]
    assert "late@1 90%, late@2 10%" in say("endpoints", "list")
    say("endpoints", "update", "prod", "--traffic", "stable=50", "--traffic", "canary=50", "--label", "blue=late@2")
    assert "blue, canary" in say("endpoints", "show", "prod")
    assert "prod is" not in say("rollback", "prod")
    say("undeploy", "canary", "--from", "prod")
    history = say("endpoints", "history", "prod")
    assert "undeploy late@2" in history
    assert "rollback to revision 2" in history
    assert "nothing was mirrored" in say("endpoints", "compare", "prod")
    assert "late@1 is deployed to prod" in say("models", "delete", "late@1", "--yes", code=73)
    assert "say --yes" in say("endpoints", "delete", "prod", code=2)
    assert "deleted prod" in say("endpoints", "delete", "prod", "--yes")
    assert "no endpoints" in say("endpoints", "list")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("deploy", "lat@1"), 8, "no model 'lat'"),
        (("deploy", "late", "--traffic", "7"), 3, "sums to 7"),
        (("undeploy", "late", "--from", "nowhere"), 8, "no endpoint 'nowhere'"),
        (("rollback", "nowhere"), 8, "hagane deploy MODEL --to nowhere"),
        (("endpoints", "update", "x"), 2, "say what is to change"),
        (("endpoints", "update", "x", "--traffic", "a=b"), 2, "expected a whole percentage"),
    ],
)
def test_what_cannot_be_done_is_told(say, arguments, code, told):
    assert told in say(*arguments, code=code)


def test_what_servers_tell_is_shown(say):
    say("deploy", "late@1", "--to", "prod")
    statuses = (
        ModelStatus(id="1", model="late", version=1, state="AVAILABLE"),
        ModelStatus(id="2", model="late", version=2, state="END", error="model.onnx is damaged"),
    )
    server = {"endpoint": "prod", "host": "here", "process": 7, "started": 1.0, "url": "http://127.0.0.1:8080"}
    state = Workspace().endpoints.get("prod")
    refused = ServerReport(**server, revision=1, wanted_revision=2, models=statuses, problem="late@2 does not load")
    text = shown(render_endpoint(state, [refused]))
    assert "late@1 available, late@2 end" in text
    assert "revision 2 was not taken, revision 1 goes on: late@2 does not load" in text
    assert "model.onnx is damaged" in text
    waiting = ServerReport(**server, revision=1, wanted_revision=2, models=statuses[:1])
    assert "taking up revision 2" in shown(render_endpoint(state, [waiting]))


def test_comparisons_are_shown_with_what_went_wrong():
    import numpy as np

    label = LabelComparison(
        label="late",
        num_rows=200,
        num_agreed=190,
        is_classification=True,
        differences=Magnitudes.of(np.full(200, 0.25)),
    )
    one = MirrorComparison(
        endpoint="prod", served="1", mirrored="2", served_reference="late@1", mirrored_reference="late@2",
        num_requests=100, num_rows=200, num_errors_mirrored=3, num_refused=2, num_dropped=1, num_incomparable=4,
        served_seconds=0.1, mirrored_seconds=0.2, labels=(label, LabelComparison(label="empty")),
    )  # fmt: skip
    text = shown(render_mirrors([one]))
    for told in (
        "late@2 beside late@1",
        "95",
        "0.25",
        "3 on the mirrored one alone",
        "refused: 2",
        "waited: 1",
        "2.00 ms",
    ):
        assert told in text
    assert one.as_json()["labels"][0]["agreement"] == 0.95


def test_python_does_the_same(at_home):
    try:
        first = hg.deploy(hg.load("late@1"), "py")
        second = hg.deploy("late@2", "py", traffic=20, labels=["canary"])
        third = hg.update_endpoint("py", traffic_split={"stable": 60, "canary": 40}, key_header="X-User")
        assert [model.traffic for model in second.models] == [80, 20]
        assert [model.traffic for model in third.models] == [60, 40]
        assert hg.rollback("py").models == second.models
        assert [model.reference for model in hg.undeploy("canary", "py").models] == ["late@1"]
        assert [state.name for state in hg.endpoints()] == ["py"]
        assert first.revision == 1
    finally:
        Workspace().endpoints.delete("py")
