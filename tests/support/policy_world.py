"""An endpoint whose log is written row by row, for tests of what a policy makes of it."""

from __future__ import annotations

import datetime
import os
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import hagane as hg
from hagane.bundle.bundle import Bundle
from hagane.monitoring.policy_step import PolicyStep
from hagane.serving.endpoint_state import DeployedModel
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.hour_writer import write_rows
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.model_file import write_model_file
from hagane.serving.request_log.row_schema import row_schema
from hagane.workflow.deploy import deploy
from hagane.workflow.feedback import add_feedback
from hagane.workflow.model_facts import read_model_facts
from hagane.workflow.policy.act_by_hand import act_by_hand
from hagane.workflow.policy.act_on_policy import act_on_policy
from hagane.workflow.policy.policy_report import PolicyReport
from hagane.workflow.train import train
from hagane.workspace.policy_journal import PolicyJournal
from hagane.workspace.workspace import Workspace

HOUR, DAY = 3_600_000_000, 86_400_000_000
START = int(os.environ.setdefault("POLICY_WORLD_START", str((int(time.time()) // 3600 + 48) * HOUR)))
"""The moment at which a test's world begins: after the training of its models."""
MOMENT = datetime.datetime.fromtimestamp(START / 1e6, datetime.UTC).isoformat()
POLICY: dict[str, Any] = {"retrain_after": 2, "min_rows": 200, "watch": "1h", "watch_rows": 100, "canary": 20,
                          "cooldown": "2h", "min_train_rows": 300, "patience": "2d"}  # fmt: skip


def rows(num_rows: int, seed: int, *, changed: bool) -> dict[str, list[Any]]:
    """`tipped` goes with long trips, and after the change with short ones; the share of cash falls with it."""
    random = np.random.default_rng(seed)
    miles, cash = random.gamma(4.0, 2.0, num_rows), random.random(num_rows) < (0.1 if changed else 0.7)
    chance = 1 / (1 + np.exp((1.0 if changed else -1.0) * (miles - 8.0)))
    return {
        "miles": miles.tolist(),
        "paid": np.where(cash, "cash", "card").tolist(),
        "tipped": (random.random(num_rows) < chance).tolist(),
    }


def add_rows(folder: Path, name: str, columns: dict[str, list[Any]]) -> None:
    """One more file of those that the spec's query reads."""
    pq.write_table(pa.table(columns), folder / f"rows_{name}.parquet")


def train_first(folder: Path, **policy: Any) -> Workspace:
    """The workspace `folder/home` with `tipped@1` behind `tips`, which knows the old world."""
    add_rows(folder, "old", rows(600, 1, changed=False))
    place = Workspace(folder / "home")
    hg.train(
        f"SELECT * FROM '{folder}/rows_*.parquet'",
        label="tipped",
        model="logistic_reg",
        workspace=place.root,
        monitoring={"every": "hour", "alert_after": 1, "min_rows": 50, "policy": POLICY | policy},
    )
    deploy("tipped@1", to="tips", workspace=place)
    return place


def train_candidate(place: Workspace, folder: Path) -> None:
    """`tipped@2`, which knows the new world, as the first attempt of the policy would have made it."""
    add_rows(folder, "new", rows(3000, 3, changed=True))
    spec = read_model_facts(place.get("tipped@1").path).spec
    train(spec, workspace=place, occasion=f"policy of tips, attempt 1 of {MOMENT}: it drifts")


class PolicyWorld:
    """One test's own copy of the workspace in `base`; or the one that is in `folder` already."""

    def __init__(self, base: Path | None, folder: Path) -> None:
        if base is not None:
            shutil.copytree(base / "home", folder / "home")
        self.folder = folder
        self.place = Workspace(folder / "home")
        self.journal = PolicyJournal(self.place.monitoring_folder, "tips")
        self.num_logged = 0 if base is not None else 10_000

    def model(self, reference: str = "tipped@1") -> DeployedModel:
        return next(each for each in self.place.endpoints.get("tips").models if each.reference == reference)

    def split(self) -> dict[str, int]:
        return {each.reference: each.traffic for each in self.place.endpoints.get("tips").models}

    def revisions(self) -> list[str]:
        return [each.change for each in reversed(self.place.endpoints.history("tips"))]

    def steps(self, *steps: PolicyStep) -> None:
        self.journal.add(*steps)

    def trained(self) -> None:
        """`tipped@2` was trained, and is to be evaluated."""
        common: dict[str, Any] = {"at": START, "attempt": 1, "serving": "tipped@1"}
        self.steps(
            PolicyStep(action="retrain", status="begun", why="it drifts", rows_after=START, **common),
            PolicyStep(action="retrain", status="done", model="tipped@2", rows_after=START, **common),
        )

    def accepted(self) -> None:
        """It was evaluated, and is to be a canary."""
        self.trained()
        self.steps(PolicyStep(action="evaluate", status="done", at=START, attempt=1, model="tipped@2",
                              serving="tipped@1", is_accepted=True))  # fmt: skip

    def log(
        self,
        num_rows: int,
        *,
        at: int,
        by: str = "tipped@1",
        changed: bool = True,
        labelled: bool = True,
        seconds: float = 0.001,
        num_errors: int = 0,
        sensitive: dict[str, Any] | None = None,
    ) -> None:
        """So many rows at the moment `at`, a request each, answered by a deployed model."""
        model, bundle = self.model(by), Bundle.load(self.model(by).path)
        logged = LoggedModel(endpoint="tips", deployed_model_id=model.id, model=model.model,
                             version=str(model.version), signature=bundle.signature,
                             sensitive=sensitive or {})  # fmt: skip
        columns = rows(num_rows, self.num_logged + 10, changed=changed)
        instances = [{name: columns[name][n] for name in ("miles", "paid")} for n in range(num_rows)]
        probs = bundle.predict(instances).probabilities
        assert probs is not None
        fixed = {"row": 0, "endpoint": "tips", "deployed_model_id": model.id, "model": model.model,
                 "version": str(model.version), "protocol": "vertex", "mirror": False, "weight": 1.0,
                 "latency_seconds": seconds, "model_seconds": seconds}  # fmt: skip
        made = [
            {
                **fixed,
                "request_id": f"r{self.num_logged + n}",
                "time": at + n,
                "row_error": n < num_errors,
                "instance": instances[n],
                "prediction": {
                    "predicted_tipped": bool(probs[n, 1] >= 0.5),
                    "predicted_tipped_probs": [
                        {"label": False, "prob": probs[n, 0]},
                        {"label": True, "prob": probs[n, 1]},
                    ],
                },
            }
            for n in range(num_rows)
        ]
        folder, hour = LogFolder(self.place.logs_folder, "tips"), at // HOUR
        table = pa.Table.from_pylist(made, row_schema(logged))
        write_rows(folder.make_hour("requests", hour) / f"w{self.num_logged}.parquet", table)
        write_model_file(folder, logged)
        if labelled:
            ids = [row["request_id"] for row in made]
            truth = pa.table({"request_id": ids, "truth": columns["tipped"]})
            add_feedback(truth, "tips", workspace=self.place)
        self.num_logged += num_rows

    def act(self, at: int) -> PolicyReport:
        """What the policy does at a moment."""
        return act_on_policy("tips", workspace=self.place, now=at)

    def by_hand(self, action: str, at: int = START) -> PolicyReport:
        """Ada does it."""
        return act_by_hand("tips", action, workspace=self.place, by="ada", now=at)

    def drift(self) -> None:
        """Two hours in which it has drifted, before `START`."""
        for hour in (3, 2):
            self.log(120, at=START - hour * HOUR)


def told(report: PolicyReport) -> list[tuple[str, str]]:
    """The steps of a call."""
    return [(step.action, step.status) for step in report.new]
