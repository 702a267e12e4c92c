"""What every family must do. A new family passes by standing in `FAMILIES` (and, if its options differ, in `QUICK`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from family_cases import (
    CLASSIFIERS,
    DIRECT,
    ENSEMBLES,
    FITTED,
    LABEL_FREE,
    NEEDED,
    NETWORKS,
    ONE_TREE,
    QUICK,
    REGRESSORS,
)
from small_encoder import graph_of, relative_difference

from hagane.errors import SpecError, TrainingError
from hagane.features.encoded import Encoded
from hagane.models import FAMILIES, family_options, get_family
from hagane.models.family import FitContext, OutputModel, Task, score_unit
from hagane.progress import SILENT
from hagane.progress.events import Event, IterationEnded

CARDINALITIES = (5, 40, 300)
LONGER: dict[str, dict[str, Any]] = {
    **{name: {"max_iterations": 10} for name in NETWORKS},
    "random_forest_classifier": {"num_parallel_tree": 30},
    "random_forest_regressor": {"num_parallel_tree": 30},
    **{name: {} for name in (*ENSEMBLES, *DIRECT, *LABEL_FREE)},
}
"""Enough to learn something; 200 iterations of the others."""
SIZES = (0, 1, 2, 7, 300)
Encode = Callable[..., Encoded]

every_family = pytest.mark.parametrize("name", FITTED)
classifiers = pytest.mark.parametrize("name", CLASSIFIERS)
regressors = pytest.mark.parametrize("name", REGRESSORS)


def rows(
    n: int, name: str, *, num_dense: int = 4, cardinalities: tuple[int, ...] = CARDINALITIES, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers, ids and a signal in both; NaN only for families that take it."""
    random = np.random.default_rng(seed)
    dense = random.normal(size=(n, num_dense)).astype(np.float32)
    ids = (
        np.stack([random.integers(0, c, n) for c in cardinalities], axis=1)
        if cardinalities
        else np.empty((n, 0), np.int64)
    )
    signal = dense.sum(axis=1) + (2.0 * (ids[:, -1] % 3 == 0) if cardinalities else 0)
    if get_family(name).accepts_missing and num_dense:
        dense[random.random((n, num_dense)) < 0.1] = np.nan
    return dense, ids, signal + 0.1 * random.normal(size=n)


def label_for(name: str, signal: np.ndarray, num_classes: int = 2) -> np.ndarray:
    if name in LABEL_FREE:
        return np.zeros(len(signal), np.int64)
    if get_family(name).task is Task.REGRESSION:
        return 1000 * signal.astype(np.float64)
    edges = np.quantile(signal, np.arange(1, num_classes) / num_classes)
    return np.digitize(signal, edges).astype(np.int64)


def fit(name: str, train: Encoded, evaluation: Encoded | None = None, *, num_classes: int = 2, **options: Any) -> Any:
    family = get_family(name)
    classes = num_classes if family.task is Task.CLASSIFICATION else 0
    context = FitContext(
        features=train.features, num_classes=classes, num_threads=1, seed=7, progress=options.pop("progress", SILENT)
    )
    return family.fit(train, evaluation, family_options(family, {**QUICK.get(name, {}), **options}), context)


def encoded(encode: Encode, name: str, n: int = 600, *, num_classes: int = 2, **shape: Any) -> Encoded:
    dense, ids, signal = rows(n, name, **shape)
    cardinalities = shape.get("cardinalities", CARDINALITIES)
    return encode(
        dense,
        ids,
        label_for(name, signal, num_classes),
        cardinalities,
        dense_dtype=get_family(name).dense_dtype,
        block_rows=256,
    )


def model_width(model: Any) -> int:
    """Scores of a row of a model without a label: those that its columns follow from."""
    assert isinstance(model, OutputModel)
    columns = model.output_columns
    return len(columns) if model.family == "pca" else min(5, len(model.centroids))


def assert_graph_agrees(name: str, model: Any, train: Encoded) -> None:
    graph, batch = graph_of(model, train), train.arrays()
    tolerance = get_family(name).relative_tolerance
    for n in SIZES:
        dense, ids = batch.dense[:n], batch.ids[:n]
        found = graph(dense, ids)
        assert np.isfinite(found).all()
        assert relative_difference(found, model.predict(dense, ids), score_unit(model)) <= tolerance


@pytest.mark.parametrize(
    ("num_classes", "name"), [*((2, name) for name in FITTED), *((4, name) for name in CLASSIFIERS)]
)
def test_the_graph_predicts_what_the_model_predicts(name: str, num_classes: int, encode: Encode) -> None:
    train = encoded(encode, name, num_classes=num_classes)
    model = fit(name, train, encoded(encode, name, 200, num_classes=num_classes, seed=1), num_classes=num_classes)
    assert_graph_agrees(name, model, train)
    scores = model.predict(*train.arrays()[:2])
    if get_family(name).task is Task.CLASSIFICATION:
        assert scores.shape == (600, num_classes)
        assert np.abs(scores.sum(axis=1) - 1).max() < 1e-6
    elif name in LABEL_FREE:
        assert scores.shape == (600, model_width(model))
    else:
        assert scores.shape == (600,)


@every_family
@pytest.mark.parametrize(("num_dense", "cardinalities"), [(0, CARDINALITIES), (1, ()), (0, (3,))])
def test_features_of_one_kind_only(name: str, num_dense: int, cardinalities: tuple[int, ...], encode: Encode) -> None:
    train = encoded(encode, name, num_dense=num_dense, cardinalities=cardinalities)
    assert_graph_agrees(name, fit(name, train), train)


class Events:
    """A progress that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Event] = []

    def phase(self, name: str, **_: Any) -> Any:
        return SILENT.phase(name)

    def note(self, text: str) -> None: ...

    def tell(self, event: Event) -> None:
        self.told.append(event)


@every_family
def test_every_point_of_the_curve_is_told_as_it_comes(name: str, encode: Encode) -> None:
    """What `training_info` keeps is what progress shows, TensorBoard draws and programs read."""
    train, events = encoded(encode, name), Events()
    model = fit(name, train, encoded(encode, name, 200, seed=1), progress=events)
    told = [each for each in events.told if isinstance(each, IterationEnded)]
    assert [each.number for each in told] == [each.iteration for each in model.curve] == list(range(1, len(told) + 1))
    assert [(each.loss, each.eval_loss, each.learning_rate) for each in told] == [
        (each.loss, each.eval_loss, each.learning_rate) for each in model.curve
    ]
    assert all(each.duration_ms > 0 for each in model.curve)
    assert told[-1].best_iteration == model.best_iteration
    assert all((each.examples_per_second or 0) > 0 for each in told)


@every_family
def test_it_learns_something(name: str, encode: Encode) -> None:
    train, held_out = encoded(encode, name, 3000), encoded(encode, name, 500, seed=1).arrays()
    model = fit(name, train, **LONGER.get(name, {"max_iterations": 200}))
    scores = model.predict(held_out.dense, held_out.ids)
    if name in LABEL_FREE:
        measurement = model.measurement()
        measurement.add(held_out.dense, held_out.ids, held_out.sparse)
        figure = "mean_squared_distance" if name == "kmeans" else "total_explained_variance_ratio"
        assert abs(measurement.metrics()[figure] - measurement.baseline()[figure]) > 0.1
    elif get_family(name).task is Task.CLASSIFICATION:
        assert np.mean(scores.argmax(axis=1) == held_out.label) > (0.75 if name in ONE_TREE else 0.8)
    else:
        assert np.var(scores - held_out.label) < 0.5 * np.var(held_out.label)


@every_family
def test_the_same_seed_gives_the_same_bits(name: str, encode: Encode) -> None:
    train, evaluation = encoded(encode, name), encoded(encode, name, 200, seed=1)
    first, second = fit(name, train, evaluation), fit(name, train, evaluation)
    batch = train.arrays()
    assert first.predict(batch.dense, batch.ids).tobytes() == second.predict(batch.dense, batch.ids).tobytes()
    assert [row.loss for row in first.curve] == [row.loss for row in second.curve]


@every_family
def test_the_curve_and_the_importance(name: str, encode: Encode) -> None:
    train = encoded(encode, name)
    model = fit(name, train, encoded(encode, name, 200, seed=1))
    assert [row.iteration for row in model.curve] == list(range(1, len(model.curve) + 1))
    assert all(np.isfinite(row.loss) and np.isfinite(row.eval_loss) and row.duration_ms >= 0 for row in model.curve)
    assert 1 <= model.best_iteration <= len(model.curve)
    assert model.family == name
    importance = model.importance()
    assert list(importance) == [feature.name for feature in train.features]
    assert all(value >= 0 for value in importance.values())
    assert sum(importance.values()) > 0
    without = fit(name, train)
    assert all(row.eval_loss is None for row in without.curve)
    assert without.best_iteration == len(without.curve)


@every_family
def test_few_rows_and_features_without_variance(name: str, encode: Encode) -> None:
    dense, ids, signal = rows(9, name)
    dense[:, 0], ids[:, 0] = 3.0, 2
    train = encode(dense, ids, label_for(name, signal), CARDINALITIES, dense_dtype=get_family(name).dense_dtype)
    assert_graph_agrees(name, fit(name, train), train)


@every_family
def test_an_empty_eval_split_is_none(name: str, encode: Encode) -> None:
    train, empty = encoded(encode, name), encoded(encode, name, 600)
    dense, ids, label = (array[:0] for array in empty.arrays()[:3])
    nothing = encode(dense, ids, label, CARDINALITIES, dense_dtype=get_family(name).dense_dtype)
    assert all(row.eval_loss is None for row in fit(name, train, nothing).curve)


@pytest.mark.parametrize("name", FAMILIES)
def test_no_rows_and_no_features_are_refused(name: str, encode: Encode) -> None:
    label = np.zeros(0) if get_family(name).task is Task.REGRESSION else np.zeros(0, np.int64)
    train = encode(np.empty((0, 0)), np.empty((0, 0), np.int64), label, ())
    with pytest.raises(TrainingError) as raised:
        fit(name, train)
    assert [fault.what for fault in raised.value.faults] == ["no rows to train on", "no features to train on"]


@classifiers
def test_one_class_is_refused(name: str, encode: Encode) -> None:
    dense, ids, _ = rows(50, name)
    train = encode(dense, ids, np.ones(50, np.int64), CARDINALITIES, dense_dtype=get_family(name).dense_dtype)
    with pytest.raises(TrainingError, match="one class only") as raised:
        fit(name, train)
    assert raised.value.faults[0].received == "50 rows, all of class number 1"


@classifiers
def test_a_class_without_training_rows(name: str, encode: Encode) -> None:
    dense, ids, signal = rows(300, name)
    label = label_for(name, signal, 3)
    label[label == 1] = 2
    train = encode(dense, ids, label, CARDINALITIES, dense_dtype=get_family(name).dense_dtype)
    model = fit(name, train, num_classes=3, **LONGER.get(name, {"max_iterations": 15}))
    assert_graph_agrees(name, model, train)
    assert model.predict(*train.arrays()[:2])[:, 1].mean() < 0.2


@regressors
def test_a_constant_label(name: str, encode: Encode) -> None:
    dense, ids, _ = rows(100, name)
    train = encode(dense, ids, np.full(100, 12_345.0), CARDINALITIES, dense_dtype=get_family(name).dense_dtype)
    model = fit(name, train)
    assert_graph_agrees(name, model, train)
    assert np.abs(model.predict(*train.arrays()[:2]) - 12_345).max() < 1


@regressors
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_label_that_is_not_finite_is_refused(name: str, bad: float, encode: Encode) -> None:
    dense, ids, signal = rows(50, name)
    label = label_for(name, signal)
    label[3] = bad
    train = encode(dense, ids, label, CARDINALITIES, dense_dtype=get_family(name).dense_dtype)
    with pytest.raises(TrainingError, match="not a number, infinite, or too large"):
        fit(name, train)


@pytest.mark.parametrize(
    "name", [name for name in FAMILIES if name not in (*ENSEMBLES, *DIRECT, *LABEL_FREE)]
)  # tests of their own
def test_the_options_are_checked(name: str) -> None:
    counted = "num_parallel_tree" if "forest" in name else "max_iterations"
    with pytest.raises(SpecError) as raised:
        family_options(name, {**NEEDED.get(name, {}), counted[:-1]: 3, counted: 0, "l2_reg": "much"})
    faults = raised.value.faults
    assert [fault.where for fault in faults] == [
        f"model.options.{option}" for option in (counted[:-1], counted, "l2_reg")
    ]
    assert faults[0].nearest == counted
    least, most = (2, 10_000) if "forest" in name else (1, 100_000)
    assert faults[1].expected == f"a whole number >= {least} and <= {most}"
    assert faults[2].expected == "a number >= 0"
    with pytest.raises(SpecError, match="l2_reg"):
        get_family(name).Options(**NEEDED.get(name, {}), l2_reg=-1.0)
    assert family_options(name, NEEDED.get(name, {})) == get_family(name).Options(**NEEDED.get(name, {}))


@pytest.mark.parametrize("name", FAMILIES)
def test_the_contract_is_stated(name: str) -> None:
    family = get_family(name)
    assert family.name == name
    assert family.dense_dtype in (np.float32, np.float64)
    assert 0 < family.relative_tolerance <= (1e-5 if name.startswith("torch") else 1e-6)
    assert (family.Options.__doc__ or "").strip()
