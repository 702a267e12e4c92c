"""Columns of very many values: bounded memory, rare and unseen values in slot 0, answers worth having."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.bundle.bundle import Bundle
from hagane.spec.spec import Model, Spec
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

TRAIN = r"""
import json, re, sys
from pathlib import Path
from hagane.spec.spec import Model, Spec
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace
path, label, family, options, feature = sys.argv[1:]
spec = Spec(data=path, label=label, transform={"x": "x", "id": feature},
            model=Model(type=family, options=json.loads(options)))
result = train(spec, workspace=Workspace(Path(path).parent / family))
peak = int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"peak_mib": peak, "metrics": dict(result.evaluation.metrics), "bundle": str(result.bundle)}))
"""


def write_rows(path: Path, num_rows: int, num_values: int) -> None:
    """`v` = an effect of the value + x + noise, `y` more often where the effect is large; low numbers are frequent."""
    random = np.random.default_rng(0)
    value = np.floor(num_values * random.random(num_rows) ** 1.5).astype(np.int64)
    effect, x = random.uniform(-2, 2, num_values)[value], random.random(num_rows)
    noise = random.random(num_rows)
    columns = {
        "id": np.char.add("user-", value.astype(str)),
        "x": x,
        "y": noise < 1 / (1 + np.exp(-(effect + x - 0.5))),
        "v": effect + x + noise,
    }
    pq.write_table(pa.table(columns), path)


def in_a_process(path: Path, label: str, family: str, feature: str, **options: Any) -> dict[str, Any]:
    """A training in a process of its own, with its peak of memory (getrusage's begins with that of the parent)."""
    command = [sys.executable, "-c", TRAIN, str(path), label, family, json.dumps(options), feature]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


WHOLE = "ML.ONE_HOT_ENCODER(id, 'none', 1000000, 1) OVER ()"
HASHED = "ML.HASH_BUCKETIZE(id, 65536)"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("many") / "rows.parquet"
    write_rows(path, 90_000, 30_000)
    return path


@pytest.mark.parametrize(
    ("family", "label", "metric", "least", "options"),
    [
        ("linear_reg", "v", "r2_score", 0.70, {}),
        ("boosted_tree_regressor", "v", "r2_score", 0.75, {"max_iterations": 60}),
        pytest.param(
            "dnn_regressor", "v", "r2_score", 0.60, {"max_iterations": 3, "batch_size": 512, "hidden_units": [16]},
            marks=pytest.mark.slow,
        ),
    ],
)  # fmt: skip
def test_as_many_values_as_a_third_of_the_rows(  # noqa: PLR0917
    many: Path, family: str, label: str, metric: str, least: float, options: dict[str, Any]
) -> None:
    found = in_a_process(many, label, family, WHOLE, **options)
    assert found["metrics"][metric] > least
    assert found["peak_mib"] < 900


def test_rare_and_unseen_values_share_slot_0(many: Path, tmp_path: Path) -> None:
    expression = "ML.ONE_HOT_ENCODER(id, 'none', 100, 5) OVER ()"
    spec = Spec(data=str(many), label="v", transform={"x": "x", "id": expression}, model=Model(type="linear_reg"))
    bundle = Bundle.load(train(spec, workspace=Workspace(tmp_path / "workspace")).bundle)
    ids = ["never seen", "user-29999", "user-0", None]
    answers = [row["predicted_v"] for row in bundle.predict([{"x": 0.5, "id": id_} for id_ in ids]).rows()]
    assert answers[0] == answers[1] != answers[2]
    learned = json.loads(bundle.document("transform.json"))["learned"]
    (vocabulary,) = [each["parameters"] for each in learned if each["function"] == "ML.ONE_HOT_ENCODER"]
    assert len(vocabulary["values"]) == 100


def test_hash_buckets_need_no_vocabulary(many: Path) -> None:
    found = in_a_process(many, "v", "linear_reg", HASHED)
    assert found["metrics"]["r2_score"] > 0.5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "label", "metric", "least", "options"),
    [
        ("linear_reg", "v", "r2_score", 0.70, {}),
        ("logistic_reg", "y", "roc_auc", 0.66, {}),
        ("boosted_tree_classifier", "y", "roc_auc", 0.66, {"max_iterations": 60}),
        ("dnn_classifier", "y", "roc_auc", 0.60, {"max_iterations": 2, "hidden_units": [16]}),
    ],
)
def test_a_million_values(  # noqa: PLR0917
    tmp_path: Path, family: str, label: str, metric: str, least: float, options: dict[str, Any]
) -> None:
    path = tmp_path / "rows.parquet"
    write_rows(path, 3_000_000, 1_000_000)
    found = in_a_process(path, label, family, WHOLE, **options)
    assert found["metrics"][metric] > least
    assert found["peak_mib"] < 4_000
