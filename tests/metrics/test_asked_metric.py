"""What models of another loss are judged by: scikit-learn's figures, the best constant, any weighting of the rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, mean_poisson_deviance

from hagane.evaluation.evaluate import evaluate
from hagane.evaluation.metric_info import METRICS
from hagane.metrics.asked_metric import NAMES, AskedMetric, asked_metric
from hagane.metrics.undefined import Undefined
from hagane.metrics.weighted_metrics import regression_metrics

CASES = [
    (asked_metric("quantile", 0.9), lambda y, p, w: mean_pinball_loss(y, p, alpha=0.9, sample_weight=w)),
    (asked_metric("quantile"), lambda y, p, w: mean_pinball_loss(y, p, alpha=0.5, sample_weight=w)),
    (asked_metric("absolute_error"), lambda y, p, w: mean_absolute_error(y, p, sample_weight=w)),
    (asked_metric("huber"), lambda y, p, w: mean_absolute_error(y, p, sample_weight=w)),
    (asked_metric("poisson"), lambda y, p, w: mean_poisson_deviance(y, p, sample_weight=w)),
]
every_case = pytest.mark.parametrize(("asked", "oracle"), CASES)


def rows(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    rate = random.gamma(2.0, 2.0, n)
    return random.poisson(rate).astype(np.float64), rate * random.uniform(0.5, 2, n)


@every_case
def test_it_is_scikit_learn_s_for_any_weighting(asked: AskedMetric, oracle: object) -> None:
    labels, predictions = rows()
    assert callable(oracle)
    assert asked.value(labels, predictions) == pytest.approx(oracle(labels, predictions, None), rel=1e-12)
    weights = np.random.default_rng(1).integers(0, 4, (3, len(labels))).astype(float)
    found = regression_metrics(labels, predictions, asked)(weights)[asked.name]
    assert found == pytest.approx([oracle(labels, predictions, each) for each in weights], rel=1e-12)


@every_case
def test_no_constant_is_better_than_the_baseline(asked: AskedMetric, oracle: object) -> None:
    labels, predictions = rows()
    found = evaluate(labels, predictions, task="regression", asked=asked, num_resamples=50)
    best = found.baseline[asked.name]
    others = [asked.value(labels, np.full(len(labels), each)) for each in np.linspace(0.1, 15, 150)]
    assert best is not None
    assert best <= min(value for value in others if not isinstance(value, Undefined)) + 1e-12
    assert asked.predicted in found.baseline_meaning
    assert found.headline() == (asked.name, found.metrics[asked.name])
    interval = found.confidence[asked.name]
    assert interval.low < found.metrics[asked.name] < interval.high  # type: ignore[operator]
    assert not METRICS[asked.name].higher_is_better


def test_squares_judge_means() -> None:
    assert asked_metric("squared_error") is None is asked_metric(None)
    assert set(NAMES) == {"absolute_error", "huber", "quantile", "poisson"}


@pytest.mark.parametrize(("label", "prediction", "reason"), [
    (-1.0, 1.0, "a label is below 0"), (1.0, 0.0, "a prediction is not above 0"),
])  # fmt: skip
def test_a_deviance_that_does_not_exist_is_undefined(label: float, prediction: float, reason: str) -> None:
    labels, predictions = np.array([1.0, label, 2.0]), np.array([1.0, prediction, 2.5])
    found = evaluate(labels, predictions, task="regression", asked=asked_metric("poisson"), num_resamples=20,
                     slices={"s": np.array(["a", "a", "b"])})  # fmt: skip
    assert found.metrics["mean_poisson_deviance"] is None
    assert found.undefined["mean_poisson_deviance"] == reason
    assert found.headline()[0] == "r2_score"
    assert "mean_poisson_deviance" not in found.confidence


def test_slices_are_held_against_each_other_by_it() -> None:
    labels = np.concatenate([np.zeros(200), np.full(200, 10.0)])
    predictions = np.full(400, 5.0)
    slices = {"s": np.repeat(np.array(["low", "high"]), 200)}
    found = evaluate(labels, predictions, task="regression", asked=asked_metric("quantile", 0.9), slices=slices,
                     num_resamples=0)  # fmt: skip
    gaps = {each.value: each.loss_gap for each in found.slices[0].slices}
    assert gaps == pytest.approx({"low": -4.0, "high": 4.0})
