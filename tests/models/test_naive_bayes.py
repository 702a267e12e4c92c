"""naive_bayes beside scikit-learn's GaussianNB, CategoricalNB and MultinomialNB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.naive_bayes import CategoricalNB, GaussianNB, MultinomialNB
from small_encoder import graph_of, sparse_rows

from hagane.errors import SpecError, TrainingError
from hagane.features.encoded import Encoded
from hagane.features.sparse_rows import SparseRows
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.models.sparse_matrix import sparse_matrix

Encode = Callable[..., Encoded]
N = 400
NO_IDS = np.empty((N, 0), np.int64)
WEIGHT = np.random.default_rng(8).integers(1, 5, N).astype(np.float32)


def fit(train: Encoded, num_classes: int = 3, **options: Any) -> Any:
    context = FitContext(features=train.features, num_classes=num_classes, num_threads=1)
    return get_family("naive_bayes").fit(train, None, family_options("naive_bayes", options), context)


def rows(num_classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    label = random.integers(0, num_classes, N)
    dense = random.normal(size=(N, 4)) * (1 + label[:, None]) + label[:, None]
    ids = np.minimum(random.integers(0, 6, (N, 2)) + label[:, None], 7)
    return (dense - dense.mean(axis=0)) / dense.std(axis=0), ids, label


@pytest.mark.parametrize("fit_prior", [True, False])
@pytest.mark.parametrize("num_classes", [2, 3])
def test_each_kind_of_feature_is_scikit_learns(num_classes: int, fit_prior: bool, encode: Encode) -> None:
    dense, ids, label = rows(num_classes)
    words = sparse_rows(np.random.default_rng(5), N, 20)
    priors = None if fit_prior else np.full(num_classes, 1 / num_classes)
    settings = {"dense_dtype": "float64", "block_rows": 64, "weight": WEIGHT}
    options: dict[str, Any] = {"smoothing": 0.5, "fit_prior": fit_prior}

    numbers = encode(dense, NO_IDS, label, (), **settings)
    gauss = GaussianNB(priors=priors).fit(dense, label, WEIGHT)
    # its share of variance is of the widest column's, weighted as the rows are; ours of each column's own
    weighted = np.average(np.square(dense - np.average(dense, axis=0, weights=WEIGHT)), axis=0, weights=WEIGHT)
    assert np.ptp(weighted) < 0.2
    assert np.abs(fit(numbers, num_classes, **options).predict(dense, None) - gauss.predict_proba(dense)).max() < 1e-6

    categories = encode(np.empty((N, 0)), ids, label, (8, 8), **settings)
    counted = CategoricalNB(alpha=0.5, fit_prior=fit_prior, min_categories=8).fit(ids, label, WEIGHT)
    found = fit(categories, num_classes, **options).predict(None, ids)
    assert np.abs(found - counted.predict_proba(ids)).max() < 1e-12

    texts = encode(np.empty((N, 0)), NO_IDS, label, (), sparse=[words], words=(20,), **settings)
    x = sparse_matrix([words], [0], 20).toarray()
    multinomial = MultinomialNB(alpha=0.5, fit_prior=fit_prior).fit(x, label, WEIGHT)
    found = fit(texts, num_classes, **options).predict(None, None, [words])
    assert np.abs(found - multinomial.predict_proba(x)).max() < 1e-12


def test_features_of_all_kinds_add_up(encode: Encode) -> None:
    dense, ids, label = rows(3)
    train = encode(dense, ids, label, (8, 8), dense_dtype="float64")
    joint = (
        GaussianNB().fit(dense, label).predict_joint_log_proba(dense)
        + CategoricalNB(min_categories=8).fit(ids, label).predict_joint_log_proba(ids)
        - np.log(np.bincount(label) / N)
    )
    assert np.abs(fit(train).predict(dense, ids) - softmax(joint, axis=1)).max() < 1e-6


def test_a_missing_number_says_nothing(encode: Encode) -> None:
    dense, ids, label = rows(3)
    holes = np.random.default_rng(1).random(N) < 0.3
    dense[holes, 1] = np.nan
    train = encode(dense, ids, label, (8, 8), dense_dtype="float64", block_rows=50)
    model = fit(train)
    for number in range(3):
        seen = dense[~holes & (label == number), 1]
        assert model.shapes.mean[1, number] == pytest.approx(seen.mean(), rel=1e-12)
        assert model.shapes.deviation[1, number] == pytest.approx(seen.std(), rel=1e-6)
    assert np.array_equal(model.terms(dense, ids)[holes, 1], np.zeros((holes.sum(), 3)))
    blank = graph_of(model, train)(np.full((1, 4), np.nan), ids[:1])
    assert np.abs(blank - model.predict(np.full((1, 4), np.nan), ids[:1])).max() < 1e-12


def test_numbers_far_from_0_lose_no_digits(encode: Encode) -> None:
    dense, ids, label = rows(3)
    near = fit(encode(dense, ids, label, (8, 8), dense_dtype="float64", block_rows=32)).predict(dense, ids)
    far = dense + 1e6
    found = fit(encode(far, ids, label, (8, 8), dense_dtype="float64", block_rows=32)).predict(far, ids)
    assert np.abs(near - found).max() < 1e-6


def test_a_number_that_is_constant_changes_nothing(encode: Encode) -> None:
    dense, ids, label = rows(2)
    dense[:, 0] = 0.1
    train = encode(dense, ids, label, (8, 8), dense_dtype="float64", block_rows=32)
    with_it = fit(train, 2)
    without = fit(encode(dense[:, 1:], ids, label, (8, 8), dense_dtype="float64", block_rows=32), 2)
    dense[:, 0] = 7.0
    assert np.abs(with_it.predict(dense, ids) - without.predict(dense[:, 1:], ids)).max() < 1e-9
    assert with_it.importance()["x0"] < 1e-9


def test_words_of_negative_weight_are_refused(encode: Encode) -> None:
    _, _, label = rows(2)
    words = SparseRows(np.arange(N + 1), np.zeros(N, np.uint8), np.full(N, -1, np.float32))
    train = encode(np.empty((N, 0)), NO_IDS, label, (), sparse=[words], words=(3,))
    with pytest.raises(TrainingError, match="'s0' has weights below 0"):
        fit(train, 2)


def test_options_are_checked() -> None:
    with pytest.raises(SpecError) as raised:
        family_options("naive_bayes", {"alpha": 1, "smoothing": 0})
    assert raised.value.faults[1].expected == "a number > 0"
