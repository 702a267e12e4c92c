"""Ensembles: each member is the model that it would be alone, their mean is the answer, and one graph gives it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from resuming import After
from small_encoder import graph_of, relative_difference, sparse_rows, write

from hagane.errors import PreemptedError, SpecError, TrainingError
from hagane.features.emit import Emitter
from hagane.features.encoded import Encoded
from hagane.features.feature import Feature, FeatureKind
from hagane.features.fold_rows import Fold
from hagane.models import family_options, get_family
from hagane.models.ensemble_losses import mean_loss
from hagane.models.ensemble_model import EnsembleModel
from hagane.models.family import FitContext, Task
from hagane.progress import SILENT
from hagane.progress.events import Event, IterationEnded
from hagane.runtime.session import Session
from hagane.spec.spec import Training

Encode = Callable[..., Encoded]
CARDINALITIES = (6, 30)
TREES = {"max_iterations": 15, "num_leaves": 7}
FOREST = {"num_parallel_tree": 5}
NET = {"max_iterations": 2, "hidden_units": [8], "learn_rate": 0.02}
FEATURES: dict[str, list[str]] = {
    "boosted_tree": ["x0", "x2", "c0", "c1", "s0"],
    "random_forest": ["x1", "c1"],
    "dnn": ["x1", "x2", "x3", "c0"],
    "linear": ["x0", "x1", "s0"],
}


def members_for(task: Task) -> list[dict[str, Any]]:
    end, linear = ("classifier", "logistic_reg") if task is Task.CLASSIFICATION else ("regressor", "linear_reg")
    return [
        {"type": f"boosted_tree_{end}", "options": TREES, "features": FEATURES["boosted_tree"], "weight": 3, "seed": 5},
        {"type": f"random_forest_{end}", "options": FOREST, "features": FEATURES["random_forest"]},
        {"type": f"dnn_{end}", "options": NET, "features": FEATURES["dnn"], "weight": 0.5, "seed": 11},
        {"type": linear, "features": FEATURES["linear"], "weight": 0.5},
    ]


def rows(folder: Path, name: str, *, num_classes: int = 3, n: int = 700, seed: int = 0, dtype: Any = np.float64,
         features: list[str] | None = None, finite: bool = False, weighted: bool = False) -> Encoded:  # fmt: skip
    """Numbers (some missing in x0, some infinite or beyond float32 in x3), ids and words; of some features alone."""
    random = np.random.default_rng(seed)
    dense = random.normal(size=(n, 4))
    ids = np.stack([random.integers(0, c, n) for c in CARDINALITIES], axis=1)
    words = sparse_rows(random, n, 9)
    signal = dense[:, 0] + dense[:, 1] * dense[:, 2] + (ids[:, 0] % 3) + 0.2 * random.normal(size=n)
    edges = np.quantile(signal, np.arange(1, num_classes) / num_classes)
    is_number = get_family(name).task is Task.REGRESSION
    label = 100 * signal + 5_000 if is_number else np.digitize(signal, edges).astype(np.int64)
    dense[random.random(n) < 0.1, 0] = np.nan
    dense[:3, 3] = (np.inf, 1e200, -np.inf)
    weight = random.uniform(0.5, 2, n).astype(np.float32) if weighted else None
    names = features or ["x0", "x1", "x2", "x3", "c0", "c1", "s0"]
    with np.errstate(over="ignore"):
        chosen = dense[:, [int(f[1]) for f in names if f[0] == "x"]].astype(dtype)
    if finite:
        chosen[~np.isfinite(chosen)] = 0
    places = [int(f[1]) for f in names if f[0] == "c"]
    sparse = [words] if "s0" in names else []
    encoded = write(folder, chosen, ids[:, places], label, tuple(CARDINALITIES[p] for p in places), dense_dtype=dtype,
                    block_rows=256, sparse=sparse, words=(9,) * len(sparse), weight=weight)  # fmt: skip
    renamed = [msgspec.structs.replace(f, name=n) for f, n in zip(encoded.features, names, strict=True)]
    encoded.header = msgspec.structs.replace(encoded.header, features=tuple(renamed))
    return encoded


def context_for(name: str, train: Encoded, *, num_classes: int = 3, **more: Any) -> FitContext:
    classes = num_classes if get_family(name).task is Task.CLASSIFICATION else 0
    return FitContext(**{"features": train.features, "num_classes": classes, "num_threads": 1, "seed": 7} | more)


def fit(name: str, train: Encoded, evaluation: Encoded | None = None, *, members: list[dict[str, Any]] | None = None,
        num_classes: int = 3, context: dict[str, Any] | None = None, **options: Any) -> EnsembleModel:  # fmt: skip
    family = get_family(name)
    given = {"members": members_for(family.task) if members is None else members, **options}
    made = context_for(name, train, num_classes=num_classes, **(context or {}))
    model = family.fit(train, evaluation, family_options(family, given), made)
    assert isinstance(model, EnsembleModel)
    return model


def predicted(model: Any, encoded: Encoded) -> np.ndarray:
    batch = encoded.arrays()
    return np.asarray(model.predict(batch.dense, batch.ids, batch.sparse))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ["ensemble_classifier", "ensemble_regressor"])
def test_each_member_is_bit_by_bit_the_model_that_it_is_alone(name: str, weighted: bool, tmp_path: Path) -> None:
    """On features that were encoded for it alone, in its own type."""
    train = rows(tmp_path / "train", name, weighted=weighted)
    watched = rows(tmp_path / "eval", name, n=200, seed=1, weighted=weighted)
    model = fit(name, train, watched)
    batch = watched.arrays()
    for number, (member, fitted) in enumerate(zip(members_for(get_family(name).task), model.members, strict=True)):
        family = get_family(member["type"])
        own: dict[str, Any] = {"features": member["features"], "dtype": family.dense_dtype, "weighted": weighted,
                               "finite": not family.accepts_missing}  # fmt: skip
        alone_train = rows(tmp_path / f"train-{number}", name, **own)
        alone_eval = rows(tmp_path / f"eval-{number}", name, n=200, seed=1, **own)
        context = context_for(name, alone_train, seed=member.get("seed", 7))
        alone = family.fit(alone_train, alone_eval, family_options(family, member.get("options", {})), context)
        mine = np.asarray(fitted.scores(batch.dense, batch.ids, batch.sparse))
        assert mine.tobytes() == predicted(alone, alone_eval).astype(np.float64).tobytes()
        assert [row.loss for row in fitted.models[0].curve] == [row.loss for row in alone.curve]
        assert fitted.models[0].importance() == alone.importance()


@pytest.mark.parametrize("name", ["ensemble_classifier", "ensemble_regressor"])
def test_the_answer_is_the_weighted_mean(name: str, tmp_path: Path) -> None:
    train = rows(tmp_path / "train", name)
    model, batch = fit(name, train), train.arrays()
    scores = [member.scores(batch.dense, batch.ids, batch.sparse) for member in model.members]
    assert model.shares.tolist() == [0.6, 0.2, 0.1, 0.1]
    expected = np.average(scores, axis=0, weights=[3, 1, 0.5, 0.5])
    assert np.abs(predicted(model, train) - expected).max() < 1e-9 * np.abs(expected).max()
    assert sum(model.importance().values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "num_classes"), [("ensemble_classifier", 2), ("ensemble_classifier", 3), ("ensemble_regressor", 2)]
)
def test_one_graph_answers_the_same(name: str, num_classes: int, tmp_path: Path) -> None:
    train = rows(tmp_path / "train", name, num_classes=num_classes)
    model = fit(name, train, num_classes=num_classes)
    graph, batch = graph_of(model, train), train.arrays()
    whole = graph(batch.dense, batch.ids, batch.sparse)
    assert relative_difference(whole, predicted(model, train), model.score_unit) <= 1e-6
    assert np.isfinite(whole).all()
    for n in (0, 1, 2, 7, 300):
        part = batch.slice(0, n)
        assert graph(part.dense, part.ids, part.sparse).tobytes() == whole[:n].tobytes()


def test_members_without_a_say_are_neither_fitted_nor_in_the_graph(tmp_path: Path) -> None:
    train = rows(tmp_path / "train", "ensemble_classifier")
    members = [*members_for(Task.CLASSIFICATION)[:1], {"type": "torch_classifier", "options": {"module": "no:Such"},
                                                       "weight": 0}]  # fmt: skip
    model = fit("ensemble_classifier", train, members=members)
    assert [member.number for member in model.members] == [0]
    alone = model.members[0]
    batch = train.arrays()
    assert predicted(model, train).tobytes() == alone.scores(batch.dense, batch.ids, batch.sparse).tobytes()


def test_the_curve_is_of_every_member_then_of_all_together(tmp_path: Path) -> None:
    told: list[Event] = []
    phases: list[str] = []

    class Progress:
        def phase(self, name: str, **_: Any) -> Any:
            phases.append(name)
            return SILENT.phase(name)

        def note(self, text: str) -> None: ...

        def tell(self, event: Event) -> None:
            told.append(event)

    train = rows(tmp_path / "train", "ensemble_classifier")
    watched = rows(tmp_path / "eval", "ensemble_classifier", n=200, seed=1)
    model = fit("ensemble_classifier", train, watched, context={"progress": Progress()})
    lengths = [len(member.models[0].curve) for member in model.members]
    runs = [row.training_run for row in model.curve]
    assert runs == [run for run, length in enumerate([*lengths, 1]) for _ in range(length)]
    numbers = [event.number for event in told if isinstance(event, IterationEnded)]
    assert numbers == [row.iteration for row in model.curve] == list(range(1, sum(lengths) + 2))
    steps = [event.step for event in told if isinstance(event, IterationEnded)][:-1]
    assert steps == sorted(steps)
    assert model.curve[-1].eval_loss == mean_loss(model, watched)
    assert "train boosted_tree_classifier (1 of 4)" in phases
    assert "train dnn_classifier (3 of 4)" in phases


@pytest.mark.parametrize("last", [3, 27])
def test_one_that_was_ended_goes_on_to_the_same_bits(last: int, tmp_path: Path) -> None:
    """In the first member, and in a later one."""
    train = rows(tmp_path / "train", "ensemble_regressor")
    whole = fit("ensemble_regressor", train)
    saved = {"checkpoints": tmp_path / "run" / "checkpoints"}
    with pytest.raises(PreemptedError):
        fit("ensemble_regressor", train, context=saved | {"preemption": After(last)})
    resumed = fit("ensemble_regressor", train, context=saved)
    assert predicted(resumed, train).tobytes() == predicted(whole, train).tobytes()
    assert [row.loss for row in resumed.curve] == [row.loss for row in whole.curve]


def test_rows_left_out_of_a_class_are_made_up_for_by_each_family_in_its_own_way(tmp_path: Path) -> None:
    train = rows(tmp_path / "train", "ensemble_classifier", num_classes=2)
    offsets = (float(np.log(20.0)), 0.0)
    plain = fit("ensemble_classifier", train, num_classes=2)
    moved = fit("ensemble_classifier", train, num_classes=2, context={"class_offsets": offsets})
    means = [predicted(model, train)[:, 1].mean() for model in (plain, moved)]
    assert means[1] < 0.5 * means[0]
    heavy = train.weighted_by_class(np.array([20.0, 1.0]))
    forest = members_for(Task.CLASSIFICATION)[1:2]
    by_weight = fit("ensemble_classifier", heavy, num_classes=2, members=forest)
    by_offset = fit("ensemble_classifier", train, num_classes=2, members=forest, context={"class_offsets": offsets})
    assert np.abs(predicted(by_weight, train) - predicted(by_offset, train)).max() < 1e-6


def test_every_fault_of_every_member_at_once() -> None:
    members = [
        {"type": "boosted_tree_clasifier", "wieght": 1},
        {"type": "DNN_CLASSIFIER", "options": {"learn_rate": 0, "hiden_units": [8]}, "weight": -1, "seed": "x"},
        {"options": {}},
        "dnn_classifier",
        {"type": "ensemble_classifier"},
    ]
    with pytest.raises(SpecError) as raised:
        family_options("ensemble_classifier", {"members": members, "metod": "average"})
    found = [(fault.where.removeprefix("model.options."), fault.nearest) for fault in raised.value.faults]
    assert found == [
        ("metod", "method"),
        ("members[0].wieght", "weight"),
        ("members[0].type", "boosted_tree_classifier"),
        ("members[1].weight", ""),
        ("members[1].seed", ""),
        ("members[1].options.hiden_units", "hidden_units"),
        ("members[1].options.learn_rate", ""),
        ("members[2].type", ""),
        ("members[3]", ""),
        ("members[4].type", ""),
    ]
    assert raised.value.faults[8].expected == "a mapping with type, options, features, weight, seed"


def test_members_must_predict_what_the_ensemble_predicts_and_have_a_say() -> None:
    members = [{"type": "dnn_regressor"}, {"type": "linear_reg", "features": ["a", "a"]}]
    with pytest.raises(SpecError) as raised:
        family_options("ensemble_classifier", {"members": members})
    assert [(fault.where, fault.nearest) for fault in raised.value.faults] == [
        ("model.options.members[0].type", "dnn_classifier"),
        ("model.options.members[1].type", "logistic_reg"),
        ("model.options.members[1].features", ""),
    ]
    for none in ([], [{"type": "logistic_reg", "weight": 0}]):
        with pytest.raises(SpecError, match="needs a member with a say"):
            family_options("ensemble_classifier", {"members": none})


def test_options_are_written_out_and_read_back() -> None:
    options = family_options("ensemble_classifier", {"members": [{"type": "Logistic_Reg", "options": {"l2_reg": 3}}]})
    plain = msgspec.to_builtins(options)
    assert plain["members"][0]["options"] == msgspec.to_builtins(family_options("logistic_reg", {"l2_reg": 3}))
    assert plain["members"][0]["type"] == "logistic_reg"
    assert family_options("ensemble_classifier", plain) == options


def test_faults_that_show_later_are_told_at_their_member(tmp_path: Path) -> None:
    options = family_options("ensemble_classifier", {"members": [
        {"type": "boosted_tree_classifier", "options": {"eval_metric": "pr_auc"}},
        {"type": "boosted_tree_classifier", "options": {"monotone_constraints": {"y": "increasing"}},
         "features": ["x", "zz"]},
    ]})  # fmt: skip
    features = [Feature(name=name, kind=FeatureKind.DENSE, columns=(name,)) for name in ("x", "y")]
    found = [fault.where for fault in options.feature_faults(features, 4)]
    assert found == ["model.options.members[0].options.eval_metric", "model.options.members[1].features"]
    faults = options.training_faults(Training(warm_start="m@1"))
    assert [fault.where for fault in faults] == ["training.warm_start"]
    nothing = np.empty((1, 0), np.int64)
    one_row = write(tmp_path / "one", np.ones((1, 1)), nothing, np.ones(1), (), dense_dtype="float64")
    normalised = {"type": "dnn_regressor", "options": {**NET, "batch_norm": True}}
    with pytest.raises(TrainingError) as raised:
        fit("ensemble_regressor", one_row, members=[{"type": "linear_reg"}, normalised])
    assert raised.value.faults[0].where == "model.options.members[1].options.batch_norm"


@pytest.mark.parametrize(
    ("name", "num_classes"), [("ensemble_classifier", 2), ("ensemble_classifier", 3), ("ensemble_regressor", 2)]
)
def test_what_explains_it_gives_the_scores_again(name: str, num_classes: int, tmp_path: Path) -> None:
    train = rows(tmp_path / "train", name, num_classes=num_classes)
    model = fit(name, train, num_classes=num_classes)
    explanation = model.explanation()
    assert explanation.method == "sampled_shapley"
    emitter = Emitter()
    raw = emitter.input("raw", np.float64, ("n", explanation.num_raw))
    scores = predicted(model, train)[:9]
    emitter.output("scores", model.emit_link(emitter, raw), np.float64, ("n", *scores.shape[1:]))
    given = scores[:, 1:] if explanation.num_raw == 1 and scores.ndim == 2 else scores.reshape(9, -1)
    found = Session(emitter.model().SerializeToString()).run({"raw": np.ascontiguousarray(given)}, ["scores"])["scores"]
    np.testing.assert_allclose(found, scores, rtol=1e-6)  # a network's probabilities add up to 1 to float32


@pytest.mark.parametrize(
    ("name", "num_classes", "method"),
    [
        ("ensemble_classifier", 2, "stack"),
        ("ensemble_classifier", 3, "stack"),
        ("ensemble_classifier", 3, "greedy"),
        ("ensemble_regressor", 2, "average"),
        ("ensemble_regressor", 2, "stack"),
    ],
)
def test_folds_are_one_graph_too(name: str, num_classes: int, method: str, tmp_path: Path) -> None:
    train = rows(tmp_path / "train", name, num_classes=num_classes, weighted=method == "greedy")
    model = fit(name, train, num_classes=num_classes, method=method, folds=2)
    assert {len(member.models) for member in model.members} == {2}
    graph, batch = graph_of(model, train), train.arrays()
    whole = graph(batch.dense, batch.ids, batch.sparse)
    assert relative_difference(whole, predicted(model, train), model.score_unit) <= 1e-6
    for n in (0, 1, 2, 7):
        part = batch.slice(0, n)
        assert graph(part.dense, part.ids, part.sparse).tobytes() == whole[:n].tobytes()
    assert model.shares.sum() == pytest.approx(1)
    assert model.best_iteration == len(model.curve)


@pytest.mark.parametrize("name", ["ensemble_classifier", "ensemble_regressor"])
def test_the_model_of_a_fold_never_saw_it(name: str, tmp_path: Path) -> None:
    """It is the model that its family makes of the other rows, watched by those of the fold."""
    train = rows(tmp_path / "train", name)
    members = members_for(get_family(name).task)[:1]
    model, family = fit(name, train, members=members, folds=4), get_family(members[0]["type"])
    features = [f for f in train.features if f.name in members[0]["features"]]
    seen = train.of_features(features, dense_dtype="float32", finite=False)
    answers = np.empty((train.num_rows, 3)) if "class" in name else np.empty(train.num_rows)
    for number, mine in enumerate(model.members[0].models):
        fold = Fold(seed=7, num_folds=4, number=number, inside=True)
        others = seen.of_fold(msgspec.structs.replace(fold, inside=False))
        context = context_for(name, others, seed=5)
        alone = family.fit(others, seen.of_fold(fold), family_options(family, members[0]["options"]), context)
        assert predicted(mine, seen).tobytes() == predicted(alone, seen).tobytes()
        part = seen.of_fold(fold)
        answers[part.places(0, part.num_rows)] = predicted(alone, part)
    label = train.arrays().label
    expected = float(np.mean(np.square(answers - label))) if "regr" in name else float(
        -np.log(answers[np.arange(len(label)), label]).mean())  # fmt: skip
    assert model.members[0].held_out_loss == pytest.approx(expected)
    assert model.curve[-1].loss == pytest.approx(expected)


@pytest.mark.parametrize("folds", [0, 3])
@pytest.mark.parametrize("method", ["greedy", "stack"])
def test_a_member_that_knows_nothing_has_no_say(method: str, folds: int, tmp_path: Path) -> None:
    name = "ensemble_regressor"
    train, watched = rows(tmp_path / "train", name), rows(tmp_path / "eval", name, n=300, seed=1)
    noise = {"type": "linear_reg", "options": {"l1_reg": 1e9}, "features": ["x1"]}
    good = members_for(Task.REGRESSION)[:1]
    notes: list[str] = []

    class Noted:
        def phase(self, name: str, **_: Any) -> Any:
            return SILENT.phase(name)

        def note(self, text: str) -> None:
            notes.append(text)

        def tell(self, event: Event) -> None: ...

    model = fit(name, train, watched, members=[noise, *good], method=method, folds=folds,
                context={"progress": Noted()})  # fmt: skip
    heard = {member.number: weight for member, weight in zip(model.members, model.shares, strict=True)}
    assert heard[1] > 0.95
    (said,) = [note for note in notes if "weights learned" in note]
    assert f"from {700 if folds else 300} rows held out" in said
    best = min(member.held_out_loss or np.inf for member in model.members)
    assert model.curve[-1].eval_loss is not None
    if not folds:
        assert model.curve[-1].eval_loss <= best * (1 + 1e-9)


def test_weights_cannot_be_learned_from_nothing(tmp_path: Path) -> None:
    train = rows(tmp_path / "train", "ensemble_regressor")
    with pytest.raises(TrainingError, match="learns weights from rows held out") as raised:
        fit("ensemble_regressor", train, method="greedy")
    assert raised.value.faults[0].where == "model.options.method"
    with pytest.raises(SpecError, match="one fold has no other rows"):
        fit("ensemble_regressor", train, folds=1)
    few = train.of_fold(Fold(seed=1, num_folds=100, number=0, inside=True))
    family, context = get_family("ensemble_regressor"), context_for("ensemble_regressor", few)
    options = family_options(family, {"folds": 20})
    with pytest.raises(TrainingError, match="more folds than training rows"):
        family.fit(few, None, options, context)


def test_folds_that_were_ended_go_on_to_the_same_bits(tmp_path: Path) -> None:
    train = rows(tmp_path / "train", "ensemble_classifier", num_classes=2)
    asked: dict[str, Any] = {"folds": 2, "method": "stack", "num_classes": 2,
                             "members": members_for(Task.CLASSIFICATION)[:2]}  # fmt: skip
    whole = fit("ensemble_classifier", train, **asked)
    saved = {"checkpoints": tmp_path / "run" / "checkpoints"}
    with pytest.raises(PreemptedError):
        fit("ensemble_classifier", train, context=saved | {"preemption": After(22)}, **asked)
    resumed = fit("ensemble_classifier", train, context=saved, **asked)
    assert predicted(resumed, train).tobytes() == predicted(whole, train).tobytes()
    assert [row.loss for row in resumed.curve] == [row.loss for row in whole.curve]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_networks_of_every_kind_and_a_module_of_ones_own_are_members(kind: str, tmp_path: Path) -> None:
    name = f"ensemble_{kind}"
    train = rows(tmp_path / "train", name)
    members = [
        {"type": f"torch_{kind}", "options": {"module": "own_torch_modules:Mixed", "max_iterations": 2}},
        {"type": f"tabnet_{kind}", "options": {"max_iterations": 1, "n_d": 4, "n_a": 4, "num_steps": 2}},
        {"type": f"dnn_linear_combined_{kind}", "options": {"max_iterations": 1}},
    ]
    model, batch = fit(name, train, members=members, folds=2), train.arrays()
    found = graph_of(model, train)(batch.dense, batch.ids, batch.sparse)
    assert relative_difference(found, predicted(model, train), model.score_unit) <= 1e-6
    own = family_options(f"torch_{kind}", members[0]["options"])
    assert own.code() in family_options(name, {"members": members}).code(), "a training goes on with the same source"
