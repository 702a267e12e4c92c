"""Each loss of boosted trees: LightGBM's own numbers, closed forms, weights, and what stops the training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, mean_absolute_error, r2_score, roc_auc_score
from small_encoder import graph_of, relative_difference

from hagane.errors import SpecError, TrainingError
from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.family import FitContext

Encode = Callable[..., Encoded]
LOSSES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "squared_error": ({}, {"objective": "regression"}),
    "absolute_error": ({}, {"objective": "regression_l1"}),
    "huber": ({"huber_delta": 2.0}, {"objective": "huber", "alpha": 2.0}),
    "poisson": ({}, {"objective": "poisson"}),
    "quantile": ({"quantile_level": 0.8}, {"objective": "quantile", "alpha": 0.8}),
}
PLAIN = {"subsample": 1.0, "colsample_bytree": 1.0, "learn_rate": 0.1, "min_tree_child_rows": 5, "num_leaves": 15}
every_loss = pytest.mark.parametrize("loss", LOSSES)


def fit(train: Encoded, evaluation: Encoded | None = None, *, num_classes: int = 0, **options: Any) -> Any:
    family = get_family("boosted_tree_classifier" if num_classes else "boosted_tree_regressor")
    context = FitContext(features=train.features, num_classes=num_classes, num_threads=1, seed=7)
    return family.fit(train, evaluation, family_options(family, {**PLAIN, **options}), context)


def counts(encode: Encode, n: int, seed: int = 0, *, weighted: bool = False) -> Encoded:
    """Counts whose mean is exp of a sum of numbers."""
    random = np.random.default_rng(seed)
    dense = random.normal(size=(n, 4)).astype(np.float32)
    label = random.poisson(np.exp(0.5 * dense[:, 0] + 0.4 * dense[:, 1] + 1)).astype(np.float64)
    weight = random.integers(1, 4, n).astype(np.float32) if weighted else None
    return encode(dense, np.empty((n, 0), np.int64), label, (), weight=weight)


def flat(encode: Encode, label: np.ndarray, weight: np.ndarray | None = None) -> Encoded:
    """Rows that nothing tells apart."""
    n = len(label)
    return encode(np.zeros((n, 1)), np.empty((n, 0), np.int64), label, (), weight=weight)


@every_loss
@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_lightgbms_own(loss: str, weighted: bool, encode: Encode) -> None:
    train, held_out = counts(encode, 800, weighted=weighted), counts(encode, 300, seed=1, weighted=weighted)
    options, parameters = LOSSES[loss]
    model = fit(train, held_out, loss=loss, max_iterations=25, early_stop=False, **options)
    batch, other = train.arrays(), held_out.arrays()
    parameters = {
        **parameters,
        **{"learning_rate": 0.1, "num_leaves": 15, "min_data_in_leaf": 5, "lambda_l2": 1.0, "num_threads": 1},
        **{"deterministic": True, "force_col_wise": True, "verbosity": -1},
    }
    dataset = lgb.Dataset(batch.dense, batch.label, weight=batch.weight, params=parameters)
    watched = lgb.Dataset(other.dense, other.label, weight=other.weight, reference=dataset)
    seen: dict[str, Any] = {}
    callback = lgb.record_evaluation(seen)
    booster = lgb.train(parameters, dataset, 25, [dataset, watched], ["train", "eval"], callbacks=[callback])
    (trained,), (evaluated,) = (seen[name].values() for name in ("train", "eval"))
    assert [row.loss for row in model.curve] == pytest.approx(trained, rel=1e-12)
    assert [row.eval_loss for row in model.curve] == pytest.approx(evaluated, rel=1e-12)
    best = booster.predict(other.dense, num_iteration=model.best_iteration)
    assert np.abs(model.predict(other.dense, None) - best).max() <= 1e-12 * np.abs(best).max()


@every_loss
def test_the_graph_has_the_link(loss: str, encode: Encode) -> None:
    train = counts(encode, 4096)
    model = fit(train, loss=loss, max_iterations=20, **LOSSES[loss][0])
    batch, graph = train.arrays(), graph_of(model, train)
    whole = graph(batch.dense, batch.ids)
    assert relative_difference(whole, model.predict(batch.dense, batch.ids)) <= 2.5e-7
    for n in (0, 1, 2, 7, 300):
        assert graph(batch.dense[:n], batch.ids[:n]).tobytes() == whole[:n].tobytes()


def test_rows_alike_answer_what_the_loss_is_least_at(encode: Encode) -> None:
    label = np.random.default_rng(0).gamma(2.0, 3.0, 501)
    answers = {
        "squared_error": np.mean(label),
        "absolute_error": np.median(label),
        "poisson": np.mean(label),
        "quantile": np.quantile(label, 0.8),
    }
    for loss, expected in answers.items():
        model = fit(flat(encode, label), loss=loss, max_iterations=5, **LOSSES[loss][0])
        assert float(model.predict(np.zeros((1, 1), np.float32), None)[0]) == pytest.approx(expected, rel=0.02), loss


def test_weights_move_what_rows_alike_answer(encode: Encode) -> None:
    label, weight = np.array([0.0] * 60 + [10.0] * 40), np.array([1.0] * 60 + [4.0] * 40)
    for loss, expected in {
        "squared_error": 160 / 22,
        "absolute_error": 10,
        "poisson": 160 / 22,
        "quantile": 10,
    }.items():
        model = fit(flat(encode, label, weight), loss=loss, max_iterations=3, **LOSSES[loss][0])
        assert float(model.predict(np.zeros((1, 1), np.float32), None)[0]) == pytest.approx(expected, rel=1e-3), loss


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_quantiles_cover_their_share_of_new_rows(level: float, encode: Encode) -> None:
    random = np.random.default_rng(3)
    parts = []
    for n in (6000, 4000):
        dense = random.normal(size=(n, 2)).astype(np.float32)
        label = dense[:, 0] + random.normal(size=n) * (1 + np.abs(dense[:, 1]))
        parts.append(encode(dense, np.empty((n, 0), np.int64), label, ()))
    model = fit(parts[0], loss="quantile", quantile_level=level, max_iterations=60, min_tree_child_rows=50)
    batch = parts[1].arrays()
    covered = np.mean(batch.label <= model.predict(batch.dense, None))
    assert covered == pytest.approx(level, abs=0.03)


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "huber"])
def test_a_weight_of_two_is_a_row_twice(loss: str, encode: Encode) -> None:
    """Where the number of rows says nothing: whole features of few values, no least number of rows in a leaf."""
    random = np.random.default_rng(5)
    dense, weight = random.integers(0, 6, (400, 3)).astype(np.float32), random.integers(1, 4, 400)
    label = random.poisson(np.exp(0.3 * dense[:, 0])).astype(np.float64)
    ids = np.empty((400, 0), np.int64)
    twice = np.repeat(np.arange(400), weight)
    weighted = encode(dense, ids, label, (), weight=weight.astype(np.float32))
    repeated = encode(dense[twice], ids[twice], label[twice], ())
    options = {"loss": loss, "max_iterations": 15, "min_tree_child_rows": 1, **LOSSES[loss][0]}
    one, other = fit(weighted, **options), fit(repeated, **options)
    assert relative_difference(one.predict(dense, None), other.predict(dense, None)) < 1e-4
    assert [row.loss for row in one.curve] == pytest.approx([row.loss for row in other.curve], rel=1e-5)


def test_huber_is_told_by_outliers_less_than_squares_are(encode: Encode) -> None:
    random = np.random.default_rng(6)
    dense = random.normal(size=(2000, 2)).astype(np.float32)
    truth = 50_000 * dense[:, 0] + 200_000
    label = np.where(random.random(2000) < 0.05, 5e6, truth + 5_000 * random.normal(size=2000))
    train = encode(dense, np.empty((2000, 0), np.int64), label, ())
    errors = [
        float(np.median(np.abs(fit(train, loss=loss, max_iterations=150).predict(dense, None) - truth)))
        for loss in ("squared_error", "huber")
    ]
    assert errors[1] < 0.3 * errors[0]


@pytest.mark.parametrize(("bad", "received"), [(-1.0, "1 of 40 labels below 0"), (0.0, "labels of 0 alone")])
def test_poisson_is_for_counts(bad: float, received: str, encode: Encode) -> None:
    label = np.zeros(40) if bad == 0 else np.where(np.arange(40) == 7, bad, 2.0)
    with pytest.raises(TrainingError) as raised:
        fit(flat(encode, label), loss="poisson")
    assert raised.value.faults[0].received == received


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"quantile_level": 0.3}, "quantile_level"),
        ({"loss": "quantile", "quantile_level": 1.0}, "quantile_level"),
        ({"huber_delta": 1.0, "loss": "quantile"}, "huber_delta"),
        ({"dropout": 0.2}, "dropout"),
        ({"booster_type": "dart", "dart_normalize_type": "FOREST"}, "dart_normalize_type"),
        ({"num_parallel_tree": 4}, "num_parallel_tree"),
        ({"tree_method": "EXACT"}, "tree_method"),
        ({"colsample_bylevel": 0.5}, "colsample_bylevel"),
        ({"eval_metric": "roc_auc"}, "eval_metric"),
        ({"loss": "absolute_error", "monotone_constraints": {"x": "increasing"}}, "monotone_constraints"),
        ({"monotone_constraints": {"x": "up"}}, "monotone_constraints"),
        (
            {
                "monotone_constraints": {"x": "increasing"},
                "monotone_constraints_method": "intermediate",
                "colsample_bynode": 0.5,
            },
            "monotone_constraints_method",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(options: dict[str, Any], where: str) -> None:
    with pytest.raises(SpecError) as raised:
        family_options("boosted_tree_regressor", options)
    assert [fault.where for fault in raised.value.faults] == [f"model.options.{where}"]
    assert raised.value.faults[0].expected


def labelled(encode: Encode, n: int, seed: int, num_classes: int) -> Encoded:
    random = np.random.default_rng(seed)
    dense = random.normal(size=(n, 3)).astype(np.float32)
    signal = dense[:, 0] + random.normal(size=n)
    edges = [1.5] if num_classes == 2 else np.quantile(signal, np.arange(1, num_classes) / num_classes)
    weight = random.uniform(0.1, 3, n).astype(np.float32)
    label = np.digitize(signal, edges).astype(np.int64) if num_classes else signal
    return encode(dense, np.empty((n, 0), np.int64), label, (), weight=weight)


@pytest.mark.parametrize(
    ("metric", "num_classes", "oracle"),
    [
        ("roc_auc", 2, lambda y, p: roc_auc_score(y, p[:, 1])),
        ("pr_auc", 2, lambda y, p: average_precision_score(y, p[:, 1])),
        ("accuracy", 2, lambda y, p: np.mean(p.argmax(axis=1) == y)),
        ("roc_auc", 3, lambda y, p: roc_auc_score(y, p, multi_class="ovr")),
        ("mean_absolute_error", 0, lambda y, p: -mean_absolute_error(y, p)),
        ("r2_score", 0, r2_score),
    ],
)
def test_the_round_that_is_best_by_the_metric_is_kept(
    metric: str, num_classes: int, oracle: Callable[..., float], encode: Encode
) -> None:
    """scikit-learn, over all rounds, each row counted once, finds no better one."""
    train, held_out = labelled(encode, 600, 0, num_classes), labelled(encode, 400, 1, num_classes)
    options = {"max_iterations": 60, "early_stop": False, "learn_rate": 0.3}
    model = fit(train, held_out, num_classes=num_classes, eval_metric=metric, **options)
    batch, every = held_out.arrays(), fit(train, num_classes=num_classes, **options).learned.booster()

    def after(rounds: int) -> np.ndarray:
        scores = every.predict(batch.dense, num_iteration=rounds)
        return np.stack([1 - scores, scores], axis=1) if num_classes == 2 else scores

    rounds = [oracle(batch.label, after(number)) for number in range(1, 61)]
    found = oracle(batch.label, model.predict(batch.dense, None))
    assert found == pytest.approx(max(rounds), rel=1e-9)
    assert rounds[model.best_iteration - 1] == pytest.approx(found, rel=1e-9)
    assert model.best_iteration == 1 + int(np.argmax(np.round(rounds, 12)))


def test_a_metric_that_three_classes_do_not_have(encode: Encode) -> None:
    with pytest.raises(SpecError, match="'pr_auc' is not defined for 3 classes"):
        fit(labelled(encode, 100, 0, 3), num_classes=3, eval_metric="pr_auc")


def test_dart_is_lightgbms_own_and_keeps_its_best_round(encode: Encode) -> None:
    train, held_out = labelled(encode, 500, 0, 2), labelled(encode, 300, 1, 2)
    options = {"booster_type": "dart", "dropout": 0.3, "max_iterations": 80, "early_stop": False, "learn_rate": 0.5}
    model = fit(train, held_out, num_classes=2, **options)
    assert model.best_iteration < 80
    batch, other = train.arrays(), held_out.arrays()
    parameters = {"objective": "binary", "boosting": "dart", "drop_rate": 0.3, "uniform_drop": True, "max_drop": -1}
    parameters |= {"skip_drop": 0.0, "xgboost_dart_mode": True, "learning_rate": 0.5, "num_leaves": 15, "seed": 7}
    parameters |= {"min_data_in_leaf": 5, "lambda_l2": 1.0, "verbosity": -1, "num_threads": 1, "deterministic": True}
    parameters["force_col_wise"] = True
    share = np.average(batch.label, weights=batch.weight)
    start = np.log(share / (1 - share))
    dataset = lgb.Dataset(
        batch.dense, batch.label, weight=batch.weight, init_score=np.full(500, start), params=parameters
    )
    booster = lgb.train(parameters, dataset, model.best_iteration)
    expected = 1 / (1 + np.exp(-start - booster.predict(other.dense, raw_score=True)))
    assert np.abs(model.predict(other.dense, None)[:, 1] - expected).max() < 1e-9
    assert relative_difference(graph_of(model, train)(other.dense, other.ids), model.predict(other.dense, None)) < 1e-7
    best = model.curve[model.best_iteration - 1].eval_loss
    losses = -np.log(np.where(other.label == 1, expected, 1 - expected))
    assert best == pytest.approx(np.average(losses, weights=other.weight), rel=1e-5)
    assert best == min(row.eval_loss for row in model.curve)


def test_dart_that_finds_no_split_any_more_keeps_the_trees_it_left_out(encode: Encode) -> None:
    """LightGBM leaves them turned around."""
    random = np.random.default_rng(1)
    dense = np.round(random.normal(size=(60, 2)), 1).astype(np.float32)
    label = np.where(dense[:, 0] > 0, 10.0, 20.0) + 0.01 * random.normal(size=60)
    train = encode(dense, np.empty((60, 0), np.int64), label, ())
    options = {"booster_type": "dart", "dropout": 0.2, "min_split_loss": 20.0, "max_iterations": 60, "learn_rate": 0.5}
    model = fit(train, **options)
    assert 1 < len(model.curve) < 60
    assert model.curve[-1].loss == pytest.approx(np.mean(np.square(model.predict(dense, None) - label)), rel=1e-6)


def test_rounds_grown_behind_others_are_those_that_would_have_been_grown(encode: Encode) -> None:
    train = labelled(encode, 500, 0, 2)
    options = {"learn_rate": 0.1, "subsample": 0.7, "colsample_bytree": 0.5}
    whole, first = (fit(train, num_classes=2, max_iterations=rounds, **options) for rounds in (25, 10))
    family = get_family("boosted_tree_classifier")
    context = FitContext(features=train.features, num_classes=2, num_threads=1, seed=7)
    chosen = family_options(family, {**PLAIN, **options, "max_iterations": 15})
    more = family.fit(train, None, chosen, context, start=first.learned)  # type: ignore[call-arg]
    assert [row.iteration for row in more.curve] == list(range(1, 16))
    assert [row.loss for row in more.curve] == [row.loss for row in whole.curve[10:]]
    assert more.learned.text == whole.learned.text  # type: ignore[attr-defined]
