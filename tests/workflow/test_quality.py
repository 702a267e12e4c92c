"""Quality by labels that come late: metrics of the joined rows, windows that are summed up again, what is judged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics as sk
from tests.support.heard import Heard
from tests.workflow.logged_answers import log_answers, log_rows

import hagane as hg
from hagane.bundle.signature import Input, OneLabel, Signature
from hagane.errors import SpecError
from hagane.monitoring.finding import Finding
from hagane.monitoring.quality.expected_multiclass import ExpectedMulticlass
from hagane.monitoring.quality.expected_several import ExpectedSeveral
from hagane.monitoring.quality.window_quality import WindowQuality
from hagane.monitoring.windows import Windows
from hagane.serving.request_log.log_folder import LogFolder
from hagane.spec.monitoring import Monitoring
from hagane.spec.quality import Quality
from hagane.types import SqlType
from hagane.workflow import new_labels as looking
from hagane.workflow.feedback import add_feedback
from hagane.workflow.monitor import monitor
from hagane.workflow.request_log import read_request_log
from hagane.workflow.summarise_log import summarise_log
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace

FIRST_HOUR = 20_000 * 24
ROWS = 600


def traffic(num_rows: int, seed: int, *, flipped: bool = False) -> tuple[dict[str, list[Any]], list[bool]]:
    """Fares and ways to pay, and who tipped; where `flipped`, those who pay cash tip for small fares instead."""
    random = np.random.default_rng(seed)
    fares, cash = random.gamma(4.0, 3.0, num_rows), random.random(num_rows) < 0.4
    odds = (fares - 12) / 3 + np.where(cash, -1.0, 1.0)
    odds = np.where(cash & flipped, -odds, odds)
    paid = np.where(cash, "cash", "card").tolist()
    return {"fare": fares.tolist(), "paid": paid}, (random.random(num_rows) < 1 / (1 + np.exp(-odds))).tolist()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    place = Workspace(tmp_path_factory.mktemp("trained"))
    columns, tipped = traffic(3000, seed=1)
    hg.train(pa.table({**columns, "tipped": tipped}), label="tipped", model="logistic_reg", name="tips",
             workspace=place.root, monitoring={"quality": {"slices": ["paid"]}})  # fmt: skip
    return place


@pytest.fixture
def place(trained: Workspace) -> Iterator[Workspace]:
    """Two days of the log, of which the second's concept is another for those who pay cash; no label has come."""
    import shutil

    bundle = hg.load(trained.get("tips").path, workspace=trained.root).bundle
    for day in range(2):
        columns, _ = traffic(ROWS, seed=10 + day)
        log_answers(trained, bundle, columns, hour=FIRST_HOUR + 24 * day, endpoint="tips", model="tips", weight=5.0)
    yield trained
    shutil.rmtree(trained.logs_folder)
    shutil.rmtree(trained.monitoring_folder)


def give_labels(place: Workspace, day: int, rows: slice = slice(None), *, flipped: bool = False) -> None:
    _, labels = traffic(ROWS, seed=10 + day, flipped=flipped)
    ids = [f"h{FIRST_HOUR + 24 * day}-{number}" for number in range(ROWS)]
    add_feedback(pa.table({"request_id": ids[rows], "tipped": labels[rows]}), "tips", workspace=place)


def qualities(place: Workspace) -> list[WindowQuality]:
    kept = WindowSummaries(place.monitoring_folder, "tips").between(Windows().series)
    return [summary.quality for summary in kept if summary.quality is not None]


def test_the_metrics_are_those_of_the_joined_rows(place: Workspace) -> None:
    give_labels(place, 0, slice(0, 500))
    report = monitor("tips", workspace=place)
    first = qualities(place)[0]
    assert (first.num_rows, first.num_labelled, first.share_labelled) == (ROWS, 500, 500 / ROWS)
    assert first.mean_delay_seconds == pytest.approx(first.longest_delay_seconds)
    assert first.mean_delay_seconds > 0
    joined = read_request_log("tips", workspace=place, with_truth=True)
    rows = joined.query('SELECT probabilities[2] AS p, "truth.tipped" AS y, "instance.paid" AS paid FROM data'
                        ' WHERE "truth.tipped" IS NOT NULL')  # fmt: skip
    p, y = rows["p"].to_numpy(), rows["y"].to_numpy(zero_copy_only=False).astype(bool)
    found = {finding.name: finding for finding in report.windows[0].about("quality") if not finding.slice}
    assert found["accuracy"].value == pytest.approx(sk.accuracy_score(y, p >= 0.5))
    assert found["f1_score"].value == pytest.approx(sk.f1_score(y, p >= 0.5))
    assert found["log_loss"].value == pytest.approx(sk.log_loss(y, p))
    assert found["roc_auc"].value == pytest.approx(sk.roc_auc_score(y, p), abs=2e-3)
    cash = rows["paid"].to_numpy(zero_copy_only=False) == "cash"
    sliced = {(finding.name, finding.slice): finding for finding in report.windows[0].about("quality")}
    assert sliced["accuracy", "paid = 'cash'"].value == pytest.approx(sk.accuracy_score(y[cash], p[cash] >= 0.5))
    assert sliced["accuracy", "paid = 'cash'"].num_rows == cash.sum()
    assert not report.windows[0].anomalies, "the answers are as good as in the evaluation"


def test_labels_that_come_late_are_summed_up(place: Workspace) -> None:
    assert monitor("tips", workspace=place).num_new_windows == 2
    assert [one.num_labelled for one in qualities(place)] == [0, 0]
    give_labels(place, 1, slice(0, 100))
    assert monitor("tips", workspace=place).num_new_windows == 1
    assert [one.num_labelled for one in qualities(place)] == [0, 100]
    assert monitor("tips", workspace=place).num_new_windows == 0
    give_labels(place, 0)
    give_labels(place, 1)
    assert monitor("tips", workspace=place).num_new_windows == 2
    assert [one.num_labelled for one in qualities(place)] == [ROWS, ROWS], "of two labels for a row one counts"
    later = [one.each for one in qualities(place)]
    (place.monitoring_folder / "tips.sqlite").unlink()
    monitor("tips", workspace=place)
    assert [one.each for one in qualities(place)] == later, "as if they had been there from the beginning"


def test_windows_of_rows_are_summed_up_again(place: Workspace) -> None:
    asked = Monitoring(every="300 rows", min_rows=100)
    series = Windows("300 rows").series
    assert len(summarise_log("tips", workspace=place, monitoring=asked).windows) == 4
    give_labels(place, 1, slice(0, 50))
    assert len(summarise_log("tips", workspace=place, monitoring=asked).windows) == 2, "of the hour, each"
    kept = WindowSummaries(place.monitoring_folder, "tips").between(series)
    assert [one.quality.num_labelled for one in kept if one.quality] == [0, 0, 50, 0]
    assert not summarise_log("tips", workspace=place, monitoring=asked).windows


def test_damaged_feedback_is_told_and_waits(place: Workspace) -> None:
    give_labels(place, 0)
    (file,) = LogFolder(place.logs_folder, "tips").files("feedback")
    whole = file.read_bytes()
    file.write_bytes(whole[:100])
    report = monitor("tips", workspace=place)
    assert any("labels cannot be read" in note for note in report.notes)
    assert [one.num_labelled for one in qualities(place)] == [0, 0]
    file.write_bytes(whole)
    assert not any("labels" in note for note in monitor("tips", workspace=place).notes)
    assert [one.num_labelled for one in qualities(place)] == [ROWS, 0]


def test_what_is_ended_within_is_done_again(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    summarise_log("tips", workspace=place, monitoring=Monitoring())
    give_labels(place, 0)
    give_labels(place, 1)
    put, times = WindowSummaries.put, []

    def ends_at_the_second(self: WindowSummaries, *arguments: Any) -> None:
        times.append(arguments)
        if len(times) == 2:
            raise KeyboardInterrupt
        put(self, *arguments)

    monkeypatch.setattr(WindowSummaries, "put", ends_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        summarise_log("tips", workspace=place, monitoring=Monitoring())
    monkeypatch.undo()
    assert [one.num_labelled for one in qualities(place)] == [0, 0], "days are merged when their hours are there"
    summarise_log("tips", workspace=place, monitoring=Monitoring())
    assert [one.num_labelled for one in qualities(place)] == [ROWS, ROWS]


def test_a_window_whose_rows_are_gone_stays_as_it_is(place: Workspace) -> None:
    monitor("tips", workspace=place)
    give_labels(place, 0)
    for file in LogFolder(place.logs_folder, "tips").files("requests", until=FIRST_HOUR + 1):
        file.unlink()
    assert monitor("tips", workspace=place).num_new_windows == 0
    assert [one.num_rows for one in qualities(place)] == [ROWS, ROWS]


def test_labels_of_nothing_new_are_not_looked_at(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    give_labels(place, 0)
    monitor("tips", workspace=place)

    def fails(*arguments: object) -> list[int]:
        raise AssertionError

    monkeypatch.setattr(looking, "files_sql", fails)
    monitor("tips", workspace=place)


def found(place: Workspace, window: int, **asked: Any) -> dict[tuple[str, str], Finding]:
    monitoring = Monitoring(quality=Quality(slices=("paid",), **asked))
    windows = monitor("tips", workspace=place, monitoring=monitoring).windows
    return {(finding.name, finding.slice): finding for finding in windows[window].about("quality")
            if finding.measure == "labels"}  # fmt: skip


def test_a_concept_that_changed_is_found_and_where(place: Workspace) -> None:
    give_labels(place, 0)
    give_labels(place, 1, flipped=True)
    then, now = found(place, 0), found(place, 1)
    assert not any(finding.is_anomaly for finding in then.values())
    assert now["accuracy", ""].is_anomaly
    assert now["accuracy", "paid = 'cash'"].is_anomaly
    assert not now["accuracy", "paid = 'card'"].is_anomaly
    assert now["accuracy", ""].high is not None
    assert now["accuracy", ""].high < now["accuracy", ""].threshold
    assert "evaluation" in now["accuracy", ""].change
    assert all(finding.is_judged for finding in now.values())
    few = found(place, 1, min_rows=ROWS + 1)
    assert not any(finding.is_judged for finding in few.values())
    assert found(place, 1, thresholds={"accuracy": 0.9})["accuracy", ""].is_anomaly is False


def test_what_cannot_be_is_told(tmp_path: Path) -> None:
    rows = pa.table({"fare": [1.0, 2.0], "paid": ["a", "b"], "tipped": [True, False]})
    with pytest.raises(SpecError) as caught:
        hg.train(
            rows,
            label="tipped",
            model="logistic_reg",
            workspace=tmp_path,
            serving={"sensitive": {"paid": "hash"}},
            monitoring={
                "quality": {"slices": ["paid"], "threshold": 0, "min_rows": 0, "thresholds": {"acuracy": 0.1}},
            },
        )
    told = [fault.where for fault in caught.value.faults]
    assert told == ["monitoring.quality.slices[0]", "monitoring.quality.threshold",
                    "monitoring.quality.thresholds.acuracy", "monitoring.quality.min_rows"]  # fmt: skip
    assert caught.value.faults[2].nearest == "accuracy"


def test_several_labels_are_measured_each(tmp_path: Path) -> None:
    labels = tuple(OneLabel(name=name, type=SqlType.FLOAT64) for name in ("low", "high"))
    signature = Signature(inputs=(Input(name="x", type=SqlType.FLOAT64),), task="regression", label="low, high",
                          label_type=SqlType.FLOAT64, labels=labels, model_type="dnn_regressor")  # fmt: skip
    random, place = np.random.default_rng(0), Workspace(tmp_path)
    answers, truths = random.normal(size=(2, 300, 2)) + np.array([0.0, 9.0])
    logged = [{"predicted_low": low, "predicted_high": high} for low, high in answers.tolist()]
    log_rows(place, signature, [{"x": 1.0}] * 300, logged, hour=FIRST_HOUR, endpoint="two", model="two")
    ids = [f"h{FIRST_HOUR}-{number}" for number in range(300)]
    given = {"request_id": ids, "low": truths[:, 0].tolist(), "high": [None, *truths[1:, 1].tolist()]}
    add_feedback(pa.table(given), "two", workspace=place)
    summarise_log("two", workspace=place, monitoring=Monitoring())
    (summary,) = WindowSummaries(place.monitoring_folder, "two").between(Windows().series)
    assert summary.quality is not None
    low, high = summary.quality.each
    assert (low.label, low.sums.num_labelled, high.label, high.sums.num_labelled) == ("low", 300, "high", 299)
    for one, rows, number in ((low, slice(None), 0), (high, slice(1, None), 1)):
        error = sk.mean_absolute_error(truths[rows, number], answers[rows, number])
        assert one.sums.metrics()["mean_absolute_error"].value == pytest.approx(error)


def test_several_classes_have_expected_and_true_figures(tmp_path: Path) -> None:
    signature = Signature(inputs=(Input(name="x", type=SqlType.FLOAT64),), task="classification", label="kind",
                          label_type=SqlType.STRING, classes=("a", "b", "c"), model_type="naive_bayes")  # fmt: skip
    random, place = np.random.default_rng(0), Workspace(tmp_path)
    p = random.dirichlet([1.0, 1.0, 1.0], 900)
    truth = (p.cumsum(axis=1) < random.random((900, 1))).sum(axis=1)
    logged: list[dict[str, Any]] = [
        {"predicted_kind": "abc"[row.argmax()],
         "predicted_kind_probs": [{"label": name, "prob": each} for name, each in zip("abc", row, strict=True)]}
        for row in p
    ]  # fmt: skip
    logged[-1] = {"predicted_kind": None, "predicted_kind_probs": None}  # a row that was refused
    ids = log_rows(place, signature, [{"x": 1.0}] * 900, logged, hour=FIRST_HOUR, endpoint="three", model="three")
    kinds = ["abc"[each] for each in truth[:-2]] + ["of no class", "a"]
    add_feedback(pa.table({"request_id": ids, "kind": kinds}), "three", workspace=place)
    summarise_log("three", workspace=place, monitoring=Monitoring())
    (summary,) = WindowSummaries(place.monitoring_folder, "three").between(Windows().series)
    assert summary.expected is not None
    assert summary.quality is not None
    assert summary.expected == ExpectedMulticlass.of(p[:-1])
    (whole,) = summary.quality.each
    assert (summary.quality.num_labelled, whole.sums.num_labelled) == (900, 898)
    true = whole.sums.metrics()
    assert true["accuracy"].value == pytest.approx(sk.accuracy_score(truth[:-2], p[:-2].argmax(axis=1)))
    for name, estimate in summary.expected.metrics().items():
        assert estimate.low <= true[name].value <= estimate.high, name


def test_a_report_with_labels_is_plain_json(place: Workspace) -> None:
    give_labels(place, 0)
    document = json.loads(json.dumps(monitor("tips", workspace=place).as_json()))
    summary = document["windows"][0]["summary"]
    assert summary["quality"]["num_labelled"] == ROWS
    assert summary["quality"]["each"][0]["sums"]["ranked"]["bins"] == {}, "figures alone"
    assert any("fair sample" in told for told in document["view"]["assumptions"])


def test_columns_that_cannot_be_sliced_by_are_told(tmp_path: Path) -> None:
    heard = Heard()
    columns, tipped = traffic(200, seed=1)
    rows = pa.table({**columns, "night": [True, False] * 100, "tipped": tipped})
    hg.train(rows, label="tipped", model="logistic_reg", workspace=tmp_path, exclude=["night"], progress=heard,
             monitoring={"quality": {"slices": ["paid", "fare", "night"]}})  # fmt: skip
    told = " ".join(heard.notes)
    assert "no feature reads 'night'" in told
    assert "'fare' is FLOAT64, without frequent values" in told
    assert "'paid'" not in told


def test_several_truth_values_are_expected_and_measured_each(tmp_path: Path) -> None:
    labels = tuple(OneLabel(name=name, type=SqlType.BOOL, classes=(False, True)) for name in ("fog", "rain"))
    signature = Signature(inputs=(Input(name="x", type=SqlType.FLOAT64),), task="classification", label="fog, rain",
                          label_type=SqlType.BOOL, labels=labels, threshold=0.4,
                          model_type="dnn_classifier")  # fmt: skip
    random, place = np.random.default_rng(0), Workspace(tmp_path)
    p = random.random((400, 2))
    truth = random.random((400, 2)) < p
    logged: list[dict[str, Any]] = [
        {key: value for name, each in zip(("fog", "rain"), row, strict=True)
         for key, value in ((f"predicted_{name}", each >= 0.4),
                            (f"predicted_{name}_probs", [{"label": False, "prob": 1 - each},
                                                         {"label": True, "prob": each}]))}
        for row in p.tolist()
    ]  # fmt: skip
    ids = log_rows(place, signature, [{"x": 1.0}] * 400, logged, hour=FIRST_HOUR, endpoint="sky", model="sky")
    given = {"request_id": ids, "fog": truth[:, 0].tolist(), "rain": truth[:, 1].tolist()}
    add_feedback(pa.table(given), "sky", workspace=place)
    summarise_log("sky", workspace=place, monitoring=Monitoring())
    (summary,) = WindowSummaries(place.monitoring_folder, "sky").between(Windows().series)
    assert summary.quality is not None
    assert isinstance(summary.expected, ExpectedSeveral)
    assert list(summary.expected.each) == [one.label for one in summary.quality.each] == ["fog", "rain"]
    for number, one in enumerate(summary.quality.each):
        true, expected = one.sums.metrics(), summary.expected.each[one.label].metrics()
        assert true["recall"].value == pytest.approx(sk.recall_score(truth[:, number], p[:, number] >= 0.4))
        assert expected["accuracy"].value == pytest.approx(np.maximum(p, 1 - p)[:, number].mean(), abs=0.03)
        assert expected["accuracy"].low <= true["accuracy"].value <= expected["accuracy"].high
