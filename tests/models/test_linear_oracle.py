"""linear_reg and logistic_reg beside scikit-learn's solution of the same problem, on real data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from real_tables import Table
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, Ridge
from small_encoder import graph_of, relative_difference

from hagane.features.emit import Emitter
from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family, linear_reg
from hagane.models.family import FitContext
from hagane.models.linear_model import LinearModel
from hagane.progress.events import Event
from hagane.runtime.session import Session

Encode = Callable[..., Encoded]


class Notes:
    """A progress that keeps what is noted."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.events: list[Event] = []

    def phase(self, name: str, **_: Any) -> Any:
        from hagane.progress import SILENT

        return SILENT.phase(name)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def tell(self, event: Event) -> None:
        self.events.append(event)


def solve(
    name: str,
    table: Table,
    encode: Encode,
    *,
    num_classes: int = 0,
    progress: Any = None,
    dropped: dict[int, int] | None = None,
    **options: Any,
) -> tuple[LinearModel, Encoded]:
    train = encode(table.dense, table.ids, table.label, table.cardinalities, dense_dtype="float64", dropped=dropped)
    context = FitContext(
        features=train.features, num_classes=num_classes, num_threads=1, **({"progress": progress} if progress else {})
    )
    return get_family(name).fit(train, None, family_options(name, options), context), train


def coefficients(model: LinearModel) -> np.ndarray:
    """[c, d + s] as scikit-learn lays them out."""
    return np.concatenate([model.coefficients.dense, model.coefficients.table]).T


def assert_same(model: LinearModel, oracle: Any, tolerance: float = 1e-4) -> None:
    scale = max(1.0, float(np.abs(oracle.coef_).max()))
    assert np.abs(coefficients(model) - oracle.coef_).max() < tolerance * scale
    assert np.abs(model.coefficients.intercept - oracle.intercept_).max() < tolerance * max(
        1.0, float(np.abs(oracle.intercept_).max())
    )


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(
    ("options", "oracle"),
    [
        ({"l2_reg": 0.0}, lambda n, b: LinearRegression(fit_intercept=b)),
        ({"l2_reg": 1.0}, lambda n, b: Ridge(1.0, fit_intercept=b)),
        ({"l2_reg": 50.0}, lambda n, b: Ridge(50.0, fit_intercept=b)),
        ({"l2_reg": 0.0, "l1_reg": 200.0}, lambda n, b: Lasso(200.0 / n, fit_intercept=b, tol=1e-10, max_iter=200_000)),
        (
            {"l2_reg": 100.0, "l1_reg": 300.0},
            lambda n, b: ElasticNet(400.0 / n, l1_ratio=0.75, fit_intercept=b, tol=1e-10, max_iter=200_000),
        ),
    ],
    ids=["least squares", "ridge 1", "ridge 50", "lasso", "elastic net"],
)
def test_linear_reg_on_california_housing(
    housing: Table, encode: Encode, options: dict[str, float], oracle: Any, fit_intercept: bool
) -> None:
    table = housing.scaled()
    table = Table(table.dense, table.ids, table.label / 1e5, table.cardinalities)
    model, train = solve("linear_reg", table, encode, fit_intercept=fit_intercept, max_iterations=20_000, **options)
    assert_same(model, oracle(len(table.label), fit_intercept).fit(table.one_hot(), table.label))
    assert (
        relative_difference(graph_of(model, train)(table.dense, table.ids), model.predict(table.dense, table.ids))
        < 1e-12
    )


def test_linear_reg_on_adult_where_education_is_there_twice(adult: tuple[Table, Table], encode: Encode) -> None:
    """The least-squares solution is not unique there: the one of least norm, in the features' own units, is kept."""
    train = adult[0].scaled()
    units = np.array([1, 20, 3, 0.5, 1, 7.0])
    table = Table(train.dense[:, 1:] * units[1:], train.ids, train.dense[:, 0], train.cardinalities)
    model, _ = solve("linear_reg", table, encode, l2_reg=0.0)
    assert_same(model, LinearRegression().fit(table.one_hot(), table.label))


def test_linear_reg_unscaled_features(housing: Table, encode: Encode) -> None:
    dense = np.where(np.isnan(housing.dense), 500.0, housing.dense)
    table = Table(dense, housing.ids, housing.label, housing.cardinalities)
    model, _ = solve("linear_reg", table, encode, l2_reg=2.0)
    oracle = Ridge(2.0, solver="cholesky").fit(table.one_hot() - np.pad(dense.mean(axis=0), (0, 7)), table.label)
    assert np.abs(coefficients(model) - oracle.coef_).max() < 1e-4 * np.abs(oracle.coef_).max()


def test_linear_reg_wider_than_its_gram_matrix(housing: Table, encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    table = housing.scaled()
    exact, _ = solve("linear_reg", table, encode, l2_reg=3.0)
    monkeypatch.setattr(linear_reg, "GRAM_COLUMNS", 5)
    wide, _ = solve("linear_reg", table, encode, l2_reg=3.0)
    assert np.abs(coefficients(wide) - coefficients(exact)).max() < 1e-4 * np.abs(coefficients(exact)).max()
    assert (
        np.abs(wide.coefficients.intercept - exact.coefficients.intercept).max()
        < 1e-4 * np.abs(exact.coefficients.intercept).max()
    )


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l2_reg", [1.0, 30.0])
def test_logistic_reg_on_adult(adult: tuple[Table, Table], encode: Encode, l2_reg: float, fit_intercept: bool) -> None:
    table, notes = adult[0].scaled(), Notes()
    model, train = solve(
        "logistic_reg", table, encode, num_classes=2, l2_reg=l2_reg, fit_intercept=fit_intercept, progress=notes
    )
    oracle = LogisticRegression(
        C=1 / l2_reg, solver="newton-cholesky", tol=1e-10, max_iter=1000, fit_intercept=fit_intercept
    )
    assert_same(model, oracle.fit(table.one_hot(), table.label))
    assert notes.notes == []
    few = slice(0, 500)
    assert (
        relative_difference(
            graph_of(model, train)(table.dense[few], table.ids[few]), model.predict(table.dense[few], table.ids[few])
        )
        < 1e-12
    )


def test_logistic_reg_of_three_species(penguins: Table, encode: Encode) -> None:
    table = penguins.scaled()
    model, train = solve("logistic_reg", table, encode, num_classes=3, l2_reg=0.5)
    oracle = LogisticRegression(C=2.0, tol=1e-10, max_iter=10_000).fit(table.one_hot(), table.label)
    assert_same(model, oracle)
    assert np.abs(model.predict(table.dense, table.ids) - oracle.predict_proba(table.one_hot())).max() < 1e-5
    assert (
        relative_difference(graph_of(model, train)(table.dense, table.ids), model.predict(table.dense, table.ids))
        < 1e-12
    )


def test_logistic_reg_with_an_l1_penalty(adult: tuple[Table, Table], encode: Encode) -> None:
    table = adult[0].scaled().rows(np.arange(4000))
    model, _ = solve("logistic_reg", table, encode, num_classes=2, l1_reg=5.0, l2_reg=0.0, max_iterations=5000)
    x, y = table.one_hot(), table.label
    oracle = LogisticRegression(l1_ratio=1.0, C=0.2, solver="saga", tol=1e-5, max_iter=2000).fit(x, y)

    def objective(weights: np.ndarray, intercept: np.ndarray) -> float:
        z = x @ weights.ravel() + intercept
        return float((np.logaddexp(0, z) - y * z).sum() + 5 * np.abs(weights).sum())

    ours, theirs = (
        objective(w, b)
        for w, b in ((coefficients(model), model.coefficients.intercept), (oracle.coef_, oracle.intercept_))
    )
    assert ours <= theirs * (1 + 1e-7)
    assert np.mean(coefficients(model) == 0) > 0.3


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_linear_reg_wider_than_its_gram_matrix_with_l1(
    housing: Table, encode: Encode, monkeypatch: pytest.MonkeyPatch, fit_intercept: bool
) -> None:
    table, options = housing.scaled(), {"l1_reg": 3e6, "l2_reg": 2.0, "fit_intercept": fit_intercept}
    exact, _ = solve("linear_reg", table, encode, **options)
    monkeypatch.setattr(linear_reg, "GRAM_COLUMNS", 5)
    wide, _ = solve("linear_reg", table, encode, **options)
    assert np.abs(coefficients(wide) - coefficients(exact)).max() < 1e-6 * np.abs(coefficients(exact)).max()
    assert ((coefficients(wide) == 0) == (coefficients(exact) == 0)).all()
    assert wide.curve[-1].loss == pytest.approx(exact.curve[-1].loss, rel=1e-7)
    assert (coefficients(wide) == 0).sum() >= 3


def test_three_species_with_an_elastic_net(penguins: Table, encode: Encode) -> None:
    table = penguins.scaled()
    model, _ = solve("logistic_reg", table, encode, num_classes=3, l1_reg=1.5, l2_reg=0.5, max_iterations=5000)
    oracle = LogisticRegression(l1_ratio=0.75, C=0.5, solver="saga", tol=1e-9, max_iter=200_000)
    oracle.fit(table.one_hot(), table.label)
    found = model.predict(table.dense, table.ids)
    assert np.abs(found - oracle.predict_proba(table.one_hot())).max() < 1e-5
    assert np.abs(coefficients(model) - oracle.coef_).max() < 1e-4
    assert ((coefficients(model) == 0) == (np.abs(oracle.coef_) < 1e-7)).all()


def test_without_a_penalty_the_smallest_of_all_weights_that_predict_the_same(penguins: Table, encode: Encode) -> None:
    """Every category has its column beside the intercept, and softmax does not see what classes have in common."""
    table = penguins.scaled()
    noisy = np.where(np.arange(len(table.label)) % 7 == 0, (table.label + 1) % 3, table.label)
    table = Table(table.dense, table.ids, noisy, table.cardinalities)
    model, _ = solve("logistic_reg", table, encode, num_classes=3, l2_reg=0.0)
    x, found = table.one_hot(), coefficients(model)
    oracle = LogisticRegression(C=np.inf, tol=1e-9, max_iter=20_000).fit(x, table.label)
    assert np.abs(model.predict(table.dense, table.ids) - oracle.predict_proba(x)).max() < 1e-4
    assert np.abs(found.sum(axis=0)).max() < 1e-9
    assert abs(model.coefficients.intercept.sum()) < 1e-9
    null = np.linalg.svd(x - x.mean(axis=0))[2][np.linalg.matrix_rank(x - x.mean(axis=0)) :]
    assert np.abs(found @ null.T).max() < 1e-8


def test_dummy_encoding_measures_the_other_categories_against_the_most_frequent(
    penguins: Table, encode: Encode
) -> None:
    table = penguins.scaled()
    body_mass = Table(table.dense[:, :3], table.ids, table.dense[:, 3], table.cardinalities)
    options = {"l2_reg": 0.0, "category_encoding_method": "dummy_encoding"}
    model, _ = solve("linear_reg", body_mass, encode, **options)
    offsets = np.cumsum([0, *table.cardinalities])[:-1]
    dropped = [int(np.bincount(ids).argmax() + offset) for ids, offset in zip(table.ids.T, offsets, strict=True)]
    assert (model.coefficients.table[dropped] == 0).all()
    seen = np.delete(body_mass.one_hot(), [3 + slot for slot in dropped], axis=1)
    full = seen[:, seen.any(axis=0)]
    oracle = LinearRegression().fit(full, body_mass.label)
    assert (
        np.abs(np.delete(coefficients(model)[0], [3 + s for s in dropped])[seen.any(axis=0)] - oracle.coef_).max()
        < 1e-8
    )


@pytest.mark.parametrize("name", ["linear_reg", "logistic_reg"])
def test_early_stopping_keeps_the_iteration_of_the_lowest_eval_loss(
    name: str, encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many columns, few rows, no penalty: the optimum on the training rows is far from the best on others."""
    monkeypatch.setattr(linear_reg, "GRAM_COLUMNS", 5)
    random = np.random.default_rng(2)
    x, effect = random.normal(size=(400, 60)), 0.2 * random.normal(size=60)
    y = x @ effect + 2 * random.normal(size=400)
    label = y if name == "linear_reg" else (y > 0).astype(np.int64)
    rest = {"cardinalities": (), "dense_dtype": "float64"}
    nothing = np.empty((400, 0), np.int64)
    train, held_out = (encode(x[rows], nothing[rows], label[rows], **rest) for rows in (slice(90), slice(90, 400)))
    context = FitContext(features=train.features, num_classes=0 if name == "linear_reg" else 2)

    def fit(**options: object) -> LinearModel:
        return get_family(name).fit(train, held_out, family_options(name, {"l2_reg": 0.0, **options}), context)

    whole, stopped = fit(max_iterations=60), fit(early_stop=True, patience=3)
    losses = [row.eval_loss for row in stopped.curve]
    assert stopped.best_iteration == int(np.argmin(losses)) + 1 == len(losses) - 3
    assert min(losses) < whole.curve[-1].eval_loss
    assert [row.loss for row in stopped.curve] == pytest.approx([row.loss for row in whole.curve[: len(losses)]])
    predicted = stopped.predict(*(held_out.arrays()[:2]))
    measured = (
        np.mean(np.square(predicted - held_out.arrays().label))
        if name == "linear_reg"
        else -np.mean(np.log(predicted[np.arange(310), held_out.arrays().label]))
    )
    assert measured == pytest.approx(min(losses), rel=1e-9)


def test_a_dropped_slot_has_no_weight(penguins: Table, encode: Encode) -> None:
    table = penguins.scaled()
    body_mass = Table(table.dense[:, :3], table.ids, table.dense[:, 3], table.cardinalities)
    model, _ = solve("linear_reg", body_mass, encode, l2_reg=0.0, dropped={0: 1, 1: 2})
    offsets = (0, table.cardinalities[0])
    assert model.coefficients.table[offsets[0] + 1, 0] == 0
    assert model.coefficients.table[offsets[1] + 2, 0] == 0
    kept = np.delete(body_mass.one_hot(), [3 + offsets[0] + 1, 3 + offsets[1] + 2], axis=1)
    oracle = LinearRegression().fit(kept, body_mass.label)
    assert np.abs(model.predict(body_mass.dense, body_mass.ids) - oracle.predict(kept)).max() < 1e-8


def test_it_says_when_it_did_not_converge(adult: tuple[Table, Table], encode: Encode) -> None:
    notes = Notes()
    solve(
        "logistic_reg", adult[0].scaled().rows(np.arange(3000)), encode, num_classes=2, max_iterations=3, progress=notes
    )
    assert notes.notes == ["logistic_reg did not converge in 3 iterations; raise max_iterations or l2_reg"]


def test_behind_a_scaler_it_keeps_float64(housing: Table, encode: Encode) -> None:
    """ONNX Runtime's MatMulScaleFusion would round the scaler's constant to float32; sessions are made without it."""
    table = housing.scaled()
    model, _ = solve("linear_reg", table, encode)
    emitter = Emitter()
    raw, ids = emitter.input("raw", np.float64, ("n", 8)), emitter.input("ids", np.int64, ("n", 1))
    scaled = emitter.node("Div", raw, emitter.constant(np.float64(3.3)))
    emitter.output("y", model.emit(emitter, scaled, ids), np.float64, ("n",))
    found = Session(emitter.model().SerializeToString()).run({"raw": table.dense, "ids": table.ids}, ["y"])["y"]
    assert relative_difference(found, model.predict(table.dense / 3.3, table.ids)) < 1e-12
