"""knn_* beside scikit-learn's brute-force neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from small_encoder import graph_of, sparse_rows

from hagane.errors import SpecError
from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.progress import SILENT

Encode = Callable[..., Encoded]
N = 500


def rows(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    dense = random.normal(size=(N, 4)) * np.array([1, 10, 1000, 0.01]) + np.array([0, 5, 1e6, 0])
    ids = random.integers(0, 4, (N, 2))
    signal = (dense[:, 0] > 0) + (dense[:, 1] > 5) + (ids[:, 0] == 2) + 0.2 * random.normal(size=N)
    return dense, ids, signal


def spelled_out(train: Encoded, dense: np.ndarray, ids: np.ndarray, *, scaled: bool = True) -> np.ndarray:
    """As scikit-learn is given them: standardised numbers, categories as one-hot columns."""
    known = train.arrays().dense
    numbers = (dense - known.mean(axis=0)) / known.std(axis=0) if scaled else dense
    return np.concatenate([numbers, *(np.eye(4)[ids[:, column]] for column in range(ids.shape[1]))], axis=1)


def fit(kind: str, train: Encoded, evaluation: Encoded | None = None, num_classes: int = 0, **options: Any) -> Any:
    name, progress = f"knn_{kind}", options.pop("progress", SILENT)
    context = FitContext(features=train.features, num_classes=num_classes, num_threads=1, seed=3, progress=progress)
    return get_family(name).fit(train, evaluation, family_options(name, options), context)


@pytest.mark.parametrize("neighbor_weights", ["uniform", "distance"])
@pytest.mark.parametrize("k", [1, 7])
def test_answers_are_scikit_learns(k: int, neighbor_weights: str, encode: Encode) -> None:
    dense, ids, signal = rows()
    other, other_ids, _ = rows(1)
    train = encode(dense, ids, signal, (4, 4), dense_dtype="float64", block_rows=64)
    x, asked = spelled_out(train, dense, ids), spelled_out(train, other, other_ids)
    settings: dict[str, Any] = {"num_neighbors": k, "neighbor_weights": neighbor_weights}
    model = fit("regressor", train, **settings)
    oracle = KNeighborsRegressor(k, weights=neighbor_weights, algorithm="brute").fit(x, signal)
    for numbers, slots, matrix in ((other, other_ids, asked), (dense, ids, x)):
        found = model.predict(numbers, slots)
        assert np.abs(found - oracle.predict(matrix)).max() < 1e-4
        assert np.array_equal(graph_of(model, train)(numbers, slots), found)

    label = np.digitize(signal, [0.5, 1.5])
    classes = encode(dense, ids, label, (4, 4), dense_dtype="float64")
    voted = fit("classifier", classes, num_classes=3, **settings)
    expected = KNeighborsClassifier(k, weights=neighbor_weights, algorithm="brute").fit(x, label).predict_proba(asked)
    assert np.abs(voted.predict(other, other_ids) - expected).max() < 1e-4
    assert np.abs(graph_of(voted, classes)(other, other_ids) - expected).max() < 1e-4


def test_numbers_in_their_own_units(encode: Encode) -> None:
    dense, ids, signal = rows()
    train = encode(dense, ids, signal, (4, 4), dense_dtype="float64")
    model = fit("regressor", train, standardize_features=False, num_neighbors=5)
    x = spelled_out(train, dense, ids, scaled=False)
    oracle = KNeighborsRegressor(5, weights="distance").fit(x[:250], signal[:250])
    half = encode(dense[:250], ids[:250], signal[:250], (4, 4), dense_dtype="float64")
    found = fit("regressor", half, standardize_features=False, num_neighbors=5).predict(dense[250:], ids[250:])
    assert np.mean(np.abs(found - oracle.predict(x[250:])) < 1e-3) > 0.98
    assert np.array_equal(model.predict(dense, ids), signal), "each row is its own neighbour, at no distance"


def test_of_rows_equally_far_the_first_is_taken(encode: Encode) -> None:
    """On a lattice most distances are ties; a batch of any size and the graph agree on them."""
    lattice = np.stack(np.meshgrid(np.arange(10.0), np.arange(10.0)), axis=-1).reshape(-1, 2)
    twice, label = np.concatenate([lattice, lattice]), np.arange(200.0)
    train = encode(twice, np.empty((200, 0), np.int64), label, (), dense_dtype="float64")
    model = fit("regressor", train, num_neighbors=3, neighbor_weights="uniform", standardize_features=False)
    asked = lattice + 0.5
    found = model.predict(asked, None)
    for place in (0, 37):
        assert np.array_equal(model.predict(asked[place : place + 1], None), found[place : place + 1])
    assert np.array_equal(graph_of(model, train)(asked, np.empty((100, 0))), found)
    nearest = [np.argsort(np.square(twice - row).sum(axis=1), kind="stable")[:3].mean() for row in asked]
    assert np.allclose(found, nearest)


def test_rows_far_outside_and_infinite_ones_have_neighbours(encode: Encode) -> None:
    dense, ids, signal = rows()
    train = encode(dense, ids, signal, (4, 4), dense_dtype="float64")
    model = fit("regressor", train)
    far = np.array([[1e300, 5, 1e6, 0], [-np.inf, 5, 1e6, 0], [np.inf, np.inf, np.inf, np.inf]])
    found = model.predict(far, ids[:3])
    assert np.isfinite(found).all()
    assert np.array_equal(graph_of(model, train)(far, ids[:3]), found)


class Notes:
    """A progress that keeps what is noted."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def phase(self, name: str, **_: Any) -> Any:
        return SILENT.phase(name)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def tell(self, event: Any) -> None: ...


def test_more_rows_than_it_keeps_are_sampled_by_the_seed(encode: Encode) -> None:
    dense, ids, signal = rows()
    train, progress = encode(dense, ids, signal, (4, 4), dense_dtype="float64", block_rows=64), Notes()
    model = fit("regressor", train, max_points=100, progress=progress)
    assert len(model.points.label) == 100
    assert progress.notes == [
        "neighbours are looked for among 100 of the 500 training rows (max_points), drawn by the seed"
    ]
    again = fit("regressor", train, max_points=100)
    assert np.array_equal(model.points.label, again.points.label)
    assert np.isin(model.points.label, signal).all()


def test_rows_count_by_their_weights_and_those_of_none_not_at_all(encode: Encode) -> None:
    dense, ids, signal = rows()
    weight = np.where(np.arange(N) % 2 == 0, 0, 1 + np.arange(N) % 3).astype(np.float32)
    train = encode(dense, ids, signal, (4, 4), dense_dtype="float64", weight=weight)
    model = fit("regressor", train, num_neighbors=4, neighbor_weights="uniform")
    near, at = model.points.nearest(model.points.grid.place(dense), ids, 4)
    assert (near[:, 1:] >= near[:, :-1]).all()
    kept = np.flatnonzero(weight)
    expected = np.average(signal[kept][at], axis=1, weights=weight[kept][at])
    assert np.allclose(model.predict(dense, ids), expected)


def test_the_training_loss_is_that_of_the_other_rows(encode: Encode) -> None:
    dense, ids, signal = rows()
    train = encode(dense, ids, signal, (4, 4), dense_dtype="float64")
    model = fit("regressor", train, num_neighbors=5, neighbor_weights="uniform")
    x = spelled_out(train, dense, ids)
    others = KNeighborsRegressor(5, algorithm="brute").fit(x, signal).kneighbors(return_distance=False)
    assert model.curve[0].loss == pytest.approx(np.mean((signal[others].mean(axis=1) - signal) ** 2), rel=1e-3)


def test_words_are_refused_before_anything_is_read(encode: Encode) -> None:
    words = sparse_rows(np.random.default_rng(0), N, 9)
    dense, ids, signal = rows()
    train = encode(dense, ids, signal, (4, 4), dense_dtype="float64", sparse=[words], words=(9,))
    options = family_options("knn_regressor", {})
    assert [fault.where for fault in options.feature_faults(train.features, 0)] == ["transform.s0"]
    with pytest.raises(SpecError, match="no distance"):
        fit("regressor", train)


def test_options_are_checked() -> None:
    with pytest.raises(SpecError) as raised:
        family_options("knn_classifier", {"n_neighbors": 3, "neighbor_weights": "distances"})
    assert [fault.nearest for fault in raised.value.faults] == ["num_neighbors", "distance"]
