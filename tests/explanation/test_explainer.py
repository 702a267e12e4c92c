"""Whole bundles that explain themselves, family by family, beside what shares no code with them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pyarrow.compute
import pytest

from hagane.bundle.bundle import Bundle
from hagane.bundle.write_bundle import write_bundle
from hagane.errors import BundleError, RequestError
from hagane.explanation.explainer import Explainer, output_place
from hagane.explanation.explanation_facts import FACTS_NAME, PART_NAME
from hagane.explanation.explanations import Explanations
from hagane.explanation.tensor_file import read_tensors
from hagane.explanation.wanted import Wanted
from hagane.models.parameter_file import FILE
from hagane.runtime.layout import ColumnData
from hagane.spec.calibration import Calibration
from hagane.spec.spec import Model, Spec
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

TREES = {"max_iterations": 20}
FOREST = {"num_parallel_tree": 15}
CROSSED = {
    "s": "x + k",
    "c": "ML.FEATURE_CROSS(STRUCT(job, words))",
    "x": "x",
    "job": "job",
    "w": "ML.NGRAMS(SPLIT(words, ' '), [1, 2])",
}
Case = tuple[str, str, dict[str, Any], dict[str, Any]]
CASES: dict[str, Case] = {
    "boosted, two classes": ("boosted_tree_classifier", "good", TREES, {}),
    "boosted, three classes": ("boosted_tree_classifier", "grade", TREES, {}),
    "boosted, a number": ("boosted_tree_regressor", "value", TREES, {"transform": CROSSED}),
    "dart": ("boosted_tree_regressor", "value", {**TREES, "booster_type": "dart"}, {}),
    "forest, two classes": ("random_forest_classifier", "good", FOREST, {}),
    "forest, three classes": ("random_forest_classifier", "grade", FOREST, {}),
    "linear": ("linear_reg", "value", {}, {"transform": CROSSED}),
    "logistic": ("logistic_reg", "good", {}, {"transform": CROSSED}),
    "logistic, three classes": ("logistic_reg", "grade", {}, {}),
    "calibrated by Platt": ("boosted_tree_classifier", "good", TREES, {"calibration": Calibration(method="platt")}),
    "calibrated, three classes": (
        "boosted_tree_classifier", "grade", TREES, {"calibration": Calibration(method="isotonic")}
    ),
}  # fmt: skip
NETWORK = {"max_iterations": 3, "hidden_units": [16, 8], "learn_rate": 0.01}
TABNET = {"max_iterations": 3, "n_d": 8, "n_a": 8, "num_steps": 2}
OWN = {"module": "own_torch_modules:Mixed", "max_iterations": 2}
NETWORKS: dict[str, Case] = {
    "dnn, two classes": ("dnn_classifier", "good", {**NETWORK, "activation_fn": "tanh"}, {"transform": CROSSED}),
    "dnn, three classes": ("dnn_classifier", "grade", NETWORK, {}),
    "dnn, a number": ("dnn_regressor", "value", {**NETWORK, "activation_fn": "selu", "batch_norm": True}, {}),
    "wide and deep, a number": ("dnn_linear_combined_regressor", "value", NETWORK, {"transform": CROSSED}),
    "wide and deep, three classes": ("dnn_linear_combined_classifier", "grade", NETWORK, {}),
    "tabnet": ("tabnet_classifier", "good", TABNET, {}),
    "torch, two classes": ("torch_classifier", "good", OWN, {}),
    "torch, a number": ("torch_regressor", "value", OWN, {"transform": CROSSED}),
}
CASES |= NETWORKS
Fit = Callable[..., Bundle]
Read = Callable[[Bundle], dict[str, ColumnData]]


@pytest.fixture(params=[pytest.param(n, marks=[pytest.mark.slow] if n.startswith("torch") else []) for n in CASES])
def bundle(request: pytest.FixtureRequest, fitted: Fit, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "models"))
    family, label, options, sections = CASES[request.param]
    return fitted(family, label, options=options, **sections)


def predicted(found: Explanations) -> np.ndarray:
    """[n, q] what the model answers, by its predictions alone."""
    answers = found.predictions
    if answers.probabilities is None:
        assert answers.values is not None
        return answers.values[:, None]
    return np.take_along_axis(answers.probabilities, found.outputs, axis=1)


def test_attributions_add_up_in_either_space(bundle: Bundle, columns_of: Read) -> None:
    explainer, columns = Explainer.load(bundle), columns_of(bundle)
    for space in ("raw", "output"):
        found = explainer.explain_columns(columns, Wanted(space))
        added = np.abs(found.attributions).sum(axis=2)
        exact = explainer.facts.method != "integrated_gradients"
        assert (found.errors <= (1e-9 if exact else 1e-2 * added + 1e-3)).all()
        total = found.baselines + found.attributions.sum(axis=2)
        np.testing.assert_allclose(np.abs(total - found.values), found.errors, atol=1e-12)
        assert np.abs(found.attributions).sum() > 0
    np.testing.assert_allclose(found.values, predicted(found), rtol=1e-12 if exact else 1e-6)
    expected = bundle.predict_columns(columns)
    assert found.predictions.rows() == expected.rows()


def test_a_row_does_not_depend_on_its_batch(bundle: Bundle, columns_of: Read) -> None:
    explainer, columns = Explainer.load(bundle), columns_of(bundle)
    for space in ("raw", "output"):
        whole = explainer.explain_columns(columns, Wanted(space))
        for size in (0, 1, 2, 7, 300):
            rows = {name: column.slice(5, 5 + size) for name, column in columns.items()}
            part = explainer.explain_columns(rows, Wanted(space))
            assert np.array_equal(part.attributions, whole.attributions[5 : 5 + size])
            assert np.array_equal(part.baselines, whole.baselines[5 : 5 + size])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "note"),
    [
        ("Jumps", "the model's answers jump, so that its gradients do not add up to them"),
        ("Gated", "there is no gradient of aten._to_copy of several features at once"),
    ],
)
def test_a_module_without_a_gradient_is_explained_by_its_answers(
    module: str, note: str, fitted: Fit, columns_of: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "models"))
    options = {"module": f"torch_architectures:{module}", "max_iterations": 2}
    bundle = fitted("torch_regressor", "value", options=options)
    explainer = Explainer.load(bundle)
    assert explainer.facts.method == "sampled_shapley"
    assert note in explainer.facts.note
    found = explainer.explain_columns(columns_of(bundle))
    assert found.errors.max() < 1e-9 * np.abs(found.attributions).sum()
    assert np.abs(found.attributions).max() > 0


def test_the_classes_of_two_are_opposites(fitted: Fit, columns_of: Read) -> None:
    bundle = fitted("boosted_tree_classifier", "good", options=TREES)
    explainer, columns = Explainer.load(bundle), columns_of(bundle)
    for space, whole in (("raw", 0.0), ("output", 1.0)):
        found = explainer.explain_columns(columns, Wanted(space, (0, 1)))
        np.testing.assert_allclose(found.attributions[:, 0], -found.attributions[:, 1], atol=1e-12)
        np.testing.assert_allclose(found.values.sum(axis=1), whole, atol=1e-12)
        np.testing.assert_allclose(found.baselines.sum(axis=1), whole, atol=1e-12)


def test_probabilities_of_all_classes_leave_nothing(fitted: Fit, columns_of: Read) -> None:
    """What one class gains the others lose: a column's attributions to all probabilities are 0 together."""
    bundle = fitted("logistic_reg", "grade")
    found = Explainer.load(bundle).explain_columns(columns_of(bundle), Wanted("output", top_classes=-1))
    assert found.outputs.shape[1] == 3
    assert (np.diff(predicted(found), axis=1) <= 0).all()
    np.testing.assert_allclose(found.attributions.sum(axis=1), 0.0, atol=1e-8)


def test_trees_are_lightgbms_own(fitted: Fit, columns_of: Read) -> None:
    """Columns and features are one to one here; the trees are read from the file that a warm start begins with."""
    bundle = fitted("boosted_tree_classifier", "grade", options=TREES)
    columns = columns_of(bundle)
    text = read_tensors(bundle.document(FILE), FILE)["trees"].tobytes().decode("ascii")
    features = bundle.features(columns)
    matrix = np.concatenate([features[name] for name in ("dense", "ids") if name in features], axis=1)
    expected = lgb.Booster(model_str=text).predict(matrix, pred_contrib=True).reshape(len(matrix), 3, -1)
    explainer = Explainer.load(bundle)
    found = explainer.explain_columns(columns, Wanted("raw", (0, 1, 2)))
    names = [feature.columns[0] for feature in explainer.facts.features]
    order = [names.index(name) for name in found.columns]
    np.testing.assert_allclose(found.attributions, expected[:, :, order], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found.baselines, expected[:, :, -1], rtol=1e-9)


@pytest.mark.parametrize("name", ["dnn, two classes", "wide and deep, a number"])
def test_integrated_gradients_are_torchs(name: str, fitted: Fit, columns_of: Read) -> None:
    """Beside autograd's gradients at 4,000 points of the way, through the gradient's own graph of raw scores."""
    family, label, options, sections = NETWORKS[name]
    bundle = fitted(family, label, options=options, **sections)
    explainer = Explainer.load(bundle)
    rows = {each: column.slice(0, 20) for each, column in columns_of(bundle).items()}
    columns, _ = explainer.columns_of(rows)
    baseline, _ = explainer.columns_of({each: column.slice(20, 21) for each, column in columns_of(bundle).items()})
    attributed = explainer.attributor(0).attribute(columns, baseline[0])
    session = explainer.attributor(0)._session  # type: ignore[attr-defined]
    seed = np.eye(explainer.facts.num_raw)[:1]
    step, points = 1e-6, (np.arange(4_000) + 0.5) / 4_000
    for row, found in zip(columns[:4], attributed.attributions, strict=False):
        way = baseline[0] + points[:, None] * (row - baseline[0])
        gradients = session.run({"columns": way, "seed": np.tile(seed, (4_000, 1))}, ["gradient"])["gradient"]
        np.testing.assert_allclose(found, (row - baseline[0]) * gradients.mean(axis=0), atol=2e-3 * np.abs(found).sum())
        middle, moved = way[2_000:2_001], np.eye(len(row)) * step
        ends = [explainer.attributor(0).scores(middle + sign * moved) for sign in (1, -1)]
        differences = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(gradients[2_000], differences, atol=1e-5 * (1 + np.abs(differences).max()))


def test_several_labels_are_explained_each(people: pa.Table, columns_of: Read, tmp_path: Path) -> None:
    label = ("value", "x")
    spec = Spec(data="people", name="m", label=label, exclude=("good", "grade"),
                model=Model(type="dnn_regressor", options=NETWORK))  # fmt: skip
    kept = people.filter(pa.compute.is_valid(people["x"]))
    bundle = Bundle.load(train(spec, workspace=Workspace(tmp_path), frame=kept).bundle)
    found = Explainer.load(bundle).explain_columns(columns_of(bundle))
    assert found.outputs[0].tolist() == [0, 1]
    assert found.predictions.values is not None
    np.testing.assert_allclose(found.values, found.predictions.values, rtol=1e-9)
    assert (found.errors <= 1e-2 * np.abs(found.attributions).sum(axis=2) + 1e-3).all()
    assert [each["output"] for each in found.rows()[0]["explanations"]] == ["value", "x"]


def test_linear_terms_are_weights_times_distance(fitted: Fit, columns_of: Read) -> None:
    """A change of one column alone moves the prediction by exactly its attribution."""
    bundle = fitted("linear_reg", "value", transform=CROSSED)
    explainer = Explainer.load(bundle)
    baseline = explainer.facts.baseline
    changed = {**baseline, "k": 4, "x": 1.25}
    found = explainer.explain([changed])
    alone = [bundle.predict([{**baseline, name: changed[name]}]).values for name in ("x", "k")]
    at = bundle.predict([baseline]).values
    assert at is not None
    for name, moved in zip(("x", "k"), alone, strict=True):
        assert moved is not None
        place = found.columns.index(name)
        np.testing.assert_allclose(found.attributions[0, 0, place], (moved - at)[0], rtol=1e-9)
    assert found.attributions[0, 0, found.columns.index("job")] == 0.0
    np.testing.assert_allclose(found.baselines[0, 0], at[0], rtol=1e-12)


def test_another_baseline(fitted: Fit) -> None:
    bundle = fitted("linear_reg", "value", transform=CROSSED)
    explainer = Explainer.load(bundle)
    row = {"x": 1.0, "k": 2, "job": "pilot", "words": "a b c"}
    found = explainer.explain([row], baseline={"x": 1.0, "k": 2})
    assert found.attributions[0, 0, [found.columns.index(name) for name in ("x", "k")]].tolist() == [0.0, 0.0]
    itself = explainer.explain([row], baseline=row)
    assert not itself.attributions.any()
    with pytest.raises(RequestError, match="nowhere"):
        explainer.explain([row], baseline={"nowhere": 1})


def test_trees_take_no_baseline_row(fitted: Fit) -> None:
    explainer = Explainer.load(fitted("boosted_tree_classifier", "good", options=TREES))
    with pytest.raises(RequestError, match="beside the mean of their training rows"):
        explainer.explain([{}], baseline={"x": 1.0})


def test_rows_are_told_like_explain_predict(fitted: Fit) -> None:
    bundle = fitted("boosted_tree_classifier", "grade", options=TREES)
    (row,) = Explainer.load(bundle).explain([{"x": 2.0, "k": 5, "job": "pilot"}]).rows(top_k=2)
    assert [*row][:2] == ["predicted_grade", "predicted_grade_probs"]
    assert [*row][2:] == ["output", "top_feature_attributions", "baseline_prediction_value", "prediction_value",
                          "approximation_error"]  # fmt: skip
    told = row["top_feature_attributions"]
    assert len(told) == 2
    assert abs(told[0]["attribution"]) >= abs(told[1]["attribution"])
    assert row["output"] == row["predicted_grade"]


def test_outputs_that_there_are_not(fitted: Fit) -> None:
    bundle = fitted("boosted_tree_classifier", "grade", options=TREES)
    explainer = Explainer.load(bundle)
    assert output_place(bundle, "mid") == 1
    with pytest.raises(RequestError, match="did you mean: mid"):
        output_place(bundle, "midd")
    for wanted in (Wanted(outputs=(3,)), Wanted(outputs=(-1,)), Wanted(top_classes=0)):
        with pytest.raises(RequestError):
            explainer.explain([{}], wanted)
    with pytest.raises(RequestError, match="'agee' is not a column"):
        explainer.explain([{"agee": 1}])


def test_a_bundle_of_before_serves_and_says_what_it_lacks(fitted: Fit, tmp_path: Path) -> None:
    new = fitted("boosted_tree_classifier", "good", options=TREES)
    old = Bundle.load(
        write_bundle(tmp_path / "old", model=new.document("model.onnx"), signature=new.signature, documents={})
    )
    assert old.predict([{}]).rows() == new.predict([{}]).rows()
    with pytest.raises(BundleError, match="train it again"):
        Explainer.load(old)


@pytest.mark.parametrize(
    ("name", "content"),
    [(FACTS_NAME, b"{"), (FACTS_NAME, b'{"method": "prayer"}'), (PART_NAME, b"\xff" * 40), (PART_NAME, b""),
     ("explanation.safetensors", b"12345"), ("explanation_link.onnx", b"")],
)  # fmt: skip
def test_a_bundle_that_does_not_fit_is_refused(name: str, content: bytes, fitted: Fit, tmp_path: Path) -> None:
    """Whole by its manifest, yet not what Hagane writes: a stranger's."""
    good = fitted("boosted_tree_classifier", "good", options=TREES)
    documents = {each: good.document(each) for each in good.manifest.files if each.startswith("explanation")}
    folder = write_bundle(
        tmp_path / "odd",
        model=good.document("model.onnx"),
        signature=good.signature,
        documents={**documents, name: content},
    )
    with pytest.raises(BundleError):
        Explainer.load(Bundle.load(folder)).explain([{}])


def test_serving_needs_neither_torch_nor_lightgbm_for_it(fitted: Fit, tmp_path: Path) -> None:
    bundle = fitted("boosted_tree_classifier", "good", options=TREES)
    folder = tmp_path / "moved"
    shutil.copytree(bundle.folder, folder)
    script = (
        "import sys\n"
        "from hagane.bundle.bundle import Bundle\n"
        "from hagane.explanation.explainer import Explainer\n"
        f"print(len(Explainer.load(Bundle.load({str(folder)!r})).explain([{{}}]).rows()))\n"
        "print(sorted({'torch', 'lightgbm', 'duckdb', 'onnx', 'scipy', 'safetensors', 'pyarrow', 'sqlglot'}"
        " & set(sys.modules)))\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.split("\n")[:2] == ["1", "[]"]
