"""Judged quality: what too few rows show is not called worse."""

from __future__ import annotations

import numpy as np
import pytest

from hagane.monitoring.finding import Finding
from hagane.monitoring.judges.quality import judge_quality
from hagane.monitoring.quality.binary_quality import BinaryQuality
from hagane.monitoring.quality.evaluated import Evaluated, EvaluatedRows
from hagane.monitoring.quality.window_quality import SliceQuality, WindowQuality
from hagane.monitoring.reference import Reference
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window
from hagane.spec.monitoring import Monitoring
from hagane.statistics.statistics import Statistics

NOTHING = Statistics(num_rows=0, columns=())


def drawn(random: np.random.Generator, num_rows: int, yes: float, precision: float) -> BinaryQuality:
    """Answers of a model that says yes to a share of the rows, and is right in so many of these; else 0.2 are yes."""
    called = random.random(num_rows) < yes
    labels = random.random(num_rows) < np.where(called, precision, 0.2)
    scores = np.where(called, 0.7, 0.2) + random.random(num_rows) / 10
    return BinaryQuality.of(scores, labels.astype(np.int64), np.ones(num_rows), threshold=0.5)


def precision_of(window: BinaryQuality, evaluation: BinaryQuality) -> Finding | None:
    metrics = {name: each.value for name, each in evaluation.metrics().items()}
    rows = EvaluatedRows(label="", num_rows=evaluation.num_labelled, metrics=metrics)
    quality = WindowQuality(num_rows=300, num_labelled=300, each=(SliceQuality(label="", sums=window),))
    summary = WindowSummary(window=Window(0, 1), deployed_model_id="m", model="m", version="1", num_rows=300,
                            traffic=300.0, num_errors=0, inputs=NOTHING, predictions=NOTHING,
                            quality=quality)  # fmt: skip
    reference = Reference(baseline="training", evaluated=Evaluated(part="test", each=(rows,)))
    found = judge_quality(summary, reference, Monitoring())
    return next((each for each in found if each.name == "precision"), None)


@pytest.mark.parametrize("yes", [0.005, 0.15])
def test_where_nothing_has_changed_precision_raises_no_alert(yes: float) -> None:
    """Windows and the evaluation are drawn alike; two windows beyond open an alert, which by chance alone is rare."""
    random, alerts = np.random.default_rng(4), 0
    for _ in range(400):
        evaluation = drawn(random, 1_000, yes, 0.6)
        found = [precision_of(drawn(random, 300, yes, 0.6), evaluation) for _ in range(2)]
        alerts += all(each is not None and each.is_judged and each.is_anomaly for each in found)
    assert alerts <= 1


def test_precision_of_a_handful_is_shown_and_not_judged() -> None:
    random = np.random.default_rng(5)
    few = precision_of(drawn(random, 300, 0.02, 0.0), drawn(random, 1_000, 0.02, 0.6))
    assert few is not None
    assert not few.is_judged
    many = precision_of(drawn(random, 300, 0.2, 0.2), drawn(random, 1_000, 0.2, 0.6))
    assert many is not None
    assert many.is_judged
    assert many.is_anomaly
