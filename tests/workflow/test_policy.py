"""A policy from first to last: a model, a server, a world that changes, and what is done about it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hagane as hg
from hagane.errors import SpecError
from hagane.serving import ServerThread
from hagane.serving.request_log.log_options import LogOptions
from hagane.serving.request_log.log_settings import LogSettings
from hagane.workflow.deploy import deploy
from hagane.workflow.feedback import add_feedback
from hagane.workflow.monitor import monitor
from hagane.workflow.policy.act_by_hand import act_by_hand
from hagane.workflow.policy.act_on_policy import act_on_policy
from hagane.workflow.policy.policy_report import PolicyReport
from hagane.workflow.request_log import list_logs
from hagane.workspace.endpoint_in_workspace import EndpointInWorkspace
from hagane.workspace.workspace import Workspace

httpx = pytest.importorskip("httpx")
HOUR, DAY = 3_600_000_000, 86_400_000_000
POLICY = {"retrain_after": 1, "min_rows": 200, "watch": "1h", "watch_rows": 100, "canary": 50, "cooldown": "1h",
          "min_train_rows": 300}  # fmt: skip


def rows(num_rows: int, seed: int, *, changed: bool) -> dict[str, list[Any]]:
    """`tipped` goes with long trips, and after the change with short ones; the share of cash falls with it."""
    random = np.random.default_rng(seed)
    miles, cash = random.gamma(4.0, 2.0, num_rows), random.random(num_rows) < (0.1 if changed else 0.7)
    chance = 1 / (1 + np.exp((1.0 if changed else -1.0) * (miles - 8.0)))
    return {
        "miles": miles.tolist(),
        "paid": np.where(cash, "cash", "card").tolist(),
        "tipped": (random.random(num_rows) < chance).tolist(),
        "tip": (10 * chance + random.normal(size=num_rows)).tolist(),
    }


class World:
    """A workspace with an endpoint, its server, and callers who tell later what came true."""

    def __init__(self, folder: Path, *, label: str = "tipped", model: str = "logistic_reg") -> None:
        self.place, self.folder, self.num_asked = Workspace(folder / "home"), folder, 0
        self.server: ServerThread | None = None
        self.add_rows("old", rows(1500, 1, changed=False))
        self.label = label
        hg.train(
            f"SELECT miles, paid, {label} FROM '{folder}/rows_*.parquet'",
            label=label,
            model=model,
            workspace=self.place.root,
            monitoring={"every": "hour", "alert_after": 1, "min_rows": 50, "policy": POLICY},
        )
        deploy(label, to="tips", workspace=self.place)

    def __enter__(self) -> World:
        where = EndpointInWorkspace(root=str(self.place.root), name="tips")
        log = LogSettings(logs=str(self.place.logs_folder), endpoint="tips", options=LogOptions(flush_seconds=0.05))
        self.server = ServerThread(endpoint=where, request_log=log).__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        assert self.server is not None
        self.server.__exit__(*error)  # type: ignore[arg-type]

    def add_rows(self, name: str, columns: dict[str, list[Any]]) -> None:
        pq.write_table(pa.table(columns), self.folder / f"rows_{name}.parquet")

    def ask(self, num_rows: int, seed: int, *, changed: bool = True) -> None:
        """Requests of a row each to the server, once it has followed the endpoint; then the truth."""
        assert self.server is not None
        endpoints = self.place.endpoints
        wait_until(lambda: [each.revision for each in endpoints.reports("tips")] == [endpoints.get("tips").revision])
        asked, ids = rows(num_rows, seed, changed=changed), []
        with httpx.Client(trust_env=False) as client:
            for number in range(num_rows):
                instance = {"miles": asked["miles"][number], "paid": asked["paid"][number]}
                self.num_asked += 1
                ids.append(f"r{self.num_asked}")
                answer = client.post(f"{self.server.url}/predict", json={"instances": [instance]},
                                     headers={"X-Request-Id": ids[-1]})  # fmt: skip
                assert answer.status_code == 200
        wait_until(lambda: list_logs(self.place)[0].num_rows == self.num_asked)
        add_feedback(pa.table({"request_id": ids, "truth": asked[self.label]}), "tips", workspace=self.place)

    def act(self, *, later: int = 0) -> PolicyReport:
        return act_on_policy("tips", workspace=self.place, now=now() + later)

    def act_on_drift(self) -> PolicyReport:
        """As soon as the hour is over."""
        seen = monitor("tips", workspace=self.place, now=now() + HOUR)
        assert "paid" in seen.drifted
        return act_on_policy("tips", workspace=self.place, report=seen, now=now())

    def split(self) -> dict[str, int]:
        return {each.reference: each.traffic for each in self.place.endpoints.get("tips").models}


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def now() -> int:
    return int(time.time() * 1e6)


def told(report: PolicyReport) -> list[tuple[str, str]]:
    return [(step.action, step.status) for step in report.new]


RETRAINED = [("retrain", "begun"), ("retrain", "done")]


def test_a_world_that_changes_gets_a_model_that_knows_it(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.ask(150, 2)
        world.add_rows("new", rows(4000, 3, changed=True))
        report = world.act_on_drift()
        assert told(report) == [*RETRAINED, ("evaluate", "waiting")]
        assert "paid" in report.new[0].why
        assert report.waits.endswith("(there are 0)"), "what was asked before the training does not count"
        lineage = json.loads((world.place.get("tipped@2").path / "lineage.json").read_text())
        assert lineage["occasion"].startswith("policy of tips, attempt 1 of 20")
        assert ": paid has been past its threshold for 1 window: " in lineage["occasion"]

        world.ask(300, 4)
        report = world.act()
        assert told(report) == [("evaluate", "done"), ("canary", "begun"), ("canary", "done"), ("promote", "waiting")]
        figures = report.new[0].figures
        assert figures["low"] > 0
        assert (figures["num_rows"], figures["serving"] < 0.5, figures["candidate"] > 0.8) == (300, True, True)
        assert world.split() == {"tipped@1": 50, "tipped@2": 50}
        assert told(world.act()) == [], "it waits for the same, and says it once"

        world.ask(300, 5)
        report = world.act(later=2 * HOUR)
        assert told(report) == [("promote", "begun"), ("promote", "done")]
        assert world.split() == {"tipped@2": 100}
        assert world.place.endpoints.get("tips").models[0].labels == ("stable",)
        assert (report.state.outcome, report.waits) == ("promoted", "1h after the last attempt, which was promoted")


@pytest.mark.slow
def test_a_candidate_that_is_no_better_is_rejected(tmp_path: Path) -> None:
    """Its data have grown by more of the old world: it knows nothing of the new one."""
    with World(tmp_path) as world:
        world.ask(20, 2)
        world.add_rows("new", rows(500, 3, changed=False))
        report = act_by_hand("tips", "retrain", why="I wonder", by="ada", workspace=world.place)
        assert told(report) == RETRAINED
        assert [(step.by, step.why) for step in report.new[:1]] == [("ada", "I wonder")]
        world.ask(250, 4)
        report = world.act()
        assert told(report) == [("evaluate", "done"), ("reject", "done")]
        assert report.new[0].why.startswith("no better than noise allows, beside tipped@1 on 250 labelled rows")
        assert world.split() == {"tipped@1": 100}
        assert report.state.outcome == "rejected"
        with pytest.raises(SpecError, match="nothing to promote now"):
            act_by_hand("tips", "promote", workspace=world.place)


@pytest.mark.slow
def test_a_canary_that_is_wrong_is_rolled_back(tmp_path: Path) -> None:
    """It knows the new world, and it is the old one that it meets: its answers are wrong at once."""
    with World(tmp_path) as world:
        world.ask(20, 2, changed=False)
        world.add_rows("new", rows(4000, 3, changed=True))
        act_by_hand("tips", "retrain", workspace=world.place)
        assert told(act_by_hand("tips", "canary", workspace=world.place)) == [("canary", "begun"), ("canary", "done")]
        assert world.split() == {"tipped@1": 50, "tipped@2": 50}
        world.ask(360, 5, changed=False)
        report = world.act()
        assert told(report) == [("rollback", "begun"), ("rollback", "done")], "at once, whatever is left of its time"
        assert "tipped@1 is better: the difference in accuracy" in report.new[0].why
        assert world.split() == {"tipped@1": 100}
        assert told(world.act()) == [], "the cooldown"


@pytest.mark.slow
def test_a_regressor_goes_the_same_way(tmp_path: Path) -> None:
    """By R² on the same rows, then by RMSE of each one's own."""
    with World(tmp_path, label="tip", model="linear_reg") as world:
        world.ask(20, 2)
        world.add_rows("new", rows(4000, 3, changed=True))
        act_by_hand("tips", "retrain", workspace=world.place)
        world.ask(250, 4)
        report = world.act()
        assert told(report)[:3] == [("evaluate", "done"), ("canary", "begun"), ("canary", "done")]
        assert "R² 0." in report.new[0].why
        world.ask(300, 5)
        report = world.act(later=2 * HOUR)
        assert told(report) == [("promote", "begun"), ("promote", "done")]
        assert report.new[0].figures["rmse"] < report.new[0].figures["serving_rmse"]
        assert "rmse" in report.new[0].why
