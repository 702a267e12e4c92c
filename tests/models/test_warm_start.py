"""Every family begins with an earlier fit of its own: what it leaves is read, and it is the very function it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm as lgb
import msgspec
import numpy as np
import pytest
from family_cases import DIRECT, ENSEMBLES, LABEL_FREE, QUICK
from resuming import After
from small_encoder import features_for

from hagane.errors import BundleError, PreemptedError, SpecError
from hagane.features.encoded import Encoded
from hagane.features.feature import Feature
from hagane.models import FAMILIES, family_options, get_family
from hagane.models.family import FitContext, HasParameters, Task
from hagane.models.lightgbm_trees import parse_trees
from hagane.models.linear_start import begin_linear
from hagane.models.parameter_file import FILE
from hagane.models.warm_start import PREFIX, WarmStart
from hagane.progress import SILENT

Encode = Callable[..., Encoded]
CARDINALITIES = (5, 40)
STILL_NET = {"max_iterations": 1, "learn_rate": 1e-12, "dropout": 0.0, "l2_reg": 0.0}
STILL_TABNET = {"max_iterations": 1, "learn_rate": 1e-12, "batch_norm_momentum": 1e-12}
STILL: dict[str, dict[str, Any]] = {
    "linear_reg": {"l1_reg": 5.0, "max_iterations": 1},
    "logistic_reg": {"max_iterations": 1},
    "tabnet_classifier": STILL_TABNET,
    "tabnet_regressor": STILL_TABNET,
    "boosted_tree_classifier": {"max_iterations": 1, "learn_rate": 1e-9},
    "boosted_tree_regressor": {"max_iterations": 1, "learn_rate": 1e-9},
    "torch_classifier": {"max_iterations": 1, "learn_rate": 1e-12},
    "torch_regressor": {"max_iterations": 1, "learn_rate": 1e-12},
    **dict.fromkeys(("dnn_classifier", "dnn_regressor"), STILL_NET),
    **{f"dnn_linear_combined_{kind}": STILL_NET | {"linear_learn_rate": 1e-12} for kind in ("classifier", "regressor")},
}
"""Options with which nothing moves; forests have none: their trees stand beside those that are there."""
EARLIER: dict[str, dict[str, Any]] = {
    "linear_reg": {"l1_reg": 5.0},
    **{name: {"max_iterations": 8} for name in FAMILIES if name.startswith(("dnn_", "tabnet_", "torch_"))},
}
BY_NAME = ("linear_reg", "logistic_reg", *(name for name in FAMILIES if name.startswith("dnn_")))
"""Families that find their parameters by the features' names and values."""
every_family = pytest.mark.parametrize(
    "name", [name for name in FAMILIES if name not in (*ENSEMBLES, *DIRECT, *LABEL_FREE)]
)
forests = pytest.mark.parametrize("name", ["random_forest_classifier", "random_forest_regressor"])


class Notes:
    """A progress that keeps its notes."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    def phase(self, name: str, **_: Any) -> Any:
        return SILENT.phase(name)

    def note(self, text: str) -> None:
        self.noted.append(text)

    def tell(self, event: Any) -> None: ...


def rows(encode: Encode, name: str, n: int = 500, *, num_classes: int = 3, seed: int = 0, **shape: Any) -> Encoded:
    random = np.random.default_rng(seed)
    family = get_family(name)
    dense = random.normal(size=(n, 3))
    ids = np.stack([random.integers(0, c, n) for c in CARDINALITIES], axis=1)
    signal = dense[:, 0] + dense[:, 1] * dense[:, 2] + (ids[:, 0] % 3) - 1 + 0.2 * random.normal(size=n)
    edges = np.quantile(signal, np.arange(1, num_classes) / num_classes)
    is_number = family.task is Task.REGRESSION
    label = 100 * signal + 5_000 if is_number else np.digitize(signal, edges).astype(np.int64)
    return encode(dense.astype(family.dense_dtype), ids, label, CARDINALITIES, dense_dtype=family.dense_dtype, **shape)


def fit(
    name: str, train: Encoded, *, start: WarmStart | None = None, num_classes: int = 3, progress: Any = SILENT,
    evaluation: Encoded | None = None, features: tuple[Feature, ...] | None = None, **options: Any,
) -> Any:  # fmt: skip
    family = get_family(name)
    classes = num_classes if family.task is Task.CLASSIFICATION else 0
    context = FitContext(features=features or train.features, num_classes=classes, num_threads=1, seed=7,
                         warm_start=start, progress=progress)  # fmt: skip
    return family.fit(train, evaluation, family_options(family, QUICK.get(name, {}) | options), context)


def start_of(name: str, model: Any, train: Encoded, **options: Any) -> WarmStart:
    assert isinstance(model, HasParameters)
    given = msgspec.to_builtins(family_options(name, QUICK.get(name, {}) | options))
    return WarmStart(reference="m@1", digest="0", parameters=model.parameters(), features=train.features, options=given)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """The largest difference, of the labels' spread."""
    return float(np.abs(one - other).max() / max(1.0, np.ptp(one)))


@every_family
@pytest.mark.parametrize("num_classes", [2, 3])
def test_it_begins_as_the_function_that_it_was(
    name: str, num_classes: int, encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "forest" in name or (get_family(name).task is Task.REGRESSION and num_classes == 3):
        pytest.skip("forests are added up; a number has no classes")
    train = rows(encode, name, num_classes=num_classes)
    batch = train.arrays()
    settings = EARLIER.get(name, {})
    earlier = fit(name, train, num_classes=num_classes, **settings)
    start = start_of(name, earlier, train, **settings)
    assert all(file.startswith(PREFIX) for file in start.parameters)
    still = STILL[name]
    monkeypatch.setattr("hagane.models.tabnet_net.INPUT_MOMENTUM", 1e-12)  # moments move without a learn rate
    begun = fit(name, train, num_classes=num_classes, start=start, **still)
    fresh = fit(name, train, num_classes=num_classes, **still)
    was = earlier.predict(batch.dense, batch.ids)
    assert apart(was, begun.predict(batch.dense, batch.ids)) < 2e-5
    assert apart(was, fresh.predict(batch.dense, batch.ids)) > 0.01 or name == "linear_reg"


@every_family
def test_what_it_leaves_is_the_same_each_time_and_can_be_left_again(name: str, encode: Encode) -> None:
    train = rows(encode, name, 200)
    first = fit(name, train)
    assert first.parameters() == first.parameters() == fit(name, train).parameters()
    again = fit(name, train, start=start_of(name, first, train))
    third = fit(name, train, start=start_of(name, again, train))
    assert isinstance(third, HasParameters)


@every_family
def test_what_cannot_be_read_is_told(name: str, encode: Encode) -> None:
    train = rows(encode, name, 60)
    start = start_of(name, fit(name, train), train)
    for damaged in ({}, {FILE: b""}, {FILE: start.parameters[FILE][:40]}):
        broken = WarmStart(reference="m@1", digest="0", parameters=damaged, features=train.features,
                           options=start.options)  # fmt: skip
        with pytest.raises(BundleError, match="the parameters of m@1 cannot be read"):
            fit(name, train, start=broken)


@every_family
def test_features_that_were_fitted_anew(name: str, encode: Encode) -> None:
    """Found by name and value, the same function; or refused, where parameters are of features as they were."""
    train = rows(encode, name)
    values = [f"v{slot}" for slot in range(38)]
    (*dense, small, wide) = train.features
    known = msgspec.structs.replace(wide, vocabulary=tuple(values))
    earlier = fit(name, train, features=(*dense, small, known), **EARLIER.get(name, {}))
    start = start_of(name, earlier, train, **EARLIER.get(name, {})).over((*dense, small, known))
    order = np.random.default_rng(1).permutation(38)
    shuffled = msgspec.structs.replace(wide, vocabulary=tuple(values[slot] for slot in order))
    batch = train.arrays()
    ids = batch.ids.astype(np.int64)
    slot_now = np.concatenate([[0], 1 + np.argsort(order), [39]])
    moved = np.column_stack([ids[:, 0], slot_now[ids[:, 1]]])
    new = np.random.default_rng(2).normal(size=(len(ids), 1))
    columns = np.concatenate([batch.dense, new], axis=1).astype(batch.dense.dtype)
    again = encode(columns, moved, batch.label, CARDINALITIES, dense_dtype=columns.dtype)
    (*numbers, _, _) = features_for(4, CARDINALITIES)
    features = (*numbers, small, shuffled)
    if name not in BY_NAME:
        with pytest.raises(SpecError, match="whose features are others") as raised:
            fit(name, again, start=start, features=features)
        assert raised.value.faults[0].received == "others: c1, x3"
        return
    begun = fit(name, again, start=start, features=features, **STILL[name])
    was = earlier.predict(batch.dense, ids)
    limit = 2e-5 if name not in ("linear_reg", "logistic_reg") else 0.1  # one iteration may use the new column
    assert apart(was, begun.predict(columns, moved)) < limit


@pytest.mark.parametrize("name", ["linear_reg", "logistic_reg"])
def test_coefficients_find_their_features(name: str, encode: Encode) -> None:
    train = rows(encode, name)
    model = fit(name, train)
    start = start_of(name, model, train)
    features = (*reversed(train.features[:3]), train.features[4])
    classes = 3 if name == "logistic_reg" else 0
    found = begin_linear(FitContext(features=features, num_classes=classes, warm_start=start),
                         "softmax" if classes else "identity")  # fmt: skip
    assert found is not None
    dense, table, intercept = model.coefficients
    np.testing.assert_array_equal(found.weights, np.concatenate([dense[::-1], table[5:]]))
    np.testing.assert_array_equal(found.intercept, intercept)


@pytest.mark.parametrize("name", ["linear_reg", "logistic_reg"])
@pytest.mark.parametrize("l1_reg", [0.0, 2.0])
def test_a_solver_that_begins_at_the_optimum_is_there(name: str, l1_reg: float, encode: Encode) -> None:
    """Categories encoded otherwise than before, too: what the one left out had goes to the intercept."""
    train = rows(encode, name, 800, num_classes=2)
    options = {"l1_reg": l1_reg, "l2_reg": 1.0}
    notes = Notes()
    optimum = fit(name, train, num_classes=2, **options)
    begun = fit(name, train, num_classes=2, start=start_of(name, optimum, train, **options), progress=notes, **options)
    assert len(begun.curve) <= max(2, len(optimum.curve) // 4) or len(optimum.curve) <= 2
    batch = train.arrays()
    assert apart(optimum.predict(batch.dense, batch.ids), begun.predict(batch.dense, batch.ids)) < 1e-6
    is_closed = name == "linear_reg" and not l1_reg
    assert any("makes no difference" in note for note in notes.noted) == is_closed


def test_conjugate_gradients_and_owl_qn_begin_there_too(encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hagane.models.linear_reg.GRAM_COLUMNS", 3)
    train = rows(encode, "linear_reg", 800)
    for options in ({"l2_reg": 1.0}, {"l1_reg": 20.0, "l2_reg": 1.0}):
        optimum = fit("linear_reg", train, **options)
        begun = fit("linear_reg", train, start=start_of("linear_reg", optimum, train, **options), **options)
        assert len(begun.curve) < len(optimum.curve)
        assert begun.curve[0].loss == pytest.approx(optimum.curve[-1].loss, rel=1e-9)
        assert optimum.curve[0].loss > 1.0001 * optimum.curve[-1].loss
        found = [model.predict(train.arrays().dense, train.arrays().ids) for model in (optimum, begun)]
        assert apart(*found) < 1e-6


def test_dummy_encoding_begins_as_the_same_function(encode: Encode) -> None:
    train = rows(encode, "logistic_reg", 800)
    one_hot = {"l2_reg": 0.1}
    model = fit("logistic_reg", train, **one_hot)
    still = {"max_iterations": 1, "l2_reg": 0.0, "category_encoding_method": "dummy_encoding"}
    begun = fit("logistic_reg", train, start=start_of("logistic_reg", model, train, **one_hot), **still)
    fresh = fit("logistic_reg", train, **still)
    assert begun.curve[0].loss <= model.curve[-1].loss + 1e-9 < fresh.curve[0].loss


@pytest.mark.parametrize("booster_type", ["gbtree", "dart"])
def test_boosting_goes_on_as_lightgbms_init_model_does(booster_type: str, encode: Encode) -> None:
    plain: dict[str, Any] = {"subsample": 1.0, "colsample_bytree": 1.0, "learn_rate": 0.1, "num_leaves": 7,
                             "min_tree_child_rows": 5, "max_iterations": 10}  # fmt: skip
    train, more = (rows(encode, "boosted_tree_regressor", seed=seed) for seed in (0, 1))
    first = fit("boosted_tree_regressor", train, **plain)
    start = start_of("boosted_tree_regressor", first, train, **plain)
    begun = fit("boosted_tree_regressor", more, start=start, booster_type=booster_type, **plain)
    assert len(parse_trees(begun.learned.text).trees) == 20
    text = first.learned.text.split("\nTree=")[1:]
    assert [part.split("\nis_linear")[0] for part in begun.learned.text.split("\nTree=")[1:11]] == [
        part.split("\nis_linear")[0] for part in text
    ]
    if booster_type == "dart":
        assert begun.curve[-1].loss < begun.curve[0].loss
        return
    batch = more.arrays()
    matrix = np.concatenate([batch.dense, batch.ids.astype(np.float32)], axis=1)
    parameters = {"objective": "regression", "learning_rate": 0.1, "num_leaves": 7, "min_data_in_leaf": 5,
                  "lambda_l2": 1.0, "num_threads": 1, "deterministic": True, "force_col_wise": True, "verbosity": -1,
                  "min_data_per_group": 1, "cat_smooth": 10}  # fmt: skip
    dataset = lgb.Dataset(matrix[:, :3], batch.label, params=parameters)
    numbers = encode(batch.dense, np.empty((500, 0), np.int64), batch.label, ())
    alone = fit("boosted_tree_regressor", numbers, **plain)
    ours = fit("boosted_tree_regressor", numbers, start=start_of("boosted_tree_regressor", alone, numbers, **plain),
               **plain)  # fmt: skip
    oracle = lgb.train(parameters, dataset, 10, init_model=lgb.Booster(model_str=alone.learned.text))
    np.testing.assert_allclose(ours.predict(batch.dense, None), oracle.predict(matrix[:, :3]), rtol=1e-9)


@forests
def test_a_forest_answers_the_mean_of_old_trees_and_new(name: str, encode: Encode) -> None:
    train, more = rows(encode, name, num_classes=2), rows(encode, name, num_classes=2, seed=1)
    first = fit(name, train, num_classes=2, num_parallel_tree=20)
    begun = fit(name, more, num_classes=2, num_parallel_tree=10, start=start_of(name, first, train))
    assert begun.learned.mean.num_trees == len(parse_trees(begun.learned.text).trees) == 30
    batch = train.arrays()
    old, both = first.predict(batch.dense, batch.ids), begun.predict(batch.dense, batch.ids)
    rest = (30 * both - 20 * old) / 10
    label = batch.label if rest.ndim == 1 else np.eye(2)[batch.label.astype(int)]
    assert 0.3 < np.corrcoef(rest.ravel(), label.ravel())[0, 1] <= 1


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("boosted_tree_regressor", {"max_iterations": 12}),
        ("random_forest_regressor", {"num_parallel_tree": 12}),
        ("logistic_reg", {"l2_reg": 0.01, "l1_reg": 1.0}),
        ("tabnet_regressor", {"max_iterations": 3}),
    ],
)
def test_one_that_was_ended_goes_on_to_the_same_bits(
    name: str, options: dict[str, Any], encode: Encode, tmp_path: Path
) -> None:
    train, more = rows(encode, name), rows(encode, name, seed=1)
    start = start_of(name, fit(name, train), train)
    family = get_family(name)
    classes = 3 if family.task is Task.CLASSIFICATION else 0
    given = family_options(family, QUICK.get(name, {}) | options)
    context = FitContext(features=train.features, num_classes=classes, num_threads=1, seed=7, warm_start=start)
    saved = msgspec.structs.replace(context, checkpoints=tmp_path / "run" / "checkpoints")
    whole = family.fit(more, None, given, context)
    with pytest.raises(PreemptedError):
        family.fit(more, None, given, msgspec.structs.replace(saved, preemption=After(6)))
    resumed = family.fit(more, None, given, saved)
    batch = more.arrays()
    assert resumed.predict(batch.dense, batch.ids).tobytes() == whole.predict(batch.dense, batch.ids).tobytes()
    assert [row.loss for row in resumed.curve] == [row.loss for row in whole.curve]


@pytest.mark.parametrize("name", ["boosted_tree_regressor", "dnn_regressor", "tabnet_regressor", "torch_regressor"])
def test_a_loss_with_another_link_is_refused(name: str, encode: Encode) -> None:
    train = rows(encode, name, 100)
    start = start_of(name, fit(name, train), train)
    with pytest.raises(SpecError, match="predicts something else"):
        fit(name, train, start=start, loss="poisson")
    finetuned = fit(name, train, start=start, loss="huber")
    assert finetuned.family == name


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("dnn_linear_combined_classifier", "hidden_units", [5]),
        ("tabnet_classifier", "num_steps", 4),
        ("boosted_tree_classifier", "max_category_slots", 4),
        ("random_forest_regressor", "max_category_slots", 4),
    ],
)
def test_options_in_which_both_must_agree(name: str, option: str, value: object, encode: Encode) -> None:
    train = rows(encode, name, 100)
    start = start_of(name, fit(name, train), train)
    with pytest.raises(SpecError, match=f"whose {option} is another") as raised:
        fit(name, train, start=start, **{option: value})
    assert raised.value.faults[0].where == f"model.options.{option}"


def test_tensors_of_a_users_module_that_fit_nothing_begin_fresh(encode: Encode) -> None:
    train, notes = rows(encode, "torch_regressor", 100), Notes()
    start = start_of("torch_regressor", fit("torch_regressor", train), train)
    fit("torch_regressor", train, start=start, module_options={"hidden": 7}, progress=notes)
    assert any("3 tensors of 8 begin fresh: layers.0.weight" in note for note in notes.noted), notes.noted
    with pytest.raises(SpecError, match="nothing of m@1 fits own_torch_modules:Lonely"):
        fit("torch_regressor", train, start=start, module="own_torch_modules:Lonely", module_options={})
