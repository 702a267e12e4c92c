"""RunInference with a bundle on Beam's own local runner, in Beam's own environment (`make test-beam`)."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hagane
from hagane.bundle.bundle import Bundle
from hagane.spec.spec import Model, Spec
from hagane.workflow.predict import predict_file
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

BEAM = os.environ.get("HAGANE_BEAM", "")
pytestmark = [
    pytest.mark.skipif(not BEAM, reason="run by `make test-beam`, which has Beam in an environment of its own"),
    pytest.mark.timeout(900),
]
ROWS = [{"x": n / 7 if n % 5 else None, "k": n % 11 - 5, "job": [None, "pilot", "clerk", "日本"][n % 4]} for n in
        range(40)]  # fmt: skip
BAD = 2


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Bundle]:
    workspace = Workspace(tmp_path_factory.mktemp("workspace"))
    random = np.random.default_rng(7)
    x, k, job = random.normal(size=1_000), random.integers(-5, 6, 1_000), random.choice(["pilot", "clerk"], 1_000)
    good = x + 0.3 * k + (job == "pilot") + random.normal(scale=0.5, size=1_000) > 0
    frame = pa.table({"x": pa.array(x, mask=random.random(1_000) < 0.05), "k": k, "job": job, "good": good})
    return [
        Bundle.load(train(Spec(data="f", label="good", model=Model(type=type_, options=options)), workspace=workspace,
                          frame=frame).bundle)
        for type_, options in (("boosted_tree_classifier", {"max_iterations": 5}), ("logistic_reg", {}))
    ]  # fmt: skip


@pytest.fixture(scope="module")
def found(bundles: list[Bundle], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    place, rows = tmp_path_factory.mktemp("gathered"), tmp_path_factory.mktemp("rows") / "rows.json"
    rows.write_text(json.dumps(ROWS))
    program = Path(__file__).with_name("beam_pipelines.py")
    source = str(Path(hagane.__file__).parents[1])
    done = subprocess.run(
        [BEAM, str(program), *(str(bundle.folder) for bundle in bundles), str(rows)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": source, "HOME": str(rows.parent)},
        capture_output=True, text=True, check=False, cwd=place,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def by_example(results: list[Any]) -> dict[str, Any]:
    """A runner keeps no order."""
    return {json.dumps(example, sort_keys=True): (inference, model_id) for example, inference, model_id in results}


@pytest.mark.parametrize("form", ["dicts", "beam rows", "keyed"])
def test_predictions_are_the_bundles_own(form: str, found: dict[str, Any], bundles: list[Bundle]) -> None:
    model_id = f"good@{bundles[0].bundle_id}"
    expected = [[row, answer, model_id] for row, answer in zip(ROWS, bundles[0].predict(ROWS).rows(), strict=True)]
    results = [result for _, result in found[form]] if form == "keyed" else found[form]
    assert by_example(results) == by_example(expected)


def test_named_tuples(found: dict[str, Any], bundles: list[Bundle]) -> None:
    answers = bundles[0].predict(ROWS).rows()
    expected = {json.dumps(list(row.values())): answer for row, answer in zip(ROWS, answers, strict=True)}
    assert {json.dumps(example): inference for example, inference, _ in found["named tuples"]} == expected


def test_record_batches_get_what_predict_writes(found: dict[str, Any], bundles: list[Bundle], tmp_path: Path) -> None:
    source, out = tmp_path / "rows.parquet", tmp_path / "out.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), source)
    predict_file(bundles[0].folder, str(source), out, workspace=Workspace(tmp_path / "home"), columns=[])
    expected = {json.dumps(row): answer for row, answer in zip(ROWS, pq.read_table(out).to_pylist(), strict=True)}
    pairs = [pair for rows, answers, _ in found["arrow"] for pair in zip(rows, answers, strict=True)]
    assert {json.dumps(row): answer for row, answer in pairs} == expected


def test_batches_keep_to_their_bounds_and_metrics_are_beams(found: dict[str, Any]) -> None:
    most = found["most rows of a batch"]
    bounded = [rows for step, rows in most if step.startswith("at most 7/")]
    assert bounded
    assert max(bounded) <= 7
    assert {
        "inference_request_batch_size",
        "inference_batch_latency_micro_secs",
        "load_model_latency_milli_secs",
    } <= set(found["metrics"])


def test_bad_rows_are_returned_or_set_aside(found: dict[str, Any], bundles: list[Bundle]) -> None:
    returned = [inference for _, inference, _ in found["returned"]]
    faults = sorted(inference["faults"] for inference in returned if "faults" in inference)
    assert [len(each) for each in faults] == [2, 1]
    assert [line.partition(": ")[0] for each in faults for line in each] == ["x", "k", "xx"]
    assert len(returned) == 5 + BAD
    assert by_example(found["good"]).items() <= by_example(found["dicts"]).items()
    assert len(found["good"]) == 5
    assert len(found["failed"]) == BAD
    assert all("RequestError" in error for _, error in found["failed"])


def test_a_model_is_updated_by_the_side(found: dict[str, Any], bundles: list[Bundle]) -> None:
    expected = zip(ROWS[:3], bundles[1].predict(ROWS[:3]).rows(), strict=True)
    assert by_example(found["updated"]) == by_example(
        [[row, answer, f"good@{bundles[1].bundle_id}"] for row, answer in expected]
    )


def test_a_bundle_is_fetched_and_what_is_none_is_refused(found: dict[str, Any], bundles: list[Bundle]) -> None:
    assert found["fetched"] == bundles[0].bundle_id
    assert found["nowhere"].startswith("BundleError: no bundle can be read there")
    assert found["no folder"].startswith("BundleError: no bundle can be read there")


def test_the_path_alone_is_pickled_and_nothing_that_trains_is_imported(found: dict[str, Any]) -> None:
    assert found["pickled"] < 1_000
    assert found["modules"] == []
