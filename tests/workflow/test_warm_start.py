"""A training that begins with an earlier model: the same function at its first step, fewer steps to the same loss."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from hagane.bundle.bundle import Bundle
from hagane.bundle.manifest import MANIFEST_NAME
from hagane.data.column_data import columns_data
from hagane.errors import BundleError, DataError, NotFoundError, SpecError
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.spec.spec import Downsample, Model, Spec, Split, Training
from hagane.spec.warm_start import WarmStartOptions
from hagane.types import Column, Schema
from hagane.workflow import train as module_of_train
from hagane.workflow.beginning import Beginning
from hagane.workflow.compare import compare_models
from hagane.workflow.train import TrainResult, train
from hagane.workflow.warm_start_notes import warm_start_notes
from hagane.workspace.workspace import Workspace

STILL = {"max_iterations": 1, "learn_rate": 1e-12, "dropout": 0.0}
"""Options with which nothing moves: what is told after the epoch is the loss of the beginning."""
COLUMNS = ("x0", "x1", "x2", "city", "words")
FAMILY = {"late": "dnn_classifier", "grade": "dnn_classifier", "delay": "dnn_regressor"}


def trips(n: int, seed: int, cities: str, level: float = 0.0) -> pa.Table:
    """Rows whose labels follow from all columns; `level` moves the numbers."""
    draw = np.random.default_rng(seed)
    x, city = draw.normal(size=(n, 3)) + level, draw.choice(list(cities), n)
    words = [["wet", "dark"][: each % 3] for each in range(n)]
    score = x[:, 0] * x[:, 1] + x[:, 2] + np.array([ord(each) - 100 for each in city]) / 3
    score += np.array([len(each) for each in words]) - 1 + draw.normal(size=n) * 0.3
    numbers = {f"x{index}": x[:, index] for index in range(3)}
    labels = {"late": score > 0, "grade": np.where(score < -1, "a", np.where(score < 1, "b", "c")), "delay": score}
    return pa.table({**numbers, "city": city, "words": words, "new": draw.normal(size=n), **labels})


BEFORE, AFTER = trips(3_000, 0, "abcdef"), trips(2_500, 1, "cdefghij", level=0.5)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("warm"))


def fit(
    workspace: Workspace,
    rows: pa.Table,
    label: str,
    *,
    columns: Sequence[str] = COLUMNS,
    warm_start: Any = None,
    options: dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
    kind: str | None = None,
    **sections: Any,
) -> TrainResult:
    kind = "auto" if warm_start else kind or FAMILY[label]
    spec = Spec(
        data="f",
        label=label,
        model=Model(type=kind, options=options or {}),
        training=Training(warm_start=warm_start, **(training or {})),
        **sections,
    )
    return train(spec, workspace=workspace, frame=rows.select([*columns, label]))


@pytest.fixture(scope="module")
def earlier(workspace: Workspace) -> dict[str, TrainResult]:
    """A model of each label."""
    options = {"max_iterations": 5, "hidden_units": [24, 12]}
    return {label: fit(workspace, BEFORE, label, options=options) for label in FAMILY}


def best_loss(result: TrainResult) -> float:
    losses = [each.eval_loss for each in result.model.curve if each.eval_loss is not None]
    return min(losses)


def first_loss(result: TrainResult) -> float:
    loss = result.model.curve[0].eval_loss
    assert loss is not None
    return loss


def predictions(result: TrainResult, rows: pa.Table) -> np.ndarray[Any, Any]:
    bundle = Bundle.load(result.bundle)
    batch = rows.select(bundle.signature.names).combine_chunks().to_batches()[0]
    schema = Schema(tuple(Column(column.name, column.type) for column in bundle.signature.inputs))
    found = bundle.predict_columns(columns_data(batch, schema))
    return np.asarray(found.values if found.probabilities is None else found.probabilities)


@pytest.mark.parametrize("label", FAMILY)
def test_training_begins_at_the_loss_where_the_earlier_one_ended(
    earlier: dict[str, TrainResult], workspace: Workspace, label: str
) -> None:
    ended = earlier[label]
    begun = fit(workspace, BEFORE, label, warm_start=ended.version.reference, options=STILL)
    assert first_loss(begun) == pytest.approx(best_loss(ended), rel=1e-6)
    assert begun.spec.model.options["hidden_units"] == (24, 12)
    assert begun.spec.training.warm_start == WarmStartOptions(model=ended.version.reference)
    assert np.allclose(predictions(begun, AFTER), predictions(ended, AFTER), rtol=0, atol=1e-6)
    lineage = msgspec.json.decode((begun.bundle / "lineage.json").read_bytes())
    assert lineage["warm_start"] == f"{ended.version.reference} ({Bundle.load(ended.bundle).bundle_id})"


@pytest.mark.parametrize("label", FAMILY)
def test_fewer_steps_on_rows_that_have_moved(earlier: dict[str, TrainResult], workspace: Workspace, label: str) -> None:
    fresh = fit(workspace, AFTER, label, options={"max_iterations": 3, "hidden_units": [24, 12]})
    reference = earlier[label].version.reference
    reused = fit(workspace, AFTER, label, warm_start=reference, options={"max_iterations": 1})
    refitted = WarmStartOptions(model=reference, transform="refit")
    relearned = fit(workspace, AFTER, label, warm_start=refitted, options={"max_iterations": 1})
    assert first_loss(reused) < best_loss(fresh)
    assert best_loss(relearned) < best_loss(fresh)


OTHERS = {
    "linear_reg": ("delay", {"l1_reg": 1.0}, {}),
    "logistic_reg": ("grade", {}, {}),
    "boosted_tree_classifier": ("late", {"max_iterations": 20}, {"max_iterations": 5}),
    "boosted_tree_regressor": ("delay", {"max_iterations": 20, "loss": "quantile"}, {"max_iterations": 5}),
    "random_forest_classifier": ("grade", {"num_parallel_tree": 10}, {"num_parallel_tree": 5}),
    "dnn_linear_combined_classifier": ("late", {"max_iterations": 3, "hidden_units": [12]}, STILL | {
        "linear_learn_rate": 1e-12}),
    "tabnet_regressor": ("delay", {"max_iterations": 3, "n_d": 8, "n_a": 8}, {"max_iterations": 1}),
}  # fmt: skip
"""Family → label, options of the earlier model, options of the one that begins with it."""


@pytest.mark.parametrize("family", OTHERS)
def test_every_other_family_goes_on_from_its_bundle(workspace: Workspace, family: str) -> None:
    label, options, more = OTHERS[family]
    first = fit(workspace, BEFORE, label, name=f"first_{family}", options=options, kind=family)
    start = WarmStartOptions(model=first.version.reference)
    begun = fit(workspace, BEFORE, label, name=f"more_{family}", options=more, warm_start=start)
    assert begun.spec.model.type == family
    assert begun.spec.transform == first.spec.transform
    figures = [result.evaluation.headline()[1] or 0.0 for result in (first, begun)]
    name = first.evaluation.headline()[0]
    better = -1 if name.startswith("mean") else 1
    assert better * (figures[1] - figures[0]) > -0.02 * abs(figures[0])
    names = [first.version.reference, begun.version.reference]
    unfair = compare_models(names, workspace=workspace, num_resamples=20).unfair
    (told,) = [each for each in unfair if "began" in each]
    assert told == f"{begun.version.reference} began with {first.version.reference}, and has had the training of both"
    refit = WarmStartOptions(model=first.version.reference, transform="refit")
    if family in ("linear_reg", "logistic_reg", "dnn_linear_combined_classifier"):
        fit(workspace, AFTER, label, name="refitted", options=more, warm_start=refit)
    else:
        with pytest.raises(SpecError, match="whose features are others"):
            fit(workspace, AFTER, label, name="refitted", options=more, warm_start=refit)


def test_a_vocabulary_learned_anew_and_a_new_column_begin_as_the_same_function(
    earlier: dict[str, TrainResult], workspace: Workspace
) -> None:
    """Cities that were unknown are still treated as unknown ones, and the new column has no say, at the first step."""
    ended = earlier["late"]
    plain = {name: sql for name, sql in (ended.spec.transform or {}).items() if name != "words"}
    unscaled = {name: "IFNULL(" + name + ", 0.0)" if name[0] == "x" else sql for name, sql in plain.items()}
    first = fit(workspace, BEFORE, "late", transform=unscaled, name="unscaled", options={"max_iterations": 3})
    more = {"new": "new", **unscaled}
    begun = fit(workspace, AFTER, "late", columns=(*COLUMNS, "new"), transform=more, options=STILL,
                warm_start=WarmStartOptions(model="unscaled", transform="refit"))  # fmt: skip
    vocabularies = [msgspec.json.decode((each.bundle / "transform.json").read_bytes()) for each in (first, begun)]
    assert vocabularies[0]["learned"] != vocabularies[1]["learned"]
    assert np.allclose(predictions(begun, AFTER), predictions(first, AFTER), rtol=0, atol=1e-6)


def test_classes_that_the_new_rows_lack_stay(earlier: dict[str, TrainResult], workspace: Workspace) -> None:
    rows = AFTER.filter(pa.compute.not_equal(AFTER["grade"], "a"))
    begun = fit(workspace, rows, "grade", warm_start=earlier["grade"].version.reference, options=STILL)
    assert Bundle.load(begun.bundle).signature.classes == ("a", "b", "c")


def test_a_downsampled_class_begins_at_the_probabilities_of_the_data(
    earlier: dict[str, TrainResult], workspace: Workspace
) -> None:
    ended = earlier["late"]
    begun = fit(workspace, BEFORE, "late", warm_start=ended.version.reference, options=STILL,
                training={"downsample": Downsample(rate=0.5)})  # fmt: skip
    again = fit(workspace, BEFORE, "late", warm_start=begun.version.reference, options=STILL)
    for result in (begun, again):
        assert np.allclose(predictions(result, AFTER), predictions(ended, AFTER), rtol=0, atol=1e-5)


def test_true_is_the_newest_of_the_same_name(workspace: Workspace) -> None:
    first = fit(workspace, BEFORE, "late", name="daily", options={"max_iterations": 1})
    second = fit(workspace, BEFORE, "late", name="daily", warm_start=True, options=STILL)
    third = fit(workspace, BEFORE, "late", name="daily", warm_start=True, options=STILL)
    begun = [each.spec.training.warm_start for each in (first, second, third)]
    assert begun == [None, WarmStartOptions(model="daily@1"), WarmStartOptions(model="daily@2")]
    with pytest.raises(NotFoundError, match="train it once without warm_start"):
        fit(workspace, BEFORE, "late", name="nightly", warm_start=True)


def test_a_bundle_by_its_path(earlier: dict[str, TrainResult], tmp_path: Path) -> None:
    other = Workspace(tmp_path)
    begun = fit(other, BEFORE, "late", warm_start=str(earlier["late"].bundle), options=STILL)
    assert first_loss(begun) == pytest.approx(best_loss(earlier["late"]), rel=1e-6)
    assert begun.spec.training.warm_start == WarmStartOptions(model=str(earlier["late"].bundle.absolute()))


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"options": {"hidden_units": [5]}}, SpecError, "whose hidden_units is another"),
        ({"model": Model(type="logistic_reg")}, SpecError, "which is another family"),
        ({"transform": {"x0": "x0"}}, SpecError, "the feature 'x1' is another one"),
        ({"warm_start": "nobody"}, NotFoundError, "no model 'nobody'"),
        ({"warm_start": "late@99"}, NotFoundError, "no version '99'"),
    ],
)
def test_what_cannot_be_begun_with_is_refused(
    earlier: dict[str, TrainResult], workspace: Workspace, changed: dict[str, Any], error: type[Exception], words: str
) -> None:
    asked = {"warm_start": earlier["late"].version.reference, **changed}
    training = Training(warm_start=asked.pop("warm_start"))
    model = asked.pop("model", Model(options=asked.pop("options", {})))
    spec = Spec(data="f", label="late", model=model, training=training, **asked)
    with pytest.raises(error, match=words):
        train(spec, workspace=workspace, frame=BEFORE.select([*COLUMNS, "late"]))


def test_what_the_spec_alone_has_wrong_is_told_before_its_data_are_looked_at(
    earlier: dict[str, TrainResult], workspace: Workspace
) -> None:
    training = Training(warm_start=earlier["late"].version.reference)
    for options, words in (({"hidden_units": [5]}, "whose hidden_units is another"), ({"dept": 3}, "no option 'dept'")):
        spec = Spec(data="nowhere.csv", label="late", model=Model(options=options), training=training)
        with pytest.raises(SpecError, match=words):
            train(spec, workspace=workspace)


def test_rows_that_the_earlier_model_cannot_read_are_refused(
    earlier: dict[str, TrainResult], workspace: Workspace
) -> None:
    reference = earlier["grade"].version.reference
    rows = BEFORE.set_column(BEFORE.column_names.index("grade"), "grade", pa.array(["x", "y"] * 1_500))
    with pytest.raises(DataError, match="classes that grade@1 does not know"):
        fit(workspace, rows, "grade", warm_start=reference)
    text = BEFORE.set_column(1, "x1", BEFORE["x1"].cast(pa.string()))
    with pytest.raises((DataError, SpecError), match="x1"):
        fit(workspace, text, "grade", warm_start=reference)


def test_a_bundle_without_parameters_is_refused(workspace: Workspace, earlier: dict[str, TrainResult]) -> None:
    folder = workspace.root / "bare"
    folder.mkdir()
    manifest = msgspec.json.decode((earlier["late"].bundle / MANIFEST_NAME).read_bytes())
    manifest["files"] = {name: entry for name, entry in manifest["files"].items() if name[:10] != "parameters"}
    for name in manifest["files"]:
        (folder / name).write_bytes((earlier["late"].bundle / name).read_bytes())
    (folder / MANIFEST_NAME).write_bytes(msgspec.json.encode(manifest))
    with pytest.raises(BundleError, match="left no parameters to begin with"):
        fit(workspace, BEFORE, "late", warm_start=str(folder))


def test_it_is_part_of_what_a_run_is_known_by(
    earlier: dict[str, TrainResult], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[str] = []
    run_key = module_of_train.run_key

    def noted(*arguments: Any) -> str:
        keys.append(run_key(*arguments))
        return keys[-1]

    monkeypatch.setattr(module_of_train, "run_key", noted)
    reference = earlier["late"].version.reference
    for begins_with in (reference, reference, WarmStartOptions(model=reference, transform="refit"), None):
        fit(workspace, BEFORE, "late", warm_start=begins_with, options={"max_iterations": 1})
    often = {"checkpoint": CheckpointPolicy(every_seconds=1.0, keep=3)}
    fit(workspace, BEFORE, "late", warm_start=reference, options={"max_iterations": 1}, training=often)
    assert keys[0] == keys[1] == keys[4]
    assert len(set(keys)) == 3


def test_rows_that_the_earlier_model_may_have_learnt_from_are_told() -> None:
    def begun(earlier: Spec) -> Beginning:
        return Beginning(reference="late@1", digest="", spec=earlier, transform=None, classes=(), parameters={})  # type: ignore[arg-type]

    spec = Spec(data="f.csv", label="y")
    assert warm_start_notes(spec, None) == []
    assert warm_start_notes(spec, begun(spec)) == []
    (said,) = warm_start_notes(spec, begun(msgspec.structs.replace(spec, split=Split(seed=1))))
    assert "it began with late@1, whose split is another" in said
