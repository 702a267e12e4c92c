"""Errors that are to be expected without labels: fitted in training, kept in the bundle, summed up from the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.support.heard import Heard
from tests.workflow.logged_answers import log_answers

import hagane as hg
from hagane.fronts.cli.run import run as run_command
from hagane.monitoring.quality.expected_regression import FACTS_NAME, GRAPH_NAME, ErrorModelFacts, ExpectedRegression
from hagane.monitoring.windows import Windows
from hagane.spec.monitoring import Monitoring
from hagane.spec.quality import Quality
from hagane.spec.spec import Model, Spec
from hagane.workflow.feedback import add_feedback
from hagane.workflow.monitor import monitor
from hagane.workflow.summarise_log import summarise_log
from hagane.workflow.train import train
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace

FIRST_HOUR = 20_000 * 24
SHIFTS = (0.0, 1.5, 3.0)
ROWS = 3000


def traffic(num_rows: int, seed: int, *, shift: float = 0.0) -> tuple[dict[str, Any], list[float]]:
    """Prices whose scatter grows with the distance, and is three times as large in the hills."""
    random = np.random.default_rng(seed)
    distance = np.clip(random.gamma(4.0, 1.0, num_rows) + shift, 0.1, 12.0)
    hills = random.random(num_rows) < 0.3
    price = 3 * distance + random.normal(0, 0.2 * distance * np.where(hills, 3.0, 1.0))
    return {"distance": distance.tolist(), "area": np.where(hills, "hills", "town").tolist()}, price.tolist()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A linear model and its error model, and a day each of usual, longer and much longer ways."""
    place = Workspace(tmp_path_factory.mktemp("home"))
    columns, price = traffic(12_000, seed=1)
    model = hg.train(pa.table({**columns, "price": price}), label="price", model="linear_reg", name="fares",
                     workspace=place.root, split={"eval_fraction": 0.2, "test_fraction": 0.2},
                     monitoring={"quality": {"estimate": True}})  # fmt: skip
    for day, shift in enumerate(SHIFTS):
        came, _ = traffic(ROWS, seed=10 + day, shift=shift)
        log_answers(place, model.bundle, came, hour=FIRST_HOUR + 24 * day, endpoint="fares", model="fares", weight=2.0)
    return place


def true_errors(place: Workspace, day: int) -> Any:
    came, price = traffic(ROWS, seed=10 + day, shift=SHIFTS[day])
    bundle = hg.load("fares", workspace=place.root).bundle
    return np.asarray(bundle.predict(pa.table(came).to_pylist()).values) - np.array(price)


def test_it_tracks_the_true_errors_where_the_inputs_move(place: Workspace) -> None:
    report = monitor("fares", workspace=place, monitoring=Monitoring())
    for day, window in enumerate(report.windows):
        expected = window.summary.expected
        assert isinstance(expected, ExpectedRegression)
        errors, found = true_errors(place, day), expected.metrics()
        assert found["mean_absolute_error"].value == pytest.approx(np.abs(errors).mean(), rel=0.1)
        assert found["root_mean_squared_error"].value == pytest.approx(np.sqrt((errors**2).mean()), rel=0.15)
        assert (expected.num_seen, expected.num_rows) == (ROWS, 2.0 * ROWS)
    inside = report.windows[0].summary.expected
    assert inside is not None
    found, true = inside.metrics()["mean_absolute_error"], np.abs(true_errors(place, 0)).mean()
    assert found.low <= true <= found.high
    assert found.high - found.low < 0.25 * true


def test_it_is_judged_before_a_label_has_come(place: Workspace) -> None:
    windows = monitor("fares", workspace=place, monitoring=Monitoring()).windows
    judged = [{each.name: each for each in window.about("quality")} for window in windows]
    assert [found["expected_mean_absolute_error"].is_anomaly for found in judged] == [False, True, True]
    assert judged[0]["expected_mean_absolute_error"].measure == "DLE"
    assert judged[0]["expected_mean_absolute_error"].is_judged


def test_hours_merge_into_the_day(place: Workspace) -> None:
    summarise_log("fares", workspace=place, monitoring=Monitoring(every="hour"))
    hours = WindowSummaries(place.monitoring_folder, "fares").between(Windows("hour").series)
    first, second = (each.expected for each in hours[:2])
    assert isinstance(first, ExpectedRegression)
    assert isinstance(second, ExpectedRegression)
    both = first.merge(second)
    assert both.metrics()["mean_absolute_error"].value == pytest.approx(
        (first.metrics()["mean_absolute_error"].value + second.metrics()["mean_absolute_error"].value) / 2
    )
    assert both.metrics()["root_mean_squared_error"].value ** 2 == pytest.approx(
        sum(each.metrics()["root_mean_squared_error"].value ** 2 for each in (first, second)) / 2
    )


def test_estimate_and_truth_stand_side_by_side(place: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    _, price = traffic(ROWS, seed=12, shift=SHIFTS[2])
    ids = [f"h{FIRST_HOUR + 48}-{number}" for number in range(ROWS)]
    add_feedback(pa.table({"request_id": ids, "price": price}), "fares", workspace=place)
    found = {each.name: each for each in monitor("fares", workspace=place).windows[-1].about("quality")}
    assert found["mean_absolute_error"].value == pytest.approx(np.abs(true_errors(place, 2)).mean())
    assert found["mean_absolute_error"].is_anomaly
    assert run_command(["monitor", "fares", "--workspace", str(place.root)]) == 0
    shown = capsys.readouterr().out
    assert "expected mean absolute" in shown
    assert "Expected errors (DLE) take for granted" in " ".join(shown.split())


def test_the_facts_are_those_of_the_held_out_rows(place: Workspace) -> None:
    import msgspec

    bundle = hg.load("fares", workspace=place.root).bundle
    facts = msgspec.json.decode(bundle.document(FACTS_NAME), type=ErrorModelFacts)
    assert 4500 < facts.num_rows < 5100
    assert 2.0 < facts.kurtosis < 5.0
    assert 0.005 < facts.absolute_error < 0.05
    assert len(bundle.document(GRAPH_NAME)) < 400_000


@pytest.mark.parametrize(("label", "told"), [("late", "regressor of one label"), ("price", "200 held-out rows")])
def test_what_cannot_be_is_told(tmp_path: Path, label: str, told: str) -> None:
    columns, price = traffic(300, seed=3)
    labels = {"price": price, "late": [each > 12 for each in price]}
    spec = Spec(data="(a frame)", label=label, monitoring=Monitoring(quality=Quality(estimate=True)),
                model=Model(type="linear_reg" if label == "price" else "logistic_reg"))  # fmt: skip
    progress = Heard()
    result = train(spec, workspace=Workspace(tmp_path), frame=pa.table({**columns, label: labels[label]}),
                   progress=progress)  # fmt: skip
    assert any("monitoring.quality.estimate" in note and told in note for note in progress.notes)
    assert not (result.bundle / GRAPH_NAME).exists()
