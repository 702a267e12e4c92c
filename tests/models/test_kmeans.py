"""k-means against scikit-learn from the same start, its figures against published ones, and its rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from family_cases import QUICK
from resuming import After
from sklearn.cluster import KMeans as SklearnKMeans
from sklearn.metrics import davies_bouldin_score
from small_encoder import graph_of, relative_difference, sparse_rows

from hagane.errors import PreemptedError, SpecError, TrainingError
from hagane.features.encoded import Encoded
from hagane.features.feature import FeatureKind
from hagane.metrics.davies_bouldin import davies_bouldin_index
from hagane.metrics.undefined import Undefined
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.models.kmeans_model import KMeansModel
from hagane.models.warm_start import WarmStart

Encode = Callable[..., Encoded]
CARDINALITIES = (4, 6)


def rows(encode: Encode, n: int = 900, *, seed: int = 0, marks: np.ndarray | None = None, **settings: Any) -> Encoded:
    """Four blobs of numbers, some missing, and two categories."""
    random = np.random.default_rng(seed)
    blob = random.integers(0, 4, n)
    dense = np.array([[0, 0, 9], [5, 0, 0], [0, 60, 0], [9, 40, 5]])[blob] + random.normal(size=(n, 3)) * [1, 9, 2]
    ids = np.stack([blob % 3, random.integers(0, 5, n)], axis=1)
    dense[random.random((n, 3)) < 0.05] = np.nan
    label = np.zeros(n, np.int64) if marks is None else marks.astype(np.int64)
    return encode(dense, ids, label, CARDINALITIES, dense_dtype="float64", block_rows=200, **settings)


def fit(train: Encoded, evaluation: Encoded | None = None, *, start: WarmStart | None = None, **options: Any) -> Any:
    context = FitContext(features=train.features, num_threads=1, seed=7, warm_start=start)
    chosen = family_options("kmeans", {**QUICK["kmeans"], **options})
    return get_family("kmeans").fit(train, evaluation, chosen, context)


def points(model: KMeansModel, train: Encoded) -> np.ndarray:
    batch = train.arrays()
    block = model.space.block(batch.dense, batch.ids, batch.sparse)
    return np.hstack([block.dense, block.slots.toarray()])


def test_the_space_is_that_of_the_reference(encode: Encode) -> None:
    """Mean and sample standard deviation of the values that are there; NULL is the mean; raw columns of categories."""
    train = rows(encode)
    found, batch = points(fit(train), train), train.arrays()
    mean, deviation = np.nanmean(batch.dense, axis=0), np.nanstd(batch.dense, axis=0, ddof=1)
    expected = np.nan_to_num((batch.dense - mean) / deviation)
    np.testing.assert_allclose(found[:, :3], expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(found[:, 3:7], np.eye(4)[batch.ids[:, 0]])
    np.testing.assert_array_equal(found[:, 7:], np.eye(6)[batch.ids[:, 1]])


def test_from_the_same_start_it_ends_where_scikit_learn_does(encode: Encode) -> None:
    marks = np.zeros(900)
    marks[[3, 77, 200, 501]] = 1
    train = rows(encode, marks=marks)
    options = {"num_clusters": 4, "kmeans_init_method": "custom", "kmeans_init_col": "first", "early_stop": False}
    model = fit(train, **options)
    data = points(model, train)
    theirs = SklearnKMeans(4, init=data[marks == 1], n_init=1, tol=0, max_iter=300, algorithm="lloyd").fit(data)
    np.testing.assert_allclose(model.centroids, theirs.cluster_centers_, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(model.curve[-1].loss, theirs.inertia_ / 900, rtol=1e-9)
    batch = train.arrays()
    assert np.abs(model.predict(batch.dense, batch.ids)[:, 0] - theirs.transform(data).min(axis=1)).max() < 1e-9
    losses = [each.loss for each in model.curve]
    assert losses == sorted(losses, reverse=True)
    measured = model.measurement()
    for part in train.blocks():
        measured.add(part.dense, part.ids, part.sparse)
    assert measured.metrics()["mean_squared_distance"] == pytest.approx(theirs.inertia_ / 900, rel=1e-12)
    spread = np.array([theirs.transform(data)[theirs.labels_ == each, each].mean() for each in range(4)])
    index = davies_bouldin_index(spread, model.distances_between())
    assert index == pytest.approx(davies_bouldin_score(data, theirs.labels_), rel=1e-9)


def test_published_figures_of_four_rows(shared_data: Path, encode: Encode) -> None:
    """BigQuery ML's centroids of the penguins, as it printed them, and what it printed of four other birds."""
    table = np.genfromtxt(shared_data / "penguins" / "penguins.csv", delimiter=",", dtype=str, skip_header=1)
    numbers = np.array([[float(cell) if cell else np.nan for cell in row] for row in table[:, 2:5]])
    sex = np.array([{"": 4, "MALE": 2, "FEMALE": 3}[cell] for cell in table[:, 6]])
    sex[336] = 1  # '.' in BigQuery's public table
    train = encode(numbers, sex[:, None], np.zeros(len(sex), np.int64), (5,), dense_dtype="float64")
    model = fit(train)
    printed = [[47.509677, 14.993548, 217.040123], [38.207813, 18.03125, 187.992188], [47.036346, 18.834808, 197.1612]]
    shares = [
        [0, 0.008064516129, 0.49193548387, 0.475806451613, 0.0241935483871],
        [0, 0, 0.34375, 0.625, 0.03125],
        [0, 0, 0.684782608696, 0.28260869565, 0.0326086956522],
    ]
    model.centroids = np.hstack([(np.array(printed) - model.space.mean) / model.space.scale, shares])
    measured = model.measurement()
    others = np.array([[37.5, 18.5, 199], [55.8, 19.8, 207], [39.7, 18.9, 184], [43.8, 13.9, 208]])
    measured.add(others, np.array([[2], [2], [2], [3]]))
    found = measured.metrics()
    assert found["mean_squared_distance"] == pytest.approx(1.965944, rel=1e-5)
    assert found["davies_bouldin_index"] == pytest.approx(1.523606, rel=1e-5)


def test_a_weight_of_two_is_a_row_twice(encode: Encode) -> None:
    weight = np.random.default_rng(3).integers(0, 3, 900).astype(np.float32)
    marks = (np.cumsum(weight > 0) <= 3) & (weight > 0)
    weighted = rows(encode, marks=marks, weight=weight)
    batch = weighted.arrays()
    twice = np.repeat(np.arange(900), weight.astype(int))
    first = marks[twice] & np.concatenate([[True], twice[1:] != twice[:-1]])
    plain = encode(batch.dense[twice], batch.ids[twice], first.astype(np.int64), CARDINALITIES, dense_dtype="float64")
    options = {"num_clusters": 3, "kmeans_init_method": "custom", "kmeans_init_col": "first", "early_stop": False}
    one, other = fit(weighted, **options), fit(plain, **options)
    np.testing.assert_allclose(one.centroids, other.centroids, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(one.counts, other.counts)
    np.testing.assert_allclose(one.radii, other.radii, rtol=1e-9)


def test_the_directions_of_a_cosine(encode: Encode) -> None:
    """Longer points of one direction are one cluster; the loss falls; graph and model agree, far and near."""
    random = np.random.default_rng(0)
    angle = np.repeat([0.2, 1.4, 2.9], 100) + random.normal(size=300) * 0.05
    dense = np.stack([np.cos(angle), np.sin(angle)], axis=1) * random.lognormal(0, 2, 300)[:, None]
    train = encode(dense, np.zeros((300, 0), np.int64), np.zeros(300, np.int64), (), dense_dtype="float64")
    model = fit(train, distance_type="cosine", standardize_features=False, early_stop=False, num_starts=3)
    losses = [each.loss for each in model.curve]
    assert losses == sorted(losses, reverse=True)
    found = graph_of(model, train)(dense, np.zeros((300, 0)))
    assert relative_difference(found, model.predict(dense, None)) < 1e-9
    nearest = model.distances(model.space.block(dense, None)).argmin(axis=1)
    assert len({tuple(set(nearest[start : start + 100].tolist())) for start in (0, 100, 200)}) <= 3


def test_a_cluster_without_rows_takes_the_farthest(encode: Encode) -> None:
    dense = np.array([[0.0]] * 50 + [[1.0]] * 50 + [[100.0]])
    marks = np.zeros(101)
    marks[:3] = 1  # three centroids in one place
    train = encode(dense, np.zeros((101, 0), np.int64), marks.astype(np.int64), (), dense_dtype="float64")
    model = fit(train, kmeans_init_method="custom", kmeans_init_col="first", early_stop=False)
    assert sorted(model.counts.tolist()) == [1, 50, 50]
    assert model.curve[-1].loss < 1e-30
    assert [each.centroid_id for each in model.curve[-1].cluster_info] == [1, 2, 3]


def test_it_goes_on_from_an_earlier_model(encode: Encode) -> None:
    train = rows(encode)
    earlier = fit(train, num_clusters=4, early_stop=False)
    start = WarmStart(reference="m@1", digest="", parameters=earlier.parameters(), features=train.features)
    again = fit(train, start=start, num_clusters=4, early_stop=False)
    np.testing.assert_allclose(again.centroids, earlier.centroids, rtol=1e-9, atol=1e-12)
    assert len(again.curve) <= 2
    kept = [each for each in train.features if each.name != "c0"]
    shorter = train.of_features(kept, dense_dtype="float64", finite=False)
    fewer = fit(shorter, start=start, num_clusters=4)
    assert fewer.centroids.shape == (4, 3 + CARDINALITIES[1])
    with pytest.raises(SpecError, match="another number of clusters"):
        fit(train, start=start, num_clusters=3)


def test_it_is_made_again_from_its_parameters(encode: Encode) -> None:
    train = rows(encode)
    model, batch = fit(train), train.arrays()
    again = get_family("kmeans").restore(model.parameters(), train.features)  # type: ignore[attr-defined]
    assert again.predict(batch.dense, batch.ids).tobytes() == model.predict(batch.dense, batch.ids).tobytes()
    block = model.space.block(batch.dense, batch.ids)
    assert again.normalized_distances(block)[0].tobytes() == model.normalized_distances(block)[0].tobytes()


def test_a_value_that_was_never_seen_is_far_from_nothing(encode: Encode) -> None:
    train = rows(encode)
    model = fit(train)
    dense = np.zeros((2, 3))
    seen, unseen = model.predict(dense, np.array([[0, 0], [0, 5]]))  # no training row has slot 5
    empty = model.space.block(dense[:1], np.array([[0, 5]])).slots.toarray()
    assert empty.sum() == 1
    assert unseen[0] != seen[0]


def test_words_that_a_row_has_twice_add_up(encode: Encode) -> None:
    random = np.random.default_rng(1)
    words = sparse_rows(random, 200, 12)
    train = encode(
        np.zeros((200, 0)), np.zeros((200, 0), np.int64), np.zeros(200, np.int64), (), dense_dtype="float64",
        sparse=[words], words=[12],
    )  # fmt: skip
    model = fit(train)
    assert [each.kind for each in train.features] == [FeatureKind.SPARSE]
    found = graph_of(model, train)(np.zeros((200, 0)), np.zeros((200, 0)), [words])
    data = points(model, train)
    exact = np.sort(np.linalg.norm(data[:, None] - model.centroids[None], axis=2), axis=1)
    np.testing.assert_allclose(found, exact, atol=1e-7)


def test_what_cannot_be(encode: Encode) -> None:
    train = rows(encode, 60)
    with pytest.raises(TrainingError, match="more clusters than training rows"):
        fit(train, num_clusters=61)
    with pytest.raises(TrainingError, match="does not mark as many rows"):
        fit(train, kmeans_init_method="custom", kmeans_init_col="first")
    with pytest.raises(SpecError, match="belong together"):
        family_options("kmeans", {"kmeans_init_method": "custom"})
    assert isinstance(davies_bouldin_index(np.ones(1), np.zeros((1, 1))), Undefined)
    assert msgspec.structs.asdict(family_options("kmeans", {}).for_rows(12_345))["num_clusters"] == 4


def test_a_training_that_is_ended_goes_on_to_the_same_bits(encode: Encode, tmp_path: Path) -> None:
    train = rows(encode, 3_000)
    given = family_options("kmeans", {"num_clusters": 7, "early_stop": False, "num_starts": 1})
    context = FitContext(features=train.features, num_threads=1, seed=7)
    family = get_family("kmeans")
    whole = family.fit(train, None, given, context)
    assert len(whole.curve) > 3
    saved = msgspec.structs.replace(context, checkpoints=tmp_path / "checkpoints")
    with pytest.raises(PreemptedError):
        family.fit(train, None, given, msgspec.structs.replace(saved, preemption=After(40)))
    resumed = family.fit(train, None, given, saved)
    assert resumed.centroids.tobytes() == whole.centroids.tobytes()  # type: ignore[attr-defined]
    assert [each.loss for each in resumed.curve] == [each.loss for each in whole.curve]


def test_rows_of_many_blocks_give_what_those_of_one_do(encode: Encode) -> None:
    """Nothing is held but a block: no cache, and parts of a block where there are many clusters."""
    train = rows(encode)
    batch = train.arrays()
    one = encode(batch.dense, batch.ids, batch.label, CARDINALITIES, dense_dtype="float64", block_rows=4_096)
    several, single = (fit(each, num_clusters=4, early_stop=False) for each in (train, one))
    np.testing.assert_allclose(several.centroids, single.centroids, rtol=1e-9, atol=1e-9)
