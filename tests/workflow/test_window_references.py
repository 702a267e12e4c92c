"""Predictions, features and attributions: what a bundle keeps of them, and how windows are held against that."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from tests.workflow.made_log import write_answers

import hagane as hg
from hagane.bundle.bundle import Bundle
from hagane.explanation.explainer import Explainer
from hagane.explanation.wanted import Wanted
from hagane.monitoring.training_reference import REFERENCE_NAME, TrainingReference
from hagane.monitoring.watched import Subject
from hagane.spec.monitoring import Monitoring
from hagane.spec.reference_windows import ReferenceWindows
from hagane.workflow.monitor import monitor
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace

DAY = 20_000 * 24
LEVELS: tuple[Subject, ...] = ("input", "feature", "attribution", "prediction")
WATCHED = ("inputs", "predictions", "features", "attributions")
ASKED = Monitoring(watch=WATCHED, numeric=("jensen_shannon_divergence", "mean_shift"), min_rows=50)


def rides(num_rows: int, seed: int, *, cash: float = 0.5, factor: float = 1.0) -> pa.Table:
    random = np.random.default_rng(seed)
    paid = np.where(random.random(num_rows) < cash, "cash", "card")
    return pa.table({"fare": random.gamma(4.0, 3.0, num_rows) * factor, "paid": paid, "driver": [
        f"d{number % 5}" for number in range(num_rows)]})  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A model of tips that watches everything; its log of two days, the second with thrice the fares."""
    place = Workspace(tmp_path_factory.mktemp("home"))
    rows = rides(1_500, 1)
    random = np.random.default_rng(2)
    odds = 0.3 * (rows["fare"].to_numpy() - 12) + 2.0 * (np.array(rows["paid"]) == "card") - 1
    tipped = random.random(1_500) < 1 / (1 + np.exp(-odds))
    model = hg.train(rows.append_column("tipped", pa.array(tipped)), label="tipped", model="logistic_reg",
                     transform={"fare": "ML.STANDARD_SCALER(fare) OVER ()", "paid": "paid", "driver": "driver"},
                     workspace=place.root, monitoring={"watch": list(WATCHED)})  # fmt: skip
    days = {DAY: rides(300, 3), DAY + 24: rides(300, 4, factor=3.0)}
    write_answers(place, model.bundle, "plain", days, model="tipped")
    write_answers(place, model.bundle, "hashed", days, model="tipped", hashed=["driver"])
    return place


def kept(place: Workspace) -> tuple[Bundle, TrainingReference]:
    bundle = Bundle.load(place.get("tipped").path)
    return bundle, TrainingReference.from_json(bundle.document(REFERENCE_NAME))


def test_a_bundle_keeps_how_its_model_answered_rows_that_it_was_not_trained_on(place: Workspace) -> None:
    bundle, reference = kept(place)
    assert reference.part == "test"
    assert reference.predictions is not None
    assert [column.name for column in reference.predictions] == ["predicted_tipped", "probability"]
    assert 100 < reference.predictions.num_rows < 1_500
    again = bundle.predict(rides(4_000, 77).to_pylist()).probabilities
    assert again is not None
    probability = reference.predictions["probability"]
    error = (probability.stddev or 0.0) / math.sqrt(probability.count)
    assert probability.mean == pytest.approx(float(again[:, 1].mean()), abs=5 * error)
    assert len(bundle.document(REFERENCE_NAME)) < 40_000


def test_features_and_attributions_of_a_window_are_those_of_its_rows(place: Workspace) -> None:
    bundle, reference = kept(place)
    monitor("plain", workspace=place, monitoring=ASKED)
    first = WindowSummaries(place.monitoring_folder, "plain").latest("day UTC", 2)[0]
    rows = rides(300, 3)
    assert first.features is not None
    assert first.attributions is not None
    assert reference.features is not None
    assert (
        {column.name for column in first.features}
        == {"fare", "paid", "driver"}
        == {column.name for column in reference.features}
    )
    fares, trained = rows["fare"].to_numpy(), reference.features["fare"]
    scaled = bundle.features(bundle.decoder().decode(rows.to_pylist()))["dense"][:, 0]
    assert first.features["fare"].mean == pytest.approx(float(scaled.mean()), rel=1e-5)
    assert np.corrcoef(fares, scaled)[0, 1] == pytest.approx(1.0)
    assert abs(trained.mean or 9.0) < 0.3, "scaled by the rows of training"
    words = {top.value: top.count for top in first.features["paid"].top_values}
    assert words == {word: rows["paid"].to_pylist().count(word) for word in ("cash", "card")}
    told = Explainer.load(bundle).explain(rows.to_pylist(), Wanted(outputs=(1,)))
    for place_, name in enumerate(told.columns):
        column = first.attributions[name]
        assert column.count == 300
        assert column.mean == pytest.approx(float(told.attributions[:, 0, place_].mean()), rel=1e-6)
        assert column.stddev == pytest.approx(float(told.attributions[:, 0, place_].std(ddof=1)), rel=1e-6)


def test_what_moves_is_found_on_every_level(place: Workspace) -> None:
    first, second = monitor("plain", workspace=place, monitoring=ASKED).windows
    assert not any(each.is_anomaly for each in first.about(*LEVELS))
    found = {(each.of, each.name) for each in second.anomalies if each.of in LEVELS}
    assert {("input", "fare"), ("feature", "fare"), ("attribution", "fare"), ("prediction", "probability")} <= found
    assert {name for _, name in found}.isdisjoint({"paid", "driver"})
    earlier = monitor("plain", workspace=place, monitoring=ASKED, baseline="previous").windows[1]
    assert {each.of for each in earlier.anomalies} >= set(LEVELS)


def test_thresholds_follow_from_the_reference_windows(place: Workspace) -> None:
    usual = {DAY + 24 * day: rides(300, 20 + day) for day in range(8)}
    changed = {DAY + 24 * 8: rides(300, 40, cash=0.68)}
    bundle = Bundle.load(place.get("tipped").path)
    write_answers(place, bundle, "usual", usual | changed, model="tipped")
    asked = Monitoring(min_rows=50, derive_thresholds=True, thresholds={"driver": 0.7},
                       reference=ReferenceWindows(until="2024-10-12"))  # fmt: skip
    *_, last = monitor("usual", workspace=place, monitoring=asked).windows
    paid, driver, fare = (next(each for each in last.about("input") if each.name == name) for name in (
        "paid", "driver", "fare"))  # fmt: skip
    assert 0.03 < paid.threshold < 0.17 < paid.value, "far below 0.3, and still found"
    assert paid.is_anomaly
    assert driver.threshold == 0.7
    assert not fare.is_anomaly
    plain = monitor("usual", workspace=place, monitoring=Monitoring(min_rows=50)).windows
    distances = [next(each.value for each in window.about("input") if each.name == "paid") for window in plain[:8]]
    by_hand = np.mean(distances) + stats.t.ppf(stats.norm.cdf(3), 7) * np.std(distances, ddof=1) * math.sqrt(1 + 1 / 8)
    noise = stats.norm.ppf(1 - 0.00135 / 4) * math.sqrt(0.25 * (1 / 300 + 1 / 1_200))
    assert paid.threshold == pytest.approx(max(by_hand, noise), rel=0.02)
    assert not any(each.is_anomaly for window in plain for each in window.about(*LEVELS)), "0.3 would not find it"


def test_while_there_are_too_few_windows_the_measures_own_thresholds_hold(place: Workspace) -> None:
    report = monitor("plain", workspace=place, monitoring=Monitoring(min_rows=50, derive_thresholds=True))
    assert any("derived from 5 judged windows or more, and monitoring.reference has 2" in each for each in report.notes)
    assert {each.threshold for each in report.windows[0].about("input", "prediction")} == {0.3}


def test_what_reads_pseudonyms_is_left_out(place: Workspace) -> None:
    report = monitor("hashed", workspace=place, monitoring=ASKED)
    first = report.windows[0]
    assert {each.name for each in first.about("feature")} == {"fare", "paid"}
    assert first.about("attribution") == ()


def test_only_what_is_named_is_watched(place: Workspace) -> None:
    report = monitor("plain", workspace=place, monitoring=Monitoring(watch=("predictions",), min_rows=50))
    assert {each.of for window in report.windows for each in window.about(*LEVELS)} == {"prediction"}


def test_a_model_that_kept_no_features_says_so(place: Workspace, tmp_path: Path) -> None:
    other = Workspace(tmp_path / "home")
    rows = rides(200, 5)
    model = hg.train(rows, label="fare", model="linear_reg", workspace=other.root)
    write_answers(other, model.bundle, "fares", {DAY: rides(60, 6).drop_columns("fare")}, model="fare")
    assert len(model.bundle.document(REFERENCE_NAME)) < 5_000, "of one answered column"
    report = monitor("fares", workspace=other, monitoring=Monitoring(watch=("features", "predictions"), min_rows=50))
    assert any("holds nothing of its features in training" in note for note in report.notes)
    assert {each.of for each in report.windows[0].about(*LEVELS)} == {"prediction"}
