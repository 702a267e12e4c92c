"""PCA against scikit-learn, closed forms, and the figures that BigQuery ML printed of the penguins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA as SklearnPca
from small_encoder import sparse_rows

from hagane.errors import SpecError, TrainingError
from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.models.score_quantiles import rare_from

Encode = Callable[..., Encoded]
PRINTED = [3.278657, 1.270829, 1.125354]
PRINTED_RATIOS = [0.469357, 0.181926, 0.1611]
PRINTED_NUMBERS = [0.401489, -0.377482, 0.524052, 0.501174]
PRINTED_CATEGORIES = [
    [-0.20622291900416198, -0.030161149275185855, 0.25068877125667804],
    [0.19761120114410635, -0.11264736305259061, -0.07065913511418596],
    [0.0015916894448071784, -0.052521171596813174, 0.06869704739750442, -0.0034628622681684906],
]
"""Of the first component: species, island, sex in the order of their slots."""
OTHERS = [[37.8, 18.1, 193, 3750], [46.5, 14.8, 217, 5200], [41.1, 18.6, 189, 3325]]
PRINTED_SCORES = [[-1.459, -1.120, -0.646], [2.258, -1.351, 0.443], [-1.685, -0.874, -0.704]]

RARE = [[39.5, 18.8, 196, 3750], [38.5, 17.2, 181, 5200], [37.9, 18.1, 188, 3325]]
PRINTED_ERRORS = [0.254188, 0.731243, 0.298889]
"""Of three other birds: what ML.DETECT_ANOMALIES said with a contamination of a quarter."""


def fit(train: Encoded, evaluation: Encoded | None = None, **options: Any) -> Any:
    context = FitContext(features=train.features, num_threads=1, seed=7)
    return get_family("pca").fit(train, evaluation, family_options("pca", options), context)


def rows(encode: Encode, n: int = 700, **settings: Any) -> Encoded:
    random = np.random.default_rng(0)
    dense = random.normal(size=(n, 4)) @ random.normal(size=(4, 4)) * [1, 10, 100, 1] + [0, 5, 1e6, 2]
    ids = random.integers(0, 5, (n, 1))
    return encode(
        dense, ids, np.zeros(n, np.int64), (6,), dense_dtype="float64", block_rows=200,
        sparse=[sparse_rows(random, n, 9)], words=[9], **settings,
    )  # fmt: skip


def points(model: Any, train: Encoded) -> np.ndarray:
    batch = train.arrays()
    block = model.space.block(batch.dense, batch.ids, batch.sparse)
    return np.hstack([block.dense, block.slots.toarray()])


def test_it_is_scikit_learns(encode: Encode) -> None:
    train = rows(encode)
    model = fit(train, num_principal_components=5)
    data, batch = points(model, train), train.arrays()
    theirs = SklearnPca(5, svd_solver="full").fit(data)
    np.testing.assert_allclose(model.eigenvalues, theirs.explained_variance_, rtol=1e-9)
    np.testing.assert_allclose(model.explained_variance_ratio, theirs.explained_variance_ratio_, rtol=1e-9)
    np.testing.assert_allclose(model.components, theirs.components_, atol=1e-8)
    scores = model.predict(batch.dense, batch.ids, batch.sparse)
    np.testing.assert_allclose(scores, theirs.transform(data), atol=1e-8)
    left = np.square(data - theirs.inverse_transform(theirs.transform(data))).sum(axis=1)
    block = model.space.block(batch.dense, batch.ids, batch.sparse)
    np.testing.assert_allclose(model.squared_errors(block), left, atol=1e-9)
    np.testing.assert_allclose(np.square(model.residuals(block)[1]).sum(axis=1), left, atol=1e-9)
    measured = model.measurement()
    measured.add(batch.dense, batch.ids, batch.sparse)
    share = measured.metrics()["total_explained_variance_ratio"]
    assert share == pytest.approx(theirs.explained_variance_ratio_.sum(), rel=1e-9)


def test_what_bigquery_printed_of_the_penguins(shared_data: Path, encode: Encode) -> None:
    table = np.genfromtxt(shared_data / "penguins" / "penguins.csv", delimiter=",", dtype=str, skip_header=1)
    numbers = np.array([[float(cell) if cell else np.nan for cell in row] for row in table[:, 2:6]])
    table[336, 6] = "."  # as in BigQuery's public table
    names = [np.unique(column[column != ""]) for column in (table[:, 0], table[:, 1], table[:, 6])]
    columns = zip(names, (table[:, 0], table[:, 1], table[:, 6]), strict=True)
    ids = np.stack([np.where(cells == "", len(own) + 1, np.searchsorted(own, cells) + 1) for own, cells in columns], 1)
    label, cardinalities = np.zeros(len(ids), np.int64), tuple(len(own) + 2 for own in names)
    train = encode(numbers, ids, label, cardinalities, dense_dtype="float64")
    model = fit(train, num_principal_components=3, center_categories=False)
    np.testing.assert_allclose(model.eigenvalues, PRINTED, atol=5e-7)
    np.testing.assert_allclose(model.explained_variance_ratio, PRINTED_RATIOS, atol=5e-7)
    first = model.components[0]
    np.testing.assert_allclose(first[:4], PRINTED_NUMBERS, atol=5e-7)
    expected = [*PRINTED_CATEGORIES[0], *PRINTED_CATEGORIES[1], *PRINTED_CATEGORIES[2]]
    there = np.concatenate([[0, *[1] * len(own), int(last)] for own, last in zip(names, (0, 0, 1), strict=True)])
    np.testing.assert_allclose(first[4:][there == 1], expected, atol=1e-9)
    assert np.abs(first[4:][there == 0]).max() < 1e-30, "a slot that no bird has"
    scores = model.predict(np.array(OTHERS, float), np.array([[1, 2, 3], [3, 1, 2], [1, 3, 3]]))
    np.testing.assert_allclose(np.abs(scores), np.abs(PRINTED_SCORES), atol=6e-4)
    rare = model.space.block(np.array(RARE, float), np.array([[1, 3, 3], [1, 3, 2], [2, 2, 2]]))
    np.testing.assert_allclose(model.mean_squared_errors(rare), PRINTED_ERRORS, atol=6e-7)
    assert (model.mean_squared_errors(rare) > rare_from(model.anomaly_quantiles, 0.25)).all(), "all three, it said"


def test_the_share_of_the_variance_says_how_many(encode: Encode) -> None:
    train = rows(encode)
    every = fit(train, num_principal_components=15)
    shares = np.cumsum(every.explained_variance_ratio)
    model = fit(train, pca_explained_variance_ratio=0.8)
    count = len(model.components)
    assert shares[count - 1] >= 0.8 > shares[count - 2]
    np.testing.assert_allclose(model.components, every.components[:count], atol=1e-9)


def test_the_randomized_solver_finds_the_same(encode: Encode) -> None:
    train = rows(encode)
    full = fit(train, num_principal_components=3)
    drawn = fit(train, num_principal_components=3, pca_solver="randomized")
    np.testing.assert_allclose(drawn.eigenvalues, full.eigenvalues, rtol=1e-8)
    np.testing.assert_allclose(drawn.components, full.components, atol=1e-6)


def test_the_loss_is_the_variance_that_is_left(encode: Encode) -> None:
    train = rows(encode)
    model = fit(train, train, num_principal_components=4)
    data = points(model, train)
    left = np.square(model.residuals(model.space.block(*train.arrays()[:2], train.arrays().sparse))[1]).sum() / 699
    assert model.curve[0].loss == pytest.approx(left, rel=1e-9)
    assert model.curve[0].eval_loss == pytest.approx(left * 699 / 700, rel=1e-9)
    assert model.about.total_variance == pytest.approx(data.var(axis=0, ddof=1).sum(), rel=1e-9)


def test_it_is_made_again_from_its_parameters(encode: Encode) -> None:
    train = rows(encode)
    model, batch = fit(train, num_principal_components=2), train.arrays()
    again = get_family("pca").restore(model.parameters(), train.features)  # type: ignore[attr-defined]
    found = again.predict(batch.dense, batch.ids, batch.sparse)
    assert found.tobytes() == model.predict(batch.dense, batch.ids, batch.sparse).tobytes()


def test_rarest_rows_are_told_by_the_training_rows(encode: Encode) -> None:
    train = rows(encode)
    model, batch = fit(train, num_principal_components=2), train.arrays()
    errors = np.sort(model.mean_squared_errors(model.space.block(batch.dense, batch.ids, batch.sparse)))
    assert (model.anomaly_quantiles[0], model.anomaly_quantiles[1_000]) == (errors[-1], errors[-1 - 70])


def test_what_cannot_be(encode: Encode) -> None:
    train = rows(encode, 20)
    with pytest.raises(TrainingError, match="more components than rows or columns"):
        fit(train, num_principal_components=40)
    for options in ({}, {"num_principal_components": 2, "pca_explained_variance_ratio": 0.5}):
        with pytest.raises(SpecError, match="number of components"):
            family_options("pca", options)
    with pytest.raises(SpecError, match="not a share"):
        family_options("pca", {"pca_explained_variance_ratio": 0.5, "pca_solver": "randomized"})
