"""Whole trainings on real data, beside the figures that such models are known to reach."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from msgspec.structs import replace
from sklearn.linear_model import LinearRegression

from hagane.bundle.bundle import Bundle
from hagane.spec.spec import Model, Spec, Split
from hagane.workflow.evaluate import evaluate_model
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace


@pytest.mark.parametrize(
    ("family", "roc_auc"),
    [
        ("boosted_tree_classifier", 0.927),
        pytest.param("dnn_classifier", 0.910, marks=pytest.mark.slow),  # tests/models/test_quality.py has it, too
        ("logistic_reg", 0.904),
    ],
)
def test_adult(adult_train: str, adult_test: str, workspace: Workspace, family: str, roc_auc: float) -> None:
    spec = Spec(
        data=adult_train, label="income", model=Model(type=family), split=Split(eval_fraction=0.1, test_fraction=0.0)
    )
    result = train(spec, workspace=workspace)
    assert result.leaks == ()
    evaluation = evaluate_model(str(result.bundle), data=adult_test, workspace=workspace, slices=("sex",))
    assert evaluation.num_rows == 16_281
    assert evaluation.metrics["roc_auc"] >= roc_auc
    assert {each.value for each in evaluation.slices[0].slices} == {"Male", "Female"}


def test_california_housing(shared_data: Path, workspace: Workspace) -> None:
    spec = Spec(data=str(shared_data / "california_housing" / "housing.csv"), label="median_house_value")
    result = train(spec, workspace=workspace)
    assert result.spec.model.type == "boosted_tree_regressor"
    assert result.evaluation.metrics["r2_score"] > 0.8


def test_penguins(shared_data: Path, workspace: Workspace) -> None:
    spec = Spec(
        data=str(shared_data / "penguins" / "penguins.csv"),
        label="species",
        model=Model(type="logistic_reg"),
        split=Split(test_fraction=0.3),
    )
    result = train(spec, workspace=workspace)
    assert result.evaluation.metrics["accuracy"] > 0.95


def test_chicago_taxi_split_by_time(shared_data: Path, workspace: Workspace) -> None:
    query = f"SELECT * EXCLUDE (tips), tips > 0.2 * fare AS big_tip FROM '{shared_data}/chicago_taxi/data.csv'"
    spec = Spec(
        data=query,
        label="big_tip",
        exclude=("payment_type",),
        split=Split(method="time", column="trip_start_timestamp"),
    )
    result = train(spec, workspace=workspace)
    assert result.evaluation.metrics["roc_auc"] > 0.6


@pytest.mark.slow
def test_chicago_taxi_by_wide_and_deep(shared_data: Path, workspace: Workspace) -> None:
    """Numbers and places for the network, single categories and crosses of place and hour for the linear part."""
    query = f"SELECT * EXCLUDE (tips), tips > 0.2 * fare AS big_tip FROM '{shared_data}/chicago_taxi/data.csv'"
    hour, area = "CAST(trip_start_hour AS STRING)", "CAST(pickup_community_area AS STRING)"
    numbers = {name: f"ML.STANDARD_SCALER(LN(1 + {name})) OVER ()" for name in ("fare", "trip_miles", "trip_seconds")}
    categories = {
        "company": "company",
        "hour": hour,
        "day": "CAST(trip_start_day AS STRING)",
        "month": "CAST(trip_start_month AS STRING)",
        "pickup": area,
        "dropoff": "CAST(dropoff_community_area AS STRING)",
        "pickup_hour": f"CONCAT({area}, ' ', {hour})",
    }
    spec = Spec(
        data=query,
        label="big_tip",
        transform={name: f"COALESCE({sql}, 0)" for name, sql in numbers.items()}
        | {name: f"ML.ONE_HOT_ENCODER({sql}, 'none', 1000, 5) OVER ()" for name, sql in categories.items()},
        model=Model(
            type="dnn_linear_combined_classifier", options={"deep_features": [*numbers, *list(categories)[:-1]]}
        ),
        split=Split(test_fraction=0.2),
    )
    result = train(spec, workspace=workspace)
    logistic = train(replace(spec, model=Model(type="logistic_reg")), workspace=workspace)
    assert result.evaluation.metrics["roc_auc"] > 0.6
    assert result.evaluation.metrics["roc_auc"] > logistic.evaluation.metrics["roc_auc"] - 0.01


@pytest.mark.slow
def test_mnist_by_a_module_of_the_users_own(
    shared_data: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The convolutional network of `examples/digits`, on 8,000 images; the bundle answers as it did in training."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "examples" / "digits"))
    images, digits = read_mnist(shared_data / "mnist_10k")
    pixels = pa.FixedSizeListArray.from_arrays(images.reshape(-1) / 255.0, images.shape[1]).cast(pa.list_(pa.float64()))
    spec = Spec(
        data="images",
        label="digit",
        transform={"pixels": "pixels"},
        model=Model(
            type="torch_classifier", options={"module": "digit_net:DigitNet", "max_iterations": 8, "batch_size": 64}
        ),
        split=Split(test_fraction=0.2),
    )
    frame = pa.table({"pixels": pixels, "digit": digits})
    result = train(spec, workspace=workspace, frame=frame)
    assert result.evaluation.metrics["accuracy"] >= 0.97
    rows = [{"pixels": image.tolist()} for image in images[:200] / 255.0]
    assert np.mean(Bundle.load(result.bundle).predict(rows).labels == digits[:200]) >= 0.97


def read_mnist(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """[n, 784] and [n] of the files, big-endian headers of 16 and 8 bytes before the bytes."""
    images = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())
    digits = gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())
    return np.frombuffer(images, np.uint8, offset=16).reshape(-1, 784), np.frombuffer(digits, np.uint8, offset=8)


def test_noaa_temperatures_by_station_and_day(shared_data: Path, workspace: Workspace) -> None:
    """A linear model over dates: one seasonal curve for all stations, and each station's own level.

    The oracle is scikit-learn on the same design, made by pandas.
    """
    files = [f"{shared_data}/noaa_temperatures/{name}.csv.gz" for name in ("USW00013740", "USW00026410", "USC00087982")]
    query = "SELECT date, tmaxi, parse_filename(filename) AS station FROM read_csv([{}], filename = true)"
    spec = Spec(
        data=query.format(", ".join(f"'{file}'" for file in files)),
        label="tmaxi",
        transform={
            "station": "ML.ONE_HOT_ENCODER(station) OVER ()",
            "month": "ML.ONE_HOT_ENCODER(CAST(EXTRACT(MONTH FROM date) AS STRING)) OVER ()",
            "year": "EXTRACT(YEAR FROM date) - 1960",
        },
        model=Model(type="linear_reg"),
        split=Split(method="time", column="date", eval_fraction=0.0, test_fraction=0.2),
    )
    result = train(spec, workspace=workspace)
    frame = pd.concat(
        pd.read_csv(file, parse_dates=["date"], usecols=["date", "tmaxi"]).assign(station=file) for file in files
    )
    design = pd.get_dummies(frame.station)
    design = pd.concat([design, pd.get_dummies(frame.date.dt.month)], axis=1).astype(float)
    design["year"] = frame.date.dt.year - 1960.0
    held_out = frame.date >= frame.date.sort_values().iloc[-result.split_counts["test"]]
    oracle = LinearRegression().fit(design[~held_out].to_numpy(), frame.tmaxi[~held_out])
    error = np.abs(oracle.predict(design[held_out].to_numpy()) - frame.tmaxi[held_out]).mean()
    assert result.evaluation.metrics["mean_absolute_error"] == pytest.approx(error, rel=0.01)
    assert result.evaluation.metrics["r2_score"] > 0.75


def test_bank_marketing_without_its_leak(shared_data: Path, workspace: Workspace) -> None:
    """Semicolons, names with dots, the word "unknown", and a column that is known only after the call."""
    spec = Spec(
        data=str(shared_data / "bank_marketing" / "bank-additional-full.csv.gz"),
        label="y",
        exclude=("duration",),
        model=Model(type="boosted_tree_classifier"),
    )
    result = train(spec, workspace=workspace)
    assert "duration" not in " ".join((result.spec.transform or {}).values())
    assert result.evaluation.metrics["roc_auc"] > 0.77
    assert result.statistics["job"].num_nulls == 0
    assert any(top.value == "unknown" for top in result.statistics["job"].top_values)
