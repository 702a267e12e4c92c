"""pls_reg beside scikit-learn's `PLSRegression` (NIPALS)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import LinearRegression

from hagane.errors import SpecError
from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family, pls_reg
from hagane.models.family import FitContext

Encode = Callable[..., Encoded]


def correlated(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """30 columns that three hidden ones mix, in units of their own, a category, and a label of both."""
    random = np.random.default_rng(seed)
    hidden, ids = random.normal(size=(n, 3)), random.integers(0, 4, (n, 1))
    mixed = hidden @ np.random.default_rng(1).normal(size=(3, 30)) + 0.3 * random.normal(size=(n, 30))
    label = hidden @ np.array([3.0, -2.0, 1.0]) + (ids[:, 0] == 2) + 0.2 * random.normal(size=n) + 50
    return mixed * np.geomspace(0.01, 1000, 30), ids, label


def fit(train: Encoded, evaluation: Encoded | None = None, **options: Any) -> Any:
    context = FitContext(features=train.features, num_threads=1)
    return get_family("pls_reg").fit(train, evaluation, family_options("pls_reg", options), context)


def encoded(encode: Encode, n: int = 400, seed: int = 0) -> Encoded:
    dense, ids, label = correlated(n, seed)
    return encode(dense, ids, label, (4,), dense_dtype="float64", block_rows=128)


def spelled_out(train: Encoded) -> tuple[np.ndarray, np.ndarray]:
    batch = train.arrays()
    return np.concatenate([batch.dense, np.eye(4)[batch.ids[:, 0]]], axis=1), batch.label


@pytest.mark.parametrize("by_passes", [False, True])
@pytest.mark.parametrize("scale_features", [True, False])
@pytest.mark.parametrize("k", [1, 3, 8])
def test_the_predictions_are_scikit_learns(
    k: int, scale_features: bool, by_passes: bool, encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by_passes:
        monkeypatch.setattr(pls_reg, "GRAM_COLUMNS", 2)
    train = encoded(encode)
    model, batch = fit(train, num_components=k, scale_features=scale_features), train.arrays()
    x, y = spelled_out(train)
    oracle = PLSRegression(k, scale=scale_features, tol=1e-14, max_iter=2000).fit(x, y)
    assert np.abs(model.predict(batch.dense, batch.ids) - oracle.predict(x).ravel()).max() < 1e-7
    found = np.concatenate([model.coefficients.dense, model.coefficients.table]).ravel()
    assert np.abs((found - oracle.coef_.ravel()) * x.std(axis=0)).max() < 1e-7
    losses = [np.mean(np.square(PLSRegression(j, scale=scale_features).fit(x, y).predict(x).ravel() - y))
              for j in range(1, k + 1)]  # fmt: skip
    assert [point.loss for point in model.curve] == pytest.approx(losses, rel=1e-6)


def test_all_components_are_least_squares_and_there_are_no_more(encode: Encode) -> None:
    train = encoded(encode)
    model, batch = fit(train, num_components=1000), train.arrays()
    x, y = spelled_out(train)
    expected = LinearRegression().fit(x, y).predict(x)
    assert len(model.curve) <= 33, "33 columns, one of which the others add up to"
    assert np.abs(model.predict(batch.dense, batch.ids) - expected).max() < 1e-3


def test_the_eval_rows_choose_how_many(encode: Encode) -> None:
    train, evaluation = encoded(encode, 60), encoded(encode, 500, seed=5)
    chosen, whole = fit(train, evaluation), fit(train, evaluation, early_stop=False)
    losses = [point.eval_loss for point in chosen.curve]
    assert chosen.best_iteration == 1 + int(np.argmin(losses)) < len(losses) == whole.best_iteration
    batch = evaluation.arrays()
    for model in (chosen, whole):
        errors = model.predict(batch.dense, batch.ids) - batch.label
        assert np.mean(errors**2) == pytest.approx(model.curve[model.best_iteration - 1].eval_loss, rel=1e-9)
    assert np.array_equal(
        fit(train, num_components=chosen.best_iteration).coefficients.dense, chosen.coefficients.dense
    )


def test_options_are_checked() -> None:
    with pytest.raises(SpecError) as raised:
        family_options("pls_reg", {"n_components": 2, "num_components": 0})
    assert [fault.nearest for fault in raised.value.faults] == ["num_components", ""]
    assert raised.value.faults[1].expected == "a whole number >= 1 and <= 10000"
