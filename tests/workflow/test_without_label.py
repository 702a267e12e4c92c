"""Models without a label through the whole house: trained, exported, judged, asked, served, told of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hagane as hg
from hagane.errors import HaganeError, SpecError
from hagane.evaluation.report.report_html import report_html
from hagane.spec.read_yaml import read_yaml
from hagane.workflow.compare import compare_models
from hagane.workflow.evaluate import evaluate_model
from hagane.workflow.explain import explain_file
from hagane.workflow.fitted_model import fitted_model
from hagane.workflow.predict import predict_file
from hagane.workflow.training_info import training_info
from hagane.workspace.workspace import Workspace

MODELS: dict[str, dict[str, Any]] = {"kmeans": {"num_clusters": 3}, "pca": {"num_principal_components": 2}}
models = pytest.mark.parametrize("family", MODELS)


def make_table(n: int = 300, seed: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    blob = random.integers(0, 3, n)
    size = np.array([1.0, 50.0, 200.0])[blob] + random.normal(size=n)
    return pa.table(
        {
            "id": [f"row {i}" for i in range(n)],
            "size": pa.array(np.where(random.random(n) < 0.05, np.nan, size), from_pandas=True),
            "count": blob * 10 + random.integers(0, 4, n),
            "color": pa.array([None if i % 30 == 7 else "rgb"[b] for i, b in enumerate(blob)]),
            "first": np.isin(np.arange(n), [3, 5, 8]),
        }
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, dict[str, hg.TrainedModel]]:
    folder = tmp_path_factory.mktemp("label_free")
    workspace = folder / "workspace"
    found = {
        family: hg.train(make_table(), model=family, options=options, exclude=["id", "first"], workspace=workspace)
        for family, options in MODELS.items()
    }
    return Workspace(workspace), found


@models
def test_the_resolved_spec_alone_says_what_happened(family: str, trained: Any) -> None:
    spec = read_yaml(trained[1][family].bundle.document("spec.yaml").decode())
    assert (spec.labels, spec.name, spec.split.method, spec.model.type) == ((), family, "none", family)
    assert spec.transform == {
        "size": "size", "count": "count", "color": "ML.ONE_HOT_ENCODER(color, 'none', 32000, 5) OVER ()"
    }  # fmt: skip
    again = hg.train_spec(spec, frame=make_table(), workspace=trained[0].root)
    first, second = (fitted_model(each.bundle).parameters() for each in (trained[1][family], again))  # type: ignore[attr-defined]
    assert first == second, "the same spec, the same bits"


@models
def test_every_way_of_asking_answers_the_same(family: str, trained: Any, tmp_path: Path) -> None:
    workspace, found = trained
    bundle, table = found[family].bundle, make_table(40, seed=1)
    rows = bundle.predict(table.drop_columns(["id", "first"]).to_pylist()).rows()
    data = tmp_path / "new.parquet"
    pq.write_table(table, data)
    predict_file(family, str(data), tmp_path / "out.parquet", workspace=workspace)
    written = pq.read_table(tmp_path / "out.parquet")
    names = [each.name for each in bundle.signature.output_columns]
    assert written.schema.names == [*names, *table.schema.names]
    assert written.select(names).to_pylist() == rows
    frame = found[family].predict(table)
    assert frame.column_names[: len(names)] == names
    if family == "kmeans":
        assert {row["CENTROID_ID"] for row in rows} == {1, 2, 3}
        for row in rows:
            distances = [each["DISTANCE"] for each in row["NEAREST_CENTROIDS_DISTANCE"]]
            assert distances == sorted(distances)
            assert row["NEAREST_CENTROIDS_DISTANCE"][0]["CENTROID_ID"] == row["CENTROID_ID"]


@models
def test_it_is_judged_by_its_own_figures(family: str, trained: Any) -> None:
    workspace, _ = trained
    stored = evaluate_model(family, workspace=workspace)
    again = evaluate_model(family, data=make_table(), workspace=workspace)
    assert stored.part == "train"
    assert stored.metrics == pytest.approx(again.metrics, rel=1e-12)
    names = {"kmeans": ["davies_bouldin_index", "mean_squared_distance"], "pca": ["total_explained_variance_ratio"]}
    assert list(stored.metrics) == names[family]
    name, value = stored.headline()
    version = workspace.get(f"{family}@1")
    assert (version.metric, version.metric_value, version.label, version.task) == (name, value, (), stored.task)
    page = report_html(stored, title=family)
    assert "Baseline" in page
    with pytest.raises(SpecError, match="slices are of what is predicted"):
        evaluate_model(family, data=make_table(), slices=["color"], workspace=workspace)


@models
def test_its_bundle_tells_of_it(family: str, trained: Any) -> None:
    workspace, found = trained
    card = found[family].bundle.document("model_card.md").decode()
    assert card.startswith(f"# Model card: {family}@1")
    assert "{" not in card.split("```")[0]
    lineage = json.loads(found[family].bundle.document("lineage.json"))
    assert set(lineage["importance"]) == {"size", "count", "color"}
    assert training_info(family, workspace=workspace).iterations
    assert repr(found[family]).startswith(f"<{family}: 3 columns")


def test_what_predicts_nothing_is_not_explained(trained: Any, tmp_path: Path) -> None:
    data = tmp_path / "new.parquet"
    pq.write_table(make_table(10), data)
    with pytest.raises(HaganeError, match="predicts no label"):
        explain_file("kmeans", str(data), tmp_path / "out.parquet", workspace=trained[0])


def test_models_are_compared_by_their_reports(trained: Any) -> None:
    workspace, _ = trained
    hg.train(
        make_table(), model="kmeans", options={"num_clusters": 2}, exclude=["id", "first"], workspace=workspace.root
    )
    newest = len(workspace.list("kmeans"))
    comparison = compare_models(["kmeans@1", f"kmeans@{newest}"], workspace=workspace)
    assert "models without a label" in comparison.notes[0]
    with pytest.raises(SpecError, match="predict different things"):
        compare_models(["kmeans@1", "pca@1"], workspace=workspace)


def test_a_column_marks_the_first_centroids(tmp_path: Path) -> None:
    options = {"num_clusters": 3, "kmeans_init_method": "custom", "kmeans_init_col": "first"}
    model = hg.train(make_table(), model="kmeans", options=options, exclude=["id"], workspace=tmp_path)
    assert "first" not in model.bundle.signature.names
    assert fitted_model(model.bundle).counts.sum() == 300  # type: ignore[attr-defined]
    with pytest.raises(HaganeError, match="does not mark as many rows as there are clusters"):
        hg.train(
            make_table(), model="kmeans", options=options | {"num_clusters": 4}, exclude=["id"], workspace=tmp_path
        )


def test_a_warm_start_begins_with_the_centroids_that_are_there(trained: Any) -> None:
    workspace = trained[0]
    again = hg.train(
        make_table(), model="kmeans", options={"num_clusters": 3, "early_stop": False}, exclude=["id", "first"],
        workspace=workspace.root, training={"warm_start": "kmeans@1"}, name="again",
    )  # fmt: skip
    assert len(training_info("again", workspace=workspace).iterations) <= 3
    assert again.bundle.signature.model_type == "kmeans"


CLEANED = {
    "scaled": "ML.STANDARD_SCALER(size) OVER ()",
    "bucket": "ML.QUANTILE_BUCKETIZE(count, 3) OVER ()",
    "color": "UPPER(color)",
    "hot": "ML.ONE_HOT_ENCODER(color, 'none', 10, 1) OVER ()",
    "label": "ML.LABEL_ENCODER(color, 10, 1) OVER ()",
    "day": "DATE_ADD(DATE '2020-01-30', INTERVAL count DAY)",
    "words": "SPLIT(id, ' ')",
    "is_first": "first",
}


def test_a_model_that_is_its_transform(tmp_path: Path) -> None:
    """Every column as SQL has it; by rows, by columns and in a file the same; trained again from its own spec, too."""
    table = make_table(120)
    model = hg.train(table, model="transform_only", transform=CLEANED, name="clean", workspace=tmp_path / "w")
    bundle = model.bundle
    spec = read_yaml(bundle.document("spec.yaml").decode())
    assert (spec.transform, spec.split.method, bundle.signature.task) == (CLEANED, "none", "preprocessing")
    rows = bundle.predict(table.slice(0, 20).to_pylist()).rows()
    assert list(rows[0]) == list(CLEANED)
    size = table["size"].to_numpy()
    scaled = (size - np.nanmean(size)) / np.nanstd(size, ddof=1)
    for place, row in enumerate(rows):
        color, count = table["color"][place].as_py(), table["count"][place].as_py()
        slot = 0 if color is None else 1 + "bgr".index(color)
        assert (row["scaled"] is None) == bool(np.isnan(scaled[place]))
        assert row["scaled"] is None or row["scaled"] == pytest.approx(scaled[place], rel=1e-10)
        assert row["color"] == (None if color is None else color.upper())
        assert row["hot"] == [{"index": slot, "value": 1.0}]
        assert row["label"] == slot
        assert row["bucket"] == f"bin_{1 + count // 10}"
        assert row["day"] == str(np.datetime64("2020-01-30") + count)
        assert row["words"] == ["row", str(place)]
        assert row["is_first"] == (place in (3, 5, 8))
    data = tmp_path / "new.parquet"
    pq.write_table(table, data)
    predict_file("clean", str(data), tmp_path / "out.parquet", workspace=Workspace(tmp_path / "w"), columns=())
    written = pq.read_table(tmp_path / "out.parquet").slice(0, 20)
    assert [{**row, "day": str(row["day"])} for row in written.to_pylist()] == rows
    again = hg.train_spec(spec, frame=table, workspace=tmp_path / "w")
    assert again.bundle.predict(table.slice(0, 20).to_pylist()).rows() == rows
    assert evaluate_model("clean", workspace=Workspace(tmp_path / "w")).metrics == {}
    assert evaluate_model("clean", data=table, workspace=Workspace(tmp_path / "w")).num_rows == 120
    assert "preprocessing" in report_html(model.evaluate(), title="clean").lower()
    assert Workspace(tmp_path / "w").get("clean@1").metric == ""


def test_automatic_preprocessing_as_a_model(tmp_path: Path) -> None:
    model = hg.train(make_table(), model="transform_only", exclude=["id"], workspace=tmp_path)
    names = [column.name for column in model.bundle.signature.output_columns]
    assert names == ["size", "count", "color", "first"]
