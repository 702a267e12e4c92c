"""The weights that travel in a linear model's bundle are those of its graph, whatever the transform did before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hagane as hg
from hagane.errors import BundleError, SpecError
from hagane.models.weights import INTERCEPT, MOST_CATEGORIES
from hagane.workflow.weights import WEIGHTS_NAME

TESTED = {"l2_reg": 0, "calculate_p_values": True, "category_encoding_method": "dummy_encoding"}


@pytest.fixture
def trips() -> pd.DataFrame:
    random = np.random.default_rng(0)
    miles, hour = random.gamma(2, 3, 600), random.integers(0, 24, 600)
    zone = np.array(["north", "south", "east", None])[random.choice(4, 600, p=[0.5, 0.3, 0.15, 0.05])]
    fare = 3 + 2.5 * miles + 0.1 * hour + np.where(zone == "south", 2.0, 0.0) + random.normal(size=600)
    return pd.DataFrame({"miles": miles, "hour": hour, "zone": zone, "fare": fare})


def test_they_add_up_to_the_prediction_from_raw_columns(trips: pd.DataFrame, tmp_path: Path) -> None:
    """Automatic preprocessing standardises numbers; the weights are for a mile and an hour all the same."""
    model = hg.train(trips, "fare", model="linear_reg", options=TESTED, workspace=tmp_path)
    found = {weight.processed_input: weight for weight in model.weights().weights}
    zones = {each.category: each.weight for each in found["zone"].category_weights if each.kind == "value"}
    null = next(each.weight for each in found["zone"].category_weights if each.kind == "null")
    expected = found[INTERCEPT].weight + found["miles"].weight * trips.miles + found["hour"].weight * trips.hour
    expected += [zones.get(zone, null) for zone in trips.zone]
    assert np.abs(model.predict(trips)["predicted_fare"] - expected).max() < 1e-9
    assert found["miles"].input == "miles"
    assert found["miles"].weight == pytest.approx(2.5, abs=0.1)
    assert found["miles"].standardized_weight == pytest.approx(2.5 * trips.miles.std(), rel=0.1)
    assert found["miles"].p_value < 1e-9
    assert zones["north"] == 0.0


def test_of_a_transform_of_ones_own_and_three_classes(trips: pd.DataFrame, tmp_path: Path) -> None:
    trips["price"] = pd.cut(trips.pop("fare"), [-np.inf, 15, 25, np.inf], labels=["low", "middle", "high"]).astype(str)
    transform = {
        "log": "ML.MIN_MAX_SCALER(LN(miles)) OVER ()",
        "hour": "hour",
        "zone": "ML.LABEL_ENCODER(zone) OVER ()",
    }
    model = hg.train(trips, "price", model="logistic_reg", transform=transform, workspace=tmp_path)
    frame = pd.DataFrame(model.weights().rows())
    assert set(frame["class_label"]) == {"high", "low", "middle"}
    assert set(frame["processed_input"]) == {INTERCEPT, "log", "hour", "zone"}
    log = next(weight for weight in model.weights().weights if weight.processed_input == "log")
    assert log.input == "LN(miles)"
    by_class = frame[frame.category.isna()].pivot_table("weight", "class_label", "processed_input")
    zones = frame[frame.category == "south"].set_index("class_label")["weight"]
    score = by_class[INTERCEPT] + by_class["log"] * np.log(2.0) + by_class["hour"] * 7 + zones
    chances = np.exp(score) / np.exp(score).sum()
    answer = model.predict_rows([{"miles": 2.0, "hour": 7, "zone": "south"}]).rows()[0]
    assert {each["label"]: each["prob"] for each in answer["predicted_price_probs"]} == pytest.approx(dict(chances))
    assert model.weights().test is None
    assert frame["p_value"].isna().all()


def test_other_models_have_none(trips: pd.DataFrame, tmp_path: Path) -> None:
    model = hg.train(trips, "fare", model="boosted_tree_regressor", options={"max_iterations": 2}, workspace=tmp_path)
    assert WEIGHTS_NAME not in model.bundle.manifest.files
    with pytest.raises(SpecError) as raised:
        model.weights()
    fault = raised.value.faults[0]
    assert (fault.what, fault.received) == ("only linear models have weights of features", "boosted_tree_regressor")
    assert fault.expected == "a model of type linear_reg or logistic_reg"


def test_of_too_many_categories_the_largest_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hagane.models.linear_weights.MOST_CATEGORIES", 12)
    assert MOST_CATEGORIES > 12
    places = np.repeat([f"p{i:02}" for i in range(40)], 10)
    frame = pd.DataFrame({"place": places, "y": [float(place[1:]) for place in places]})
    model = hg.train(frame, "y", model="linear_reg", split={"method": "none"}, workspace=tmp_path)
    place = model.weights().weights[1]
    assert (len(place.category_weights), place.num_left_out) == (12, 30)
    assert [each.category for each in place.category_weights][:2] == ["p00", "p01"]
    assert {"p39", "p38"} <= {each.category for each in place.category_weights}


def test_a_document_that_is_no_longer_one_is_told(
    trips: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = hg.train(trips, "fare", model="linear_reg", workspace=tmp_path)
    monkeypatch.setattr(type(model.bundle), "document", lambda self, name: b"{")
    with pytest.raises(BundleError, match=r"weights\.json cannot be read"):
        model.weights()


def test_weights_that_nearly_cancel_are_published_all_the_same(tmp_path: Path) -> None:
    """Seconds nearly follow from the parts of the moment: weights of millions, predictions of hundreds."""
    random = np.random.default_rng(1)
    moments = pd.Timestamp("2013-01-01 06:00") + pd.to_timedelta(np.arange(400) * 21 + np.arange(400) / 1440, unit="h")
    frame = pd.DataFrame({"at": moments, "y": random.normal(size=400) * 300 + 1000})
    frame["at"] = frame["at"].dt.floor("min") + pd.to_timedelta(random.integers(0, 60, 400), unit="s")
    model = hg.train(frame, "y", model="linear_reg", options={"l2_reg": 0}, workspace=tmp_path)
    assert np.isfinite(model.predict(frame)["predicted_y"]).all()
