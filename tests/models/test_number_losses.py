"""The losses of networks for numbers: what they are least at, in which unit they are told, weights, the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from family_cases import QUICK
from scipy.optimize import minimize
from sklearn.linear_model import PoissonRegressor, QuantileRegressor
from sklearn.metrics import mean_pinball_loss
from small_encoder import graph_of, relative_difference

from hagane.errors import SpecError, TrainingError
from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.family import FitContext, score_unit
from hagane.models.number_target import number_target

Encode = Callable[..., Encoded]
FAMILIES = ("dnn_regressor", "dnn_linear_combined_regressor", "tabnet_regressor", "torch_regressor")
HUBER_DELTA = 2.0
LOSSES: dict[str, dict[str, Any]] = {
    "squared_error": {},
    "absolute_error": {},
    "huber": {"huber_delta": HUBER_DELTA},
    "poisson": {},
    "quantile": {"quantile_level": 0.8},
}
LINEAR = {"hidden_units": [], "dropout": 0.0, "optimizer": "adam"}
every_loss = pytest.mark.parametrize("loss", LOSSES)
every_family = pytest.mark.parametrize("name", FAMILIES)


def mean_loss(loss: str, y: np.ndarray, p: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Of predictions p, in the label's own unit."""
    if loss == "quantile":
        return float(mean_pinball_loss(y, p, alpha=0.8, sample_weight=weight))
    error = np.abs(y - p)
    rows = {
        "squared_error": lambda: np.square(error),
        "absolute_error": lambda: error,
        "huber": lambda: np.where(error <= HUBER_DELTA, error**2 / 2, HUBER_DELTA * (error - HUBER_DELTA / 2)),
        "poisson": lambda: p - y * np.log(p),
    }[loss]()
    return float(np.average(rows, weights=weight))


def fit(name: str, train: Encoded, evaluation: Encoded | None = None, **options: Any) -> Any:
    family = get_family(name)
    context = FitContext(features=train.features, num_threads=1, seed=7)
    return family.fit(train, evaluation, family_options(family, options), context)


def counts(encode: Encode, n: int, seed: int = 0, *, unit: float = 1.0, weighted: bool = False) -> Encoded:
    """Counts, times a unit, whose mean is exp of a sum of numbers; a category that says nothing."""
    random = np.random.default_rng(seed)
    dense = random.normal(size=(n, 2)).astype(np.float32)
    label = unit * random.poisson(np.exp(0.5 * dense[:, 0] - 0.4 * dense[:, 1] + 1)).astype(np.float64)
    weight = random.integers(1, 4, n).astype(np.float32) if weighted else None
    return encode(dense, random.integers(0, 4, (n, 1)), label, (4,), weight=weight)


def flat(encode: Encode, label: np.ndarray, weight: np.ndarray | None = None) -> Encoded:
    """Rows that nothing tells apart."""
    return encode(np.zeros((len(label), 1)), np.empty((len(label), 0), np.int64), label, (), weight=weight)


@every_family
@every_loss
def test_what_is_told_is_the_loss_of_the_predictions_and_the_graph_s(name: str, loss: str, encode: Encode) -> None:
    train, held_out = counts(encode, 400, weighted=True), counts(encode, 300, seed=1, weighted=True)
    model = fit(name, train, held_out, **{**QUICK[name], "loss": loss, **LOSSES[loss]})
    batch = held_out.arrays()
    scores = model.predict(batch.dense, batch.ids)
    told = model.curve[model.best_iteration - 1].eval_loss
    assert told == pytest.approx(mean_loss(loss, batch.label, scores, batch.weight), rel=2e-5)
    assert (scores > 0).all() or loss != "poisson"
    graph, tolerance = graph_of(model, train), get_family(name).relative_tolerance
    whole = graph(batch.dense, batch.ids)
    assert relative_difference(whole, scores, score_unit(model)) <= tolerance
    for n in (0, 1, 2, 7):
        assert graph(batch.dense[:n], batch.ids[:n]).tobytes() == whole[:n].tobytes()


def test_rows_alike_answer_what_the_loss_is_least_at(encode: Encode) -> None:
    label = np.random.default_rng(0).gamma(2.0, 300.0, 301)
    answers = {
        "squared_error": np.mean(label),
        "absolute_error": np.median(label),
        "poisson": np.mean(label),
        "quantile": np.quantile(label, 0.8),
        "huber": minimize(lambda x: mean_loss("huber", label, x[0]), [500.0], method="Nelder-Mead").x[0],
    }
    for loss, expected in answers.items():
        options = {**LINEAR, "loss": loss, "max_iterations": 60, "batch_size": 32, "learn_rate": 0.05}
        model = fit("dnn_regressor", flat(encode, label), **options, **LOSSES[loss])
        found = float(model.predict(np.zeros((1, 1), np.float32), None)[0])
        assert found == pytest.approx(expected, rel=0.02), loss


@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e9])
def test_a_linear_poisson_network_is_scikit_learn_s(unit: float, encode: Encode) -> None:
    train = counts(encode, 800, unit=unit)
    batch = train.arrays()
    options = {"loss": "poisson", "max_iterations": 60, "batch_size": 100, "learn_rate": 0.05}
    model = fit("dnn_regressor", train, **LINEAR, **options)
    columns = np.concatenate([batch.dense, np.eye(4)[batch.ids[:, 0].astype(np.int64)]], axis=1)
    oracle = PoissonRegressor(alpha=0, max_iter=1000, tol=1e-8).fit(columns, batch.label / unit).predict(columns) * unit
    assert np.abs(model.predict(batch.dense, batch.ids) / oracle - 1).max() < 0.03


def test_a_linear_quantile_network_is_scikit_learn_s(encode: Encode) -> None:
    random = np.random.default_rng(3)
    dense = random.normal(size=(600, 2)).astype(np.float32)
    label = 5_000 * dense[:, 0] + 2_000 * random.standard_exponential(600) + 40_000
    train = encode(dense, np.empty((600, 0), np.int64), label, ())
    for level in (0.1, 0.9):
        oracle = QuantileRegressor(quantile=level, alpha=0, solver="highs").fit(dense, label)
        options = {"loss": "quantile", "quantile_level": level, "max_iterations": 80, "batch_size": 60}
        model = fit("dnn_regressor", train, **LINEAR, **options, learn_rate=0.05)
        best = mean_pinball_loss(label, oracle.predict(dense), alpha=level)
        assert mean_pinball_loss(label, model.predict(dense, None), alpha=level) <= 1.01 * best


@every_loss
def test_a_weight_is_as_many_rows(loss: str, encode: Encode) -> None:
    weighted = counts(encode, 300, weighted=True)
    batch = weighted.arrays()
    assert batch.weight is not None
    twice = np.repeat(np.arange(300), batch.weight.astype(np.int64))
    repeated = encode(batch.dense[twice], batch.ids[twice].astype(np.int64), batch.label[twice], (4,))
    options = {**LINEAR, "loss": loss, "max_iterations": 30, "batch_size": 10_000, "learn_rate": 0.05, **LOSSES[loss]}
    chosen: Any = family_options("dnn_regressor", options)
    one, other = (number_target(rows, chosen, FitContext(features=())) for rows in (weighted, repeated))
    assert (one.level, one.scale) == pytest.approx((other.level, other.scale), rel=1e-12)
    ours, theirs = (fit("dnn_regressor", rows, **options) for rows in (weighted, repeated))
    assert relative_difference(ours.predict(batch.dense, batch.ids), theirs.predict(batch.dense, batch.ids)) < 1e-4
    assert [row.loss for row in ours.curve] == pytest.approx([row.loss for row in theirs.curve], rel=1e-5)


def test_what_a_network_begins_with_is_the_best_constant(encode: Encode) -> None:
    label = np.array([0.0] * 40 + [10.0] * 50 + [1e6] * 10)

    def target(loss: str, **options: Any) -> Any:
        chosen: Any = family_options("dnn_regressor", {"loss": loss, **options})
        return number_target(flat(encode, label), chosen, FitContext(features=()))

    assert target("absolute_error").level == target("huber").level == 10.0
    assert target("quantile", quantile_level=0.95).level == 1e6
    assert target("poisson").scale == np.mean(label)
    assert target("huber").huber_delta == 10.0
    assert target("huber").scale < 10, "outliers do not make the other labels look alike"


def test_huber_is_told_by_outliers_less_than_squares_are(encode: Encode) -> None:
    random = np.random.default_rng(6)
    dense = random.normal(size=(1000, 2)).astype(np.float32)
    truth = 50_000 * dense[:, 0] + 200_000
    label = np.where(random.random(1000) < 0.05, 5e6, truth + 5_000 * random.normal(size=1000))
    train = encode(dense, np.empty((1000, 0), np.int64), label, ())
    options = {**LINEAR, "max_iterations": 40, "batch_size": 50, "learn_rate": 0.05}
    errors = [
        float(np.median(np.abs(fit("dnn_regressor", train, loss=loss, **options).predict(dense, None) - truth)))
        for loss in ("squared_error", "huber")
    ]
    assert errors[1] < 0.1 * errors[0]


@pytest.mark.parametrize(("bad", "received"), [(-1.0, "1 of 40 labels below 0"), (0.0, "labels of 0 alone")])
def test_poisson_is_for_counts(bad: float, received: str, encode: Encode) -> None:
    label = np.zeros(40) if bad == 0 else np.where(np.arange(40) == 7, bad, 2.0)
    with pytest.raises(TrainingError) as raised:
        fit("dnn_regressor", flat(encode, label), loss="poisson")
    assert raised.value.faults[0].received == received


def test_no_row_however_far_is_answered_with_infinity(encode: Encode) -> None:
    model = fit("dnn_regressor", counts(encode, 200), **LINEAR, loss="poisson", max_iterations=20)
    far = np.full((2, 2), 3e38, np.float32) * np.array([[1, -1], [-1, 1]], np.float32)
    ids = np.zeros((2, 1), np.int64)
    found = graph_of(model, counts(encode, 10))(far, ids)
    assert np.isfinite(found).all()
    assert found.tobytes() == model.predict(far, ids).tobytes()


@every_family
def test_options_of_another_loss_are_refused(name: str) -> None:
    needed = {"module": "own_torch_modules:Mixed"} if name == "torch_regressor" else {}
    for options, where in (
        ({"quantile_level": 0.3}, "quantile_level"),
        ({"loss": "quantile", "huber_delta": 1.0}, "huber_delta"),
        ({"loss": "huber", "huber_delta": 0.0}, "huber_delta"),
        ({"loss": "gamma"}, "loss"),
        ({"eval_metric": "roc_auc"}, "eval_metric"),
    ):
        with pytest.raises(SpecError) as raised:
            family_options(name, {**needed, **options})
        assert [fault.where for fault in raised.value.faults] == [f"model.options.{where}"]


def test_a_loss_beside_that_of_the_class_itself_is_refused(encode: Encode) -> None:
    features = counts(encode, 20).features
    options = family_options("torch_regressor", {"module": "own_torch_modules:Huber", "loss": "huber"})
    assert [fault.where for fault in options.feature_faults(features, 0)] == ["model.options.loss"]
    for spared in ({"module": "own_torch_modules:Huber"}, {"module": "own_torch_modules:Mixed", "loss": "huber"}):
        assert not family_options("torch_regressor", spared).feature_faults(features, 0)
