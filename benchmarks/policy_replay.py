"""Calls of a bank by date, with a policy and without: `python benchmarks/policy_replay.py BANK_CSV_GZ [METRIC]`.

The rows of UCI's bank-additional-full are in the order of their calls, from May 2008 to November 2010, through the
financial crisis. The first 6,000 are training; then 2,000 a day come as traffic, each answered by whom the endpoint's
split says, its truth known the same day. Every night the policy acts, and what was called so far is what its data query
reads. Told are the days on which it did something, and ROC AUC and log loss of what was answered, beside those of the
first model, over all rows that came.
"""

from __future__ import annotations

import datetime
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv
from sklearn.metrics import log_loss, roc_auc_score

import hagane as hg
from hagane.bundle.bundle import Bundle
from hagane.serving.endpoint_state import DeployedModel
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.hour_writer import write_rows
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.model_file import write_model_file
from hagane.serving.request_log.row_schema import row_schema
from hagane.workflow.deploy import deploy
from hagane.workflow.feedback import add_feedback
from hagane.workflow.policy.act_on_policy import act_on_policy
from hagane.workspace.workspace import Workspace

NUM_TRAINED, NUM_A_DAY = 6_000, 2_000
HOUR, DAY = 3_600_000_000, 86_400_000_000
START = (int(datetime.datetime.now(datetime.UTC).timestamp()) // 86_400 + 2) * DAY
LEAKS = ("duration",)
"""Known only after the call."""
POLICY: dict[str, Any] = {"retrain_after": 2, "min_rows": 500, "canary": 20, "watch": "1d", "watch_rows": 100,
                          "cooldown": "1d"}  # fmt: skip


def main(path: Path, metric: str = "") -> None:
    """Day after day; candidates have to be better by `metric`."""
    table = csv.read_csv(path, parse_options=csv.ParseOptions(delimiter=";")).drop_columns(list(LEAKS))
    names = [name.replace(".", "_") for name in table.column_names]
    table = table.rename_columns(names)
    table = table.set_column(names.index("y"), "y", pa.compute.equal(table["y"], "yes"))
    folder = Path(tempfile.mkdtemp())
    place = Workspace(folder / "home")
    pq.write_table(table.slice(0, NUM_TRAINED), folder / "calls_00.parquet")
    hg.train(f"SELECT * FROM '{folder}/calls_*.parquet'", label="y", name="calls", model="boosted_tree_classifier",
             workspace=place.root, monitoring={"alert_after": 1, "policy": POLICY | {"metric": metric}})  # fmt: skip
    deploy("calls", to="calls", workspace=place)
    first = Bundle.load(place.get("calls@1").path)
    answered: list[np.ndarray] = []
    static: list[np.ndarray] = []
    truths: list[np.ndarray] = []
    for day in range((table.num_rows - NUM_TRAINED) // NUM_A_DAY):
        rows = table.slice(NUM_TRAINED + day * NUM_A_DAY, NUM_A_DAY)
        truth = np.asarray(rows["y"].to_numpy(zero_copy_only=False), bool)
        answered.append(answer(place, rows.drop_columns(["y"]), truth, day))
        static.append(positive(first, rows.drop_columns(["y"]).to_pylist()))
        truths.append(truth)
        pq.write_table(rows, folder / f"calls_{day + 1:02d}.parquet")
        report = act_on_policy("calls", workspace=place, now=START + (day + 1) * DAY + HOUR)
        for step in report.new:
            if step.status in ("done", "failed"):
                print(f"day {day + 1:2d}  {step.text}", flush=True)
    labels = np.concatenate(truths)
    for name, parts in (("the first model", static), ("with the policy", answered)):
        scores = np.concatenate(parts)
        print(f"{name}: ROC AUC {roc_auc_score(labels, scores):.4f}, log loss {log_loss(labels, scores):.4f}")


def answer(place: Workspace, rows: pa.Table, truth: np.ndarray, day: int) -> np.ndarray:
    """[n] what each row was answered, by whom the split says; logged at noon, its truth told."""
    models = place.endpoints.get("calls").models
    random = np.random.default_rng(day)
    shares = np.array([model.traffic for model in models]) / 100
    chosen = random.choice(len(models), size=rows.num_rows, p=shares)
    scores = np.empty(rows.num_rows)
    for number, model in enumerate(models):
        places = np.flatnonzero(chosen == number)
        if len(places):
            scores[places] = log(place, model, rows.take(places), [f"r{day}-{at}" for at in places], day)
    ids = [f"r{day}-{at}" for at in range(rows.num_rows)]
    add_feedback(pa.table({"request_id": ids, "truth": truth}), "calls", workspace=place)
    return scores


def log(place: Workspace, model: DeployedModel, rows: pa.Table, ids: list[str], day: int) -> np.ndarray:
    bundle = Bundle.load(model.path)
    instances = rows.to_pylist()
    scores = positive(bundle, instances)
    about = LoggedModel(endpoint="calls", deployed_model_id=model.id, model=model.model, version=str(model.version),
                        signature=bundle.signature)  # fmt: skip
    fixed = {"row": 0, "endpoint": "calls", "deployed_model_id": model.id, "model": model.model,
             "version": str(model.version), "protocol": "vertex", "mirror": False, "weight": 1.0,
             "latency_seconds": 0.001, "model_seconds": 0.001, "row_error": False}  # fmt: skip
    noon = START + day * DAY + 12 * HOUR
    made = [
        fixed
        | {
            "request_id": ids[n],
            "time": noon + n,
            "instance": {name: instances[n][name] for name in bundle.signature.names},
            "prediction": {
                "predicted_y": bool(scores[n] >= 0.5),
                "predicted_y_probs": [{"label": False, "prob": 1 - scores[n]}, {"label": True, "prob": scores[n]}],
            },
        }
        for n in range(len(ids))
    ]
    folder = LogFolder(place.logs_folder, "calls")
    name = f"{model.id}-{day}.parquet"
    write_rows(folder.make_hour("requests", noon // HOUR) / name, pa.Table.from_pylist(made, row_schema(about)))
    write_model_file(folder, about)
    return scores


def positive(bundle: Bundle, instances: list[dict[str, Any]]) -> np.ndarray:
    """[n] the probability of a yes."""
    names = bundle.signature.names
    found = bundle.predict([{name: each[name] for name in names} for each in instances]).probabilities
    assert found is not None
    return np.asarray(found[:, 1])


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
