"""What is expected before labels come, judged: what is wrong is found, what only looks wrong is not."""

from __future__ import annotations

import msgspec
import numpy as np

from hagane.monitoring.expected_binary import ExpectedBinary
from hagane.monitoring.finding import Finding
from hagane.monitoring.judges.expected import judge_expected
from hagane.monitoring.quality.evaluated import Evaluated, EvaluatedRows
from hagane.monitoring.quality.expected_multiclass import ExpectedMulticlass
from hagane.monitoring.quality.expected_quality import ExpectedQuality
from hagane.monitoring.quality.expected_several import ExpectedSeveral
from hagane.monitoring.reference import Reference
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window
from hagane.spec.monitoring import Monitoring
from hagane.statistics.statistics import Statistics

NOTHING = Statistics(num_rows=0, columns=())


def judged(expected: ExpectedQuality | None, metrics: dict[str, float], *, part: str = "test") -> dict[str, Finding]:
    summary = WindowSummary(window=Window(0, 10), deployed_model_id="a", model="a", version="1", num_rows=5000,
                            traffic=5000.0, num_errors=0, inputs=NOTHING, predictions=NOTHING,
                            expected=expected)  # fmt: skip
    evaluated = Evaluated(part=part, each=(EvaluatedRows(label="", num_rows=2000, metrics=metrics),))
    reference = Reference(baseline="training", evaluated=evaluated)
    return {finding.name: finding for finding in judge_expected(summary, reference, Monitoring())}


def test_answers_that_are_less_sure_than_they_were_are_found() -> None:
    random = np.random.default_rng(0)
    sure, unsure = random.beta(0.2, 0.2, 5000), random.beta(4.0, 4.0, 5000)
    metrics = {"accuracy": 0.9, "roc_auc": 0.95, "expected_calibration_error": 0.02}
    then = judged(ExpectedBinary.of(sure, threshold=0.5), metrics)
    now = judged(ExpectedBinary.of(unsure, threshold=0.5), metrics)
    assert set(then) == {"expected_accuracy", "expected_roc_auc"}
    assert (then["expected_accuracy"].is_anomaly, now["expected_accuracy"].is_anomaly) == (False, True)
    assert (now["expected_accuracy"].is_judged, now["expected_roc_auc"].is_judged) == (True, False)
    assert now["expected_accuracy"].measure == "CBPE"


def test_probabilities_that_are_too_modest_are_no_anomaly() -> None:
    """A model that says 0.7 and is right in 0.9 of the rows: its calibration error tells of that."""
    modest = ExpectedMulticlass.of(np.tile([0.7, 0.2, 0.1], (5000, 1)))
    found = judged(modest, {"accuracy": 0.9, "expected_calibration_error": 0.2})["expected_accuracy"]
    assert found.is_judged
    assert not found.is_anomaly
    unknown = judged(modest, {"accuracy": 0.9})["expected_accuracy"]
    assert unknown.is_anomaly
    assert not unknown.is_judged, "nobody knows whether the probabilities mean what they say"


def test_each_of_several_labels_is_judged_by_its_own_evaluation() -> None:
    unsure = ExpectedBinary.of(np.random.default_rng(0).beta(4.0, 4.0, 5000), threshold=0.5)
    metrics = {"fog": 0.9, "rain": 0.6}
    evaluated = Evaluated(part="test", each=tuple(
        EvaluatedRows(label=label, num_rows=2000, metrics={"accuracy": value, "expected_calibration_error": 0.0})
        for label, value in metrics.items()
    ))  # fmt: skip
    summary = WindowSummary(window=Window(0, 10), deployed_model_id="a", model="a", version="1", num_rows=5000,
                            traffic=5000.0, num_errors=0, inputs=NOTHING, predictions=NOTHING,
                            expected=ExpectedSeveral(each={"fog": unsure, "rain": unsure}))  # fmt: skip
    findings = judge_expected(summary, Reference(baseline="training", evaluated=evaluated), Monitoring())
    assert {each.name: each.is_anomaly for each in findings} == {
        "expected_accuracy of fog": True, "expected_accuracy of rain": False}  # fmt: skip


def test_an_evaluation_of_training_rows_judges_nothing() -> None:
    sums = ExpectedMulticlass.of(np.tile([0.7, 0.2, 0.1], (5000, 1)))
    found = judged(sums, {"accuracy": 0.99, "expected_calibration_error": 0.0}, part="train")
    assert not any(finding.is_judged for finding in found.values())
    assert judged(None, {}) == {}


def test_each_kind_is_read_back_as_it_was() -> None:
    for sums in (ExpectedBinary.of(np.array([0.1]), threshold=0.5), ExpectedMulticlass.of(np.eye(3))):
        content = msgspec.msgpack.encode(sums)
        assert msgspec.msgpack.decode(content, type=ExpectedQuality) == sums  # type: ignore[comparison-overlap]
