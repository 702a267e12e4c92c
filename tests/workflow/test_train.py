"""From a spec to a registered bundle."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import onnx
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from _pytest.mark import ParameterSet

from hagane.bundle.bundle import Bundle
from hagane.data.column_data import columns_data
from hagane.errors import DataError, HaganeError, RequestError, SpecError, TrainingError
from hagane.models import FAMILIES, get_family
from hagane.models.family import Task
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Model, Serving, Spec, Split
from hagane.workflow.instances import instances_of
from hagane.workflow.train import TrainResult, train
from hagane.workspace.workspace import Workspace

INPUTS = ["x", "k", "job", "flag", "at", "day"]
sys.path.append(str(Path(__file__).parents[1] / "models"))
FAST = {
    name: {"max_iterations": 3}
    | ({"module": "own_torch_modules:Mixed", "learn_rate": 0.01} if name.startswith("torch") else {})
    | ({"batch_size": 32} if name.startswith("tabnet") else {})
    for name in FAMILIES
    if name.startswith(("dnn", "tabnet", "torch"))
} | {
    "random_forest_classifier": {"num_parallel_tree": 20},
    "random_forest_regressor": {"num_parallel_tree": 20},
    "ensemble_classifier": {
        "members": [
            {"type": "boosted_tree_classifier"},
            {"type": "logistic_reg"},
            {"type": "dnn_classifier", "options": {"max_iterations": 3}},
        ]
    },
    "ensemble_regressor": {
        "members": [
            {"type": "boosted_tree_regressor"},
            {"type": "linear_reg"},
            {"type": "dnn_regressor", "options": {"max_iterations": 3}},
        ]
    },
}


def train_mixed(mixed: pa.Table, workspace: Workspace, family: str, label: str, **sections: object) -> TrainResult:
    frame = mixed.select([*INPUTS, label])
    spec = Spec(data="(a frame)", label=label, model=Model(type=family, options=FAST.get(family, {})), **sections)
    return train(spec, workspace=workspace, frame=frame)


def cases() -> Iterator[ParameterSet]:
    """Each family with a label of each kind that it takes; of those that take long, classifiers have three classes."""
    for family in FAMILIES:
        if not get_family(family).task.has_label:  # tests/workflow/test_without_label.py
            continue
        if get_family(family).task is Task.REGRESSION:
            yield pytest.param(family, "value")
            continue
        marks = pytest.mark.slow if family.startswith(("torch", "tabnet", "random_forest")) else ()
        yield pytest.param(family, "good", marks=marks)
        yield pytest.param(family, "grade")


@pytest.mark.parametrize(("family", "label"), [*cases()])
def test_every_family_learns_something_and_serves_raw_rows(
    mixed: pa.Table, workspace: Workspace, family: str, label: str
) -> None:
    result = train_mixed(mixed, workspace, family, label)

    name, value = result.evaluation.headline()
    assert value > {"roc_auc": 0.8, "accuracy": 0.55, "r2_score": 0.4}[name], (name, value)
    assert result.evaluation.part == "test"
    assert sum(result.split_counts.values()) == mixed.num_rows

    bundle = Bundle.load(result.bundle)
    rows = mixed.select(INPUTS).slice(0, 200).combine_chunks().to_batches()[0]
    by_columns = bundle.predict_columns(columns_data(rows, bundle_schema(bundle)))
    by_json = bundle.predict(json.loads(json.dumps(instances_of(rows))))
    one_by_one = [bundle.predict([instance]).rows()[0] for instance in instances_of(rows.slice(0, 20))]
    assert by_columns.rows() == by_json.rows()
    assert by_columns.rows()[:20] == one_by_one


def bundle_schema(bundle: Bundle) -> object:
    from hagane.types import Column, Schema

    return Schema(tuple(Column(column.name, column.type) for column in bundle.signature.inputs))


def test_the_resolved_spec_trains_the_same_model_again(mixed: pa.Table, workspace: Workspace) -> None:
    first = train_mixed(mixed, workspace, "auto", "good")
    stored = read_yaml((first.bundle / "spec.yaml").read_text(), path="spec.yaml")
    assert stored == first.spec
    assert stored.model.type == "boosted_tree_classifier"
    assert set(stored.transform or {}) >= {"x", "k", "job", "flag"}

    again = train(stored, workspace=workspace, frame=mixed.select([*INPUTS, "good"]))
    assert again.version.version == first.version.version + 1
    for name in ("model.onnx", "transform.json", "signature.json", "spec.yaml", "statistics.json", "evaluation.json"):
        assert (again.bundle / name).read_bytes() == (first.bundle / name).read_bytes(), name
    assert not any("from the cache" in note for note in first.notes)
    assert any(note.endswith("encoded columns came from the cache") for note in again.notes)


def test_a_query_of_other_rows_each_time_is_told_once(mixed: pa.Table, workspace: Workspace, tmp_path: Path) -> None:
    pq.write_table(mixed.select(["x", "job", "good"]), tmp_path / "rows.parquet")
    for source, told in (
        (f"SELECT * FROM '{tmp_path}/rows.parquet' USING SAMPLE 90% (bernoulli)", "a sample without a seed"),
        (f"SELECT *, random() AS r FROM '{tmp_path}/rows.parquet' WHERE now() > DATE '2020-01-01'", "random(), now()"),
        (f"SELECT * FROM '{tmp_path}/rows.parquet' ORDER BY hash(x)", ""),
    ):
        result = train(Spec(data=source, label="good", model=Model(type="logistic_reg")), workspace=workspace)
        notes = [note for note in result.notes if "other rows from run to run" in note]
        assert len(notes) == bool(told)
        assert all(told in note for note in notes)


def test_expressions_errors_and_their_policies(mixed: pa.Table, workspace: Workspace) -> None:
    transform = {
        "log_x": "LN(x)",
        "ratio": "x / k",
        "job": "ML.ONE_HOT_ENCODER(LOWER(job)) OVER ()",
        "hour": "EXTRACT(HOUR FROM at)",
        "bucket": "ML.BUCKETIZE(x, [-1.0, 0.0, 1.0])",
        "quantile": "ML.QUANTILE_BUCKETIZE(x, 8) OVER ()",
        "hashed": "ML.HASH_BUCKETIZE(job, 16)",
        "crossed": "ML.FEATURE_CROSS(STRUCT(job, CAST(flag AS STRING) AS flag))",
    }
    strict = train_mixed(mixed, workspace, "logistic_reg", "good", transform=transform, name="strict")
    assert any("erred" in note for note in strict.notes)
    row = {"x": -1.0, "k": 0, "job": "pilot", "flag": True, "at": "2013-01-01T05:00:00Z"}
    with pytest.raises(RequestError, match=r"instances\[0\]"):
        Bundle.load(strict.bundle).predict([row])
    assert Bundle.load(strict.bundle).predict([row], on_error="null").row_errors.tolist() == [True]
    assert Bundle.load(strict.bundle).predict([row | {"x": 1.0, "k": 1}]).row_errors.tolist() == [False]

    lenient = train_mixed(
        mixed, workspace, "logistic_reg", "good", transform=transform, serving=Serving(on_error="null")
    )
    assert Bundle.load(lenient.bundle).predict([row]).rows()[0]["row_error"] is True


def test_every_fault_of_a_spec_at_once(mixed: pa.Table, workspace: Workspace) -> None:
    with pytest.raises(SpecError) as caught:
        train_mixed(mixed, workspace, "auto", "good", transform={"a": "LN(xx)", "b": "LNN(x)", "c": "x +"})
    text = caught.value.render()
    assert "3 faults" in text
    assert "`xx`" in text
    assert "LNN" in text
    with pytest.raises(SpecError, match="no column 'god'"):
        train(Spec(data="f", label="god", exclude=("kk",)), workspace=workspace, frame=mixed)


def test_a_failed_training_leaves_nothing(mixed: pa.Table, workspace: Workspace) -> None:
    constant = mixed.select(INPUTS).append_column("label", pa.array(["same"] * mixed.num_rows))
    with pytest.raises(HaganeError):
        train(Spec(data="f", label="label"), workspace=workspace, frame=constant)
    assert workspace.list() == []
    assert not [path for path in (workspace.root / "models").rglob("*") if path.is_file()]
    assert not [path for path in (workspace.root / "scratch").rglob("*") if path.is_dir()]


def test_bad_rows_refuse_training(tmp_path: Path, workspace: Workspace) -> None:
    lines = ["a,b,label"] + [f"{i},{i % 7},{'yes' if i % 3 else 'no'}" for i in range(1_000)]
    lines[500] = "x,y,z,too,many"
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(lines))
    result = train(Spec(data=str(path), label="label"), workspace=workspace)
    assert any("could not be parsed" in note for note in result.notes)
    assert list((workspace.root / "bad_rows").glob("*.jsonl"))
    lines[600:640] = ["not,a,row,at,all"] * 40
    path.write_text("\n".join(lines))
    with pytest.raises(DataError, match="could not be parsed"):
        train(Spec(data=str(path), label="label"), workspace=workspace)


@pytest.mark.parametrize("family", [name for name in FAMILIES if get_family(name).task is Task.REGRESSION])
def test_labels_too_large_to_square_are_refused(mixed: pa.Table, workspace: Workspace, family: str) -> None:
    huge = pa.array(np.random.default_rng(0).normal(size=mixed.num_rows) * 1e300)
    frame = mixed.select(["x", "k"]).append_column("value", huge)
    spec = Spec(data="f", label="value", model=Model(type=family, options=FAST.get(family, {})))
    with pytest.raises(TrainingError, match="too large"):
        train(spec, workspace=workspace, frame=frame)
    assert workspace.list() == []


def test_leaks_are_told(mixed: pa.Table, workspace: Workspace) -> None:
    frame = mixed.select([*INPUTS, "good"]).append_column("afterwards", mixed["value"])
    result = train(Spec(data="f", label="good"), workspace=workspace, frame=frame)
    assert [leak.column for leak in result.leaks] == ["afterwards"]


def test_joined_columns_are_named_in_the_signature(tmp_path: Path, workspace: Workspace) -> None:
    import duckdb

    duckdb.sql("SELECT i AS id, i % 5 AS k, random() > 0.5 AS label FROM range(500) t(i)").write_parquet(
        str(tmp_path / "a.parquet")
    )
    duckdb.sql("SELECT i AS k, i * 1.5 AS w FROM range(5) t(i)").write_parquet(str(tmp_path / "b.parquet"))
    query = f"SELECT a.k, b.w, a.label FROM '{tmp_path}/a.parquet' a JOIN '{tmp_path}/b.parquet' b USING (k)"
    result = train(Spec(data=query, label="label", split=Split(method="random")), workspace=workspace)
    origins = {column.name: column.origin for column in Bundle.load(result.bundle).signature.inputs}
    assert origins["k"] == ""
    assert origins["w"].startswith("join with")


def test_the_graph_is_a_model_of_its_own(mixed: pa.Table, workspace: Workspace) -> None:
    result = train_mixed(mixed, workspace, "boosted_tree_classifier", "good")
    onnx.checker.check_model(onnx.load(result.bundle / "model.onnx"))
    bundle = Bundle.load(result.bundle)
    rows = mixed.select(INPUTS).slice(0, 100).combine_chunks().to_batches()[0]
    columns = columns_data(rows, bundle_schema(bundle))
    plain = onnxruntime.InferenceSession(result.bundle / "model.onnx")
    (probabilities,) = plain.run(["probabilities"], bundle.signature.layout.feed(columns))
    assert np.allclose(probabilities, bundle.predict_columns(columns).probabilities, rtol=0, atol=1e-6)


def test_lineage_says_what_was_verified(mixed: pa.Table, workspace: Workspace) -> None:
    result = train_mixed(mixed, workspace, "boosted_tree_classifier", "good")
    lineage = json.loads((result.bundle / "lineage.json").read_text())
    assert lineage["verification"]["num_rows"] == 1_000
    assert lineage["verification"]["largest_score_difference"] <= lineage["verification"]["tolerance"]
    assert np.isfinite(lineage["training_seconds"])
    assert lineage["training_info"]


def test_no_feature_reads_the_label_or_an_excluded_column(mixed: pa.Table, workspace: Workspace) -> None:
    spec = Spec(data="f", label="good", exclude=("k",), transform={"x": "x", "both": "IF(good, k, 0)"})
    with pytest.raises(SpecError) as caught:
        train(spec, workspace=workspace, frame=mixed)
    assert [fault.what for fault in caught.value.faults] == [
        "the feature 'both' reads the label, 'good'",
        "the feature 'both' reads an excluded column, 'k'",
    ]


def test_every_fault_of_a_spec_is_told_before_a_row_is_read(mixed: pa.Table, workspace: Workspace) -> None:
    """What the spec alone has wrong before the data are looked at, what their columns tell before a row is."""
    spec = Spec(
        data="f",
        label="good",
        exclude=("kk",),
        transform={"x": "LN(xx)", "k": "FOO(k)"},
        model=Model(type="linear_reg"),
    )
    with pytest.raises(SpecError) as caught:
        train(spec, workspace=workspace, frame=mixed.slice(0, 0))
    assert [fault.where for fault in caught.value.faults] == ["exclude[0]", "model.type", "transform.x", "transform.k"]
    options = Model(type="linear_reg", options={"l2": 1, "l1_reg": -1})
    with pytest.raises(SpecError) as caught:
        train(msgspec.structs.replace(spec, model=options), workspace=workspace, frame=mixed.slice(0, 0))
    assert [fault.where for fault in caught.value.faults] == ["model.options.l2", "model.options.l1_reg"]


def test_a_report_of_training_rows_is_of_some_of_them(
    mixed: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hagane.workflow.export.MOST_TRAINING_ROWS", mixed.num_rows // 4)
    result = train_mixed(mixed, Workspace(tmp_path), "linear_reg", "value", split=Split(method="none"))
    assert result.evaluation.part == "train"
    assert mixed.num_rows / 8 < result.evaluation.num_rows < mixed.num_rows / 2
