"""Every family on sparse features and weighted rows: the same suite for all, and each one's own oracle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
import scipy.sparse as sp
from family_cases import CLASSIFIERS, DIRECT, ENSEMBLES, FITTED, LABEL_FREE, NEIGHBOURS, NETWORKS, ONE_TREE, QUICK
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from small_encoder import graph_of, relative_difference, sparse_rows

from hagane.features.encoded import Encoded
from hagane.features.feature import FeatureKind
from hagane.features.sparse_rows import SparseRows
from hagane.models import embedded_features, family_options, get_family, linear_reg
from hagane.models.family import FitContext, Task, score_unit
from hagane.models.growing_trees import round_parameters
from hagane.models.lightgbm_parameters import lightgbm_parameters
from hagane.models.sparse_matrix import sparse_matrix
from hagane.models.tree_columns import TreeColumns

Encode = Callable[..., Encoded]
WORDS = (50, 7)
WORD_FAMILIES = tuple(name for name in FITTED if name not in NEIGHBOURS)
every_family = pytest.mark.parametrize("name", WORD_FAMILIES)
predicting = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name.startswith(("torch", "tabnet")) else ())
        for name in WORD_FAMILIES
        if name not in LABEL_FREE
    ],
)
"""Those that take longest are held by the dnn families, whose loop they share, in the quick tests."""


def data(
    encode: Encode,
    name: str,
    n: int = 600,
    *,
    num_dense: int = 3,
    cardinalities: tuple[int, ...] = (5, 40),
    words: tuple[int, ...] = WORDS,
    num_classes: int = 2,
    weight: np.ndarray | None = None,
    contrary: np.ndarray | None = None,
    seed: int = 0,
) -> Encoded:
    """Numbers, categories and words, each with a part in the label; `contrary` rows [n] have the opposite one."""
    random = np.random.default_rng(seed)
    dense = random.normal(size=(n, num_dense)).astype(np.float32)
    ids = np.stack([np.zeros(n, int), *(random.integers(0, c, n) for c in cardinalities)], axis=1)[:, 1:]
    sparse = [sparse_rows(random, n, c) for c in words]
    signal = dense.sum(axis=1) + random.normal(size=n) * 0.1
    if words:
        effect = np.random.default_rng(9).normal(size=words[0])
        signal = signal + sparse_matrix(sparse[:1], [0], words[0]) @ effect
    signal = signal if contrary is None else np.where(contrary, -signal, signal)
    label = signal.astype(np.float64)
    if get_family(name).task is Task.CLASSIFICATION:
        label = np.digitize(signal, np.quantile(signal, np.arange(1, num_classes) / num_classes)).astype(np.int64)
    return encode(
        dense,
        ids,
        label,
        cardinalities,
        dense_dtype=get_family(name).dense_dtype,
        block_rows=256,
        sparse=sparse,
        words=words,
        weight=weight,
    )


def fit(name: str, train: Encoded, evaluation: Encoded | None = None, *, num_classes: int = 2, **options: Any) -> Any:
    family = get_family(name)
    classes = num_classes if family.task is Task.CLASSIFICATION else 0
    context = FitContext(features=train.features, num_classes=classes, num_threads=1, seed=7)
    return family.fit(train, evaluation, family_options(family, {**QUICK.get(name, {}), **options}), context)


def predicted(model: Any, train: Encoded) -> np.ndarray:
    batch = train.arrays()
    return np.asarray(model.predict(batch.dense, batch.ids, batch.sparse))


@pytest.mark.parametrize(
    ("num_classes", "name"), [(n, name) for name in WORD_FAMILIES for n in (2, 4) if n == 2 or name in CLASSIFIERS]
)
def test_the_graph_predicts_what_the_model_predicts(name: str, num_classes: int, encode: Encode) -> None:
    train = data(encode, name, num_classes=num_classes)
    model = fit(name, train, data(encode, name, 200, num_classes=num_classes, seed=1), num_classes=num_classes)
    graph, batch = graph_of(model, train), train.arrays()
    for n in (0, 1, 2, 7, 300):
        part = batch.slice(0, n)
        found = graph(part.dense, part.ids, part.sparse)
        assert np.isfinite(found).all()
        expected = model.predict(part.dense, part.ids, part.sparse)
        assert relative_difference(found, expected, score_unit(model)) <= get_family(name).relative_tolerance


@every_family
def test_a_rows_score_does_not_depend_on_its_batch(name: str, encode: Encode) -> None:
    train = data(encode, name, 2048)
    graph, batch = graph_of(fit(name, train), train), train.arrays()
    whole = graph(batch.dense, batch.ids, batch.sparse)
    for n in (1, 2, 7, 300):
        for start in (0, 1000):
            part = batch.slice(start, start + n)
            assert graph(part.dense, part.ids, part.sparse).tobytes() == whole[start : start + n].tobytes()


@every_family
@pytest.mark.parametrize(
    ("num_dense", "cardinalities", "words"), [(0, (), (30,)), (0, (), (30, 4)), (2, (), (30,)), (0, (4,), (30, 4))]
)
def test_sparse_features_beside_few_others(
    name: str, num_dense: int, cardinalities: tuple[int, ...], words: tuple[int, ...], encode: Encode
) -> None:
    train = data(encode, name, 300, num_dense=num_dense, cardinalities=cardinalities, words=words)
    model = fit(name, train)
    batch = train.arrays().slice(0, 50)
    found = graph_of(model, train)(batch.dense, batch.ids, batch.sparse)
    expected = model.predict(batch.dense, batch.ids, batch.sparse)
    assert relative_difference(found, expected, score_unit(model)) <= get_family(name).relative_tolerance


@predicting
def test_the_words_are_learnt_and_their_importance_is_told_by_feature(name: str, encode: Encode) -> None:
    train, held_out = data(encode, name, 3000, num_dense=1), data(encode, name, 1000, num_dense=1, seed=1)
    longer = {"num_parallel_tree": 30} if "forest" in name else {"max_iterations": 15 if name in NETWORKS else 200}
    longer = {} if name in DIRECT else longer
    if name in ENSEMBLES:
        trees = name.replace("ensemble", "boosted_tree")
        fewer = {"max_iterations": 60, "learn_rate": 0.15}
        longer = {"members": [{"type": trees, "options": fewer}, {"type": trees, "options": fewer, "seed": 1}]}
    model = fit(name, train, **longer)
    scores, label = predicted(model, held_out), held_out.arrays().label
    if get_family(name).task is Task.CLASSIFICATION:
        assert np.mean(scores.argmax(axis=1) == label) > (0.75 if name in ONE_TREE else 0.8)
    else:
        assert np.var(scores - label) < (0.6 if name in ONE_TREE else 0.35) * np.var(label)
    importance = model.importance()
    assert list(importance) == [feature.name for feature in train.features]
    first = sorted(importance, key=importance.__getitem__, reverse=True)
    # the masks of a TabNet say where it looks, not how much that moves the output
    assert "s0" in first[: 2 if name.startswith("tabnet") else 1]


@every_family
def test_rows_without_any_words(name: str, encode: Encode) -> None:
    """No entry anywhere, in training and in the graph."""
    nothing = SparseRows(np.zeros(201, np.int64), np.zeros(0, np.uint8), np.zeros(0, np.float32))
    label = np.arange(200) % 2 if get_family(name).task is Task.CLASSIFICATION else np.arange(200) / 7
    dtype = get_family(name).dense_dtype
    train = encode(
        np.ones((200, 1)), np.empty((200, 0), int), label, (), dense_dtype=dtype, sparse=[nothing], words=(9,)
    )
    model, batch = fit(name, train), train.arrays()
    found = graph_of(model, train)(batch.dense, batch.ids, batch.sparse)
    assert relative_difference(found, predicted(model, train), score_unit(model)) <= get_family(name).relative_tolerance


WEIGHTS = np.random.default_rng(3).integers(0, 4, 600).astype(np.float32)


def twin(encode: Encode, train: Encoded, repeats: np.ndarray) -> Encoded:
    """The same rows without weights, row i `repeats[i]` times."""
    rows = np.repeat(np.arange(train.num_rows), repeats.astype(int))
    batch = train.arrays().take(rows)
    return encode(
        batch.dense,
        batch.ids,
        batch.label,
        tuple(f.cardinality for f in train.features if f.kind is FeatureKind.ID),
        dense_dtype=train.header.dense_dtype,
        block_rows=256,
        sparse=batch.sparse,
        words=[f.cardinality for f in train.features if f.kind is FeatureKind.SPARSE],
    )


UNWEIGHABLE = ("boosted", "random_forest", "decision_tree", "knn", "tabnet", "ensemble", "kmeans")


@pytest.mark.parametrize("name", [name for name in FITTED if not name.startswith(UNWEIGHABLE)])
def test_a_weight_of_two_is_a_row_twice(name: str, encode: Encode) -> None:
    """And a weight of nought is no row. (Trees count rows as well: `min_tree_child_rows`, bins of numbers. So does
    normalisation by the batch, and k-means begins at rows.)"""
    weighted = data(encode, name, weight=WEIGHTS)
    options: dict[str, Any] = {}
    if name in NETWORKS:
        options = {"batch_size": 10_000, "max_iterations": 5, "optimizer": "sgd", "learn_rate": 0.1}
        options |= {"dropout": 0.0} if name.startswith("dnn") else {}
    one, other = fit(name, weighted, **options), fit(name, twin(encode, weighted, WEIGHTS), **options)
    tolerance = 1e-4 if name in NETWORKS else 1e-6
    assert relative_difference(predicted(one, weighted), predicted(other, weighted)) < tolerance
    assert [row.loss for row in one.curve[:3]] == pytest.approx([row.loss for row in other.curve[:3]], rel=1e-5)
    left, right = one.importance(), other.importance()
    assert [*left.values()] == pytest.approx([*right.values()], rel=1e-3)


@predicting
def test_weights_matter_and_their_losses_are_weighted_means(name: str, encode: Encode) -> None:
    """Every fifth row contradicts the others, and counts fifty times as much: the model goes with it."""
    heavy = np.arange(600) % 5 == 0
    weight = np.where(heavy, 50.0, 1.0)
    train, plain = data(encode, name, weight=weight, contrary=heavy), data(encode, name, contrary=heavy)
    label = train.arrays().label
    options: dict[str, Any] = {"max_iterations": 30} if name in NETWORKS else {}
    if name.startswith("random_forest"):
        options = {"min_tree_child_rows": 10}  # else leaves of one row follow every row

    def loss(model: Any, rows: np.ndarray) -> np.ndarray:
        scores = predicted(model, train)[rows]
        if get_family(name).task is Task.REGRESSION:
            return np.square(scores - label[rows])
        return -np.log(np.maximum(scores[np.arange(len(scores)), label[rows]], 1e-12))

    weighted_fit, plain_fit = fit(name, train, train, **options), fit(name, plain, **options)
    assert loss(weighted_fit, heavy).mean() < 0.5 * loss(plain_fit, heavy).mean()
    best = weighted_fit.curve[weighted_fit.best_iteration - 1]
    expected = np.average(loss(weighted_fit, np.full(600, True)), weights=weight)
    assert best.eval_loss == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l2_reg", [0.0, 3.0])
def test_linear_reg_with_words_and_weights(
    l2_reg: float, fit_intercept: bool, encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    weight = WEIGHTS + np.float32(0.5)
    train = data(encode, "linear_reg", weight=weight)
    model, x, y = fit("linear_reg", train, l2_reg=l2_reg, fit_intercept=fit_intercept), matrix_of(train), train.arrays()
    oracle: Any = Ridge(l2_reg) if l2_reg else LinearRegression()
    oracle.set_params(fit_intercept=fit_intercept).fit(x, y.label, sample_weight=weight)
    assert np.abs(predicted(model, train) - oracle.predict(x)).max() < 1e-7
    if l2_reg:
        found = np.concatenate([model.coefficients.dense, model.coefficients.table]).ravel()
        assert np.abs(found - oracle.coef_).max() < 1e-8
        monkeypatch.setattr(linear_reg, "GRAM_COLUMNS", 5)
        wide = fit("linear_reg", train, l2_reg=l2_reg, fit_intercept=fit_intercept)
        assert np.abs(wide.coefficients.table - model.coefficients.table).max() < 1e-6


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("num_classes", [2, 3])
def test_logistic_reg_with_words_and_weights(num_classes: int, fit_intercept: bool, encode: Encode) -> None:
    weight = WEIGHTS + np.float32(0.5)
    train = data(encode, "logistic_reg", num_classes=num_classes, weight=weight)
    model = fit("logistic_reg", train, num_classes=num_classes, fit_intercept=fit_intercept, l2_reg=0.7)
    x, y = matrix_of(train), train.arrays().label
    oracle = LogisticRegression(C=1 / 0.7, tol=1e-10, max_iter=10_000, fit_intercept=fit_intercept)
    oracle.fit(sp.csr_matrix(x), y, sample_weight=weight)
    assert np.abs(predicted(model, train) - oracle.predict_proba(x)).max() < 1e-5


def test_trees_with_words_and_weights_are_lightgbms_own(encode: Encode) -> None:
    weight = WEIGHTS + np.float32(0.5)
    train = data(encode, "boosted_tree_classifier", weight=weight)
    model = fit("boosted_tree_classifier", train)
    batch, options = train.arrays(), family_options("boosted_tree_classifier", {"max_iterations": 30})
    context = FitContext(features=train.features, num_classes=2, num_threads=1, seed=7)
    columns = TreeColumns(train.features, max_slots=256, width=1)
    matrix = sp.csr_matrix(columns.matrix(*batch[:2], batch.sparse, []))
    assert np.array_equal(matrix.toarray(), matrix_of(train, one_hot=False))
    parameters = {**lightgbm_parameters(options, columns, train.num_rows, context), "learning_rate": 0.05}  # type: ignore[arg-type]
    rounds = [round_parameters(parameters, 7, number) for number in range(1, 31)]
    seeds = {name: [each[name] for each in rounds] for name in rounds[0]}
    parameters |= {"objective": "binary"}
    dataset = lgb.Dataset(matrix, batch.label, weight=weight, categorical_feature=[3, 4], params=parameters)
    oracle = lgb.train(parameters, dataset, 30, callbacks=[lgb.reset_parameter(**seeds)])
    assert np.abs(predicted(model, train)[:, 1] - oracle.predict(matrix)).max() < 1e-12


def test_long_texts_keep_the_networks_tolerance(encode: Encode) -> None:
    random = np.random.default_rng(0)
    sparse = [sparse_rows(random, 500, 20_000, mean=400.0)]
    label = (sparse_matrix(sparse, [0], 20_000)[:, :10_000].sum(axis=1) > 195).astype(np.int64)
    train = encode(np.empty((500, 0)), np.empty((500, 0), np.int64), label, (), sparse=sparse, words=(20_000,))
    model, batch = fit("dnn_classifier", train, max_iterations=20), train.arrays()
    found = graph_of(model, train)(batch.dense, batch.ids, batch.sparse)
    assert relative_difference(found, predicted(model, train)) <= get_family("dnn_classifier").relative_tolerance


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "adagrad", "rmsprop", "sgd"])
def test_a_table_too_large_to_move_whole(optimizer: str, encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    """With gradients of the looked-up rows alone a network learns about as well as with dense ones."""
    train = data(encode, "dnn_regressor", 1500)
    options = {
        "max_iterations": 12,
        "batch_size": 32,
        "optimizer": optimizer,
        "learn_rate": 0.05 if optimizer in ("adagrad",) else 0.01,
    }
    losses = []
    for limit in (embedded_features.LARGE_TABLE, 10):
        monkeypatch.setattr(embedded_features, "LARGE_TABLE", limit)
        losses.append(fit("dnn_regressor", train, **options).curve[-1].loss)
    assert losses[1] != losses[0]
    assert losses[1] < 0.6 * np.var(train.arrays().label)


def matrix_of(train: Encoded, *, one_hot: bool = True) -> np.ndarray:
    """Every column spelled out, as scikit-learn takes it."""
    batch = train.arrays()
    id_slots = [f.cardinality for f in train.features if f.kind is FeatureKind.ID]
    word_slots = [f.cardinality for f in train.features if f.kind is FeatureKind.SPARSE]
    ids = [np.eye(c)[batch.ids[:, i]] for i, c in enumerate(id_slots)] if one_hot else [batch.ids]
    words = [sparse_matrix([rows], [0], c).toarray() for rows, c in zip(batch.sparse, word_slots, strict=True)]
    return np.concatenate([batch.dense.astype(np.float64), *ids, *words], axis=1)
