"""The functions over k-means and PCA: columns, order and types as BigQuery ML's, figures as it printed them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from function_calls import ArrowRows, call_rows, call_table

import hagane as hg
from hagane.errors import SpecError
from hagane.models.kmeans_model import KMeansModel
from hagane.models.pca_model import PcaModel
from hagane.workflow.fitted_model import fitted_model
from hagane.workspace.workspace import Workspace

CATEGORIES = pa.list_(pa.struct([("category", pa.string()), ("value", pa.float64())]))
OTHERS = pa.table(
    {
        "tag": [1633, 1672, 1690],
        "species": ["Adelie", "Gentoo", "Adelie"],
        "island": ["Dream", "Biscoe", "Torgersen"],
        "bill_length_mm": [37.8, 46.5, 41.1],
        "bill_depth_mm": [18.1, 14.8, 18.6],
        "flipper_length_mm": [193.0, 217.0, 189.0],
        "body_mass_g": [3750.0, 5200.0, 3325.0],
        "sex": ["MALE", "FEMALE", "MALE"],
    }
)


def model_of(workspace: Workspace, name: str) -> Any:
    return fitted_model(hg.load(name, workspace=workspace.root).bundle)


@pytest.fixture(scope="module")
def birds(shared_data: Path, shared_workspace: Workspace) -> Workspace:
    """`clusters` and `components` of the penguins, with BigQuery's defaults."""
    data = str(shared_data / "penguins" / "penguins.csv")
    root = shared_workspace.root
    hg.train(data, model="kmeans", options={"num_clusters": 3}, defaults="bigquery", name="clusters", workspace=root)
    options = {"num_principal_components": 3}
    hg.train(data, model="pca", options=options, defaults="bigquery", name="components", workspace=root)
    return shared_workspace


def test_centroids(birds: Workspace) -> None:
    found = call_table("ML.CENTROIDS", birds, "clusters")
    assert [(field.name, field.type) for field in found.schema] == [
        ("centroid_id", pa.int64()),
        ("feature", pa.string()),
        ("numerical_value", pa.float64()),
        ("categorical_value", CATEGORIES),
    ]
    model: KMeansModel = model_of(birds, "clusters")
    rows = found.to_pylist()
    assert [row["centroid_id"] for row in rows] == [1] * 7 + [2] * 7 + [3] * 7
    names = [feature.name for feature in model.space.features]
    assert [row["feature"] for row in rows] == names * 3
    mass = [row["numerical_value"] for row in rows if row["feature"] == "body_mass_g"]
    place = names.index("body_mass_g")
    expected = model.centroids[:, place] * model.space.scale[place] + model.space.mean[place]
    np.testing.assert_allclose(mass, expected, rtol=1e-12)
    assert all(row["categorical_value"] == [] for row in rows if row["feature"] == "body_mass_g")
    sexes = [
        {each["category"]: each["value"] for each in row["categorical_value"]}
        for row in rows
        if row["feature"] == "sex"
    ]
    assert set().union(*sexes) == {"FEMALE", "MALE", "_null_filler"}
    assert [sum(each.values()) for each in sexes] == pytest.approx([1, 1, 1], abs=1e-12)
    assert all(value > 0 for each in sexes for value in each.values()), "what no row of a cluster has is left out"
    plain = call_table("ML.CENTROIDS", birds, "clusters", standardize=True).to_pylist()
    mass = [row["numerical_value"] for row in plain if row["feature"] == "body_mass_g"]
    np.testing.assert_allclose(mass, model.centroids[:, place], rtol=1e-12)


def test_components_as_printed(birds: Workspace) -> None:
    """But for the one sex that is '.' in BigQuery's public table, and NULL in this one."""
    info = call_table("ML.PRINCIPAL_COMPONENT_INFO", birds, "components")
    assert info.column_names == [
        "principal_component_id", "eigenvalue", "explained_variance_ratio", "cumulative_explained_variance_ratio"
    ]  # fmt: skip
    assert info["principal_component_id"].to_pylist() == [0, 1, 2]
    np.testing.assert_allclose(info["eigenvalue"], [3.278657, 1.270829, 1.125354], rtol=1e-4)
    ratios = [0.469357, 0.651283, 0.812383]
    np.testing.assert_allclose(info["cumulative_explained_variance_ratio"], ratios, rtol=1e-4)
    found = call_table("ML.PRINCIPAL_COMPONENTS", birds, "components")
    assert found.schema.field("categorical_value").type == CATEGORIES
    rows = [row for row in found.to_pylist() if row["principal_component_id"] == 0]
    by_name = {row["feature"]: row for row in rows}
    assert by_name["bill_length_mm"]["numerical_value"] == pytest.approx(0.401489, abs=1e-5)
    species = {each["category"]: each["value"] for each in by_name["species"]["categorical_value"]}
    assert species == pytest.approx({"Gentoo": 0.250688, "Adelie": -0.206222, "Chinstrap": -0.030161}, abs=1e-5)
    assert by_name["species"]["numerical_value"] is None
    assert found.num_rows == 21


def test_anomalies_of_clusters(birds: Workspace) -> None:
    model: KMeansModel = model_of(birds, "clusters")
    found = call_table("ML.DETECT_ANOMALIES", birds, "clusters", OTHERS, contamination=0.1)
    assert found.column_names == ["is_anomaly", "normalized_distance", "centroid_id", *OTHERS.column_names]
    predicted = call_table("ML.PREDICT", birds, "clusters", OTHERS).to_pylist()
    for row, told in zip(found.to_pylist(), predicted, strict=True):
        nearest = [
            each["DISTANCE"] / model.radii[each["CENTROID_ID"] - 1] for each in told["NEAREST_CENTROIDS_DISTANCE"]
        ]
        assert row["normalized_distance"] == pytest.approx(min(nearest), rel=1e-9)
        assert row["is_anomaly"] == (row["normalized_distance"] > model.anomaly_quantiles[1_000])


@pytest.mark.parametrize("contamination", [0.0, 0.05, 0.5])
@pytest.mark.parametrize("model", ["clusters", "components"])
def test_so_many_of_the_training_rows_are_anomalies(
    model: str, contamination: float, birds: Workspace, shared_data: Path
) -> None:
    rows = pa.csv.read_csv(shared_data / "penguins" / "penguins.csv")
    found = call_table("ML.DETECT_ANOMALIES", birds, model, rows, contamination=contamination)
    share = np.mean(found["is_anomaly"].to_pylist())
    assert contamination - 5 / 344 <= share <= contamination, "of equally rare rows all are, or none"


def test_what_components_give_back(birds: Workspace) -> None:
    model: PcaModel = model_of(birds, "components")
    losses = call_table("ML.RECONSTRUCTION_LOSS", birds, "components", OTHERS)
    own = ["mean_absolute_error", "mean_squared_error", "mean_squared_log_error"]
    assert losses.column_names == [*own, *OTHERS.column_names]
    errors = call_table("ML.DETECT_ANOMALIES", birds, "components", OTHERS, contamination=0.25)
    assert errors.column_names == ["is_anomaly", "mean_squared_error", *OTHERS.column_names]
    np.testing.assert_allclose(losses["mean_squared_error"], errors["mean_squared_error"], rtol=1e-9)
    means = np.array(losses["mean_absolute_error"].to_pylist())
    columns = model.space.num_dense + int(model.space.kept.sum())
    assert (np.square(means) <= np.array(losses["mean_squared_error"].to_pylist()) * columns / 7).all()
    assert len(model.space.features) == 7


def test_embeddings(birds: Workspace) -> None:
    predicted = call_table("ML.PREDICT", birds, "components", OTHERS)
    scores = [list(row.values())[:3] for row in predicted.to_pylist()]
    found = call_table("ML.GENERATE_EMBEDDING", birds, "components", OTHERS)
    names = ["ml_generate_embedding_result", "ml_generate_embedding_status"]
    assert found.column_names == [*names, *OTHERS.column_names]
    np.testing.assert_allclose(found[names[0]].to_pylist(), scores, rtol=1e-9)
    assert set(found[names[1]].to_pylist()) == {""}
    assert call_table("AI.GENERATE_EMBEDDING", birds, "components", OTHERS).column_names[:2] == ["embedding", "status"]


def test_training_info(birds: Workspace) -> None:
    clusters = call_table("ML.TRAINING_INFO", birds, "clusters")
    assert clusters.column_names == [
        "training_run",
        "iteration",
        "loss",
        "learning_rate",
        "duration_ms",
        "cluster_info",
    ]
    last = clusters.to_pylist()[-1]["cluster_info"]
    assert [each["centroid_id"] for each in last] == [1, 2, 3]
    assert sum(each["cluster_size"] for each in last) == 344
    components = call_table("ML.TRAINING_INFO", birds, "components")
    assert components.column_names == ["training_run", "iteration", "duration_ms"]


def test_a_stream_reads_no_more_than_it_is_asked_for(birds: Workspace) -> None:
    rows = ArrowRows(pa.concat_tables([OTHERS] * 20_000))
    stream = call_rows("ML.DETECT_ANOMALIES", birds, "clusters", rows, contamination=0.1)
    assert isinstance(stream, pa.RecordBatchReader)
    assert rows.num_read == 0
    stream.read_next_batch()
    assert rows.num_read <= 5_000


@pytest.mark.parametrize(
    ("function", "model", "told"),
    [
        ("ML.CENTROIDS", "components", "of a model of type kmeans"),
        ("ML.PRINCIPAL_COMPONENTS", "clusters", "of a model of type pca"),
        ("ML.PRINCIPAL_COMPONENT_INFO", "clusters", "of a model of type pca"),
    ],
)
def test_functions_of_other_models(function: str, model: str, told: str, birds: Workspace) -> None:
    with pytest.raises(SpecError, match=told):
        call_table(function, birds, model)


@pytest.mark.parametrize("contamination", [None, -0.1, 0.6])
def test_a_share_that_is_none(contamination: float | None, birds: Workspace) -> None:
    with pytest.raises(SpecError, match="share of the training rows"):
        call_table("ML.DETECT_ANOMALIES", birds, "clusters", OTHERS, contamination=contamination)
