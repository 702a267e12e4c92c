"""Row weights, downsampling and class weights, from the spec to the probabilities that a bundle answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression

from hagane.bundle.bundle import Bundle
from hagane.data.column_data import columns_data
from hagane.data.open_table import open_table
from hagane.errors import DataError, SpecError, TrainingError
from hagane.metrics.calibration import reliability_bins
from hagane.spec.spec import Downsample, Model, Spec, Split, Training
from hagane.workflow.train import TrainResult, train
from hagane.workflow.write_report import lineage_of, write_html
from hagane.workspace.workspace import Workspace

FAMILIES = ("logistic_reg", "boosted_tree_classifier")


@pytest.fixture(scope="module")
def rare() -> pa.Table:
    """6,000 rows, 6 % of them `yes`, more often where x is large."""
    random = np.random.default_rng(5)
    n = 6_000
    x, kind = random.normal(size=n), random.choice(["a", "b", "c"], n)
    chance = 1 / (1 + np.exp(-(1.5 * x + (kind == "c") - 4)))
    good = random.random(n) < chance
    weight = np.where(random.random(n) < 0.5, 3.0, 1.0)
    return pa.table({"x": x, "kind": kind, "w": weight, "y": np.where(good, "yes", "no")})


def fit(
    data: pa.Table, workspace: Workspace, *, family: str = "logistic_reg", split: Split | None = None, **training: Any
) -> TrainResult:
    spec = Spec(
        data="(a frame)", label="y", name="m", split=split or Split(test_fraction=0.3), model=Model(type=family),
        transform={"x": "ML.STANDARD_SCALER(x) OVER ()", "kind": "ML.ONE_HOT_ENCODER(kind) OVER ()"},
        training=Training(**training),
    )  # fmt: skip
    return train(spec, workspace=workspace, frame=data)


def positive(result: TrainResult, rows: pa.Table) -> np.ndarray:
    """The probability of the positive class [n] by the bundle."""
    bundle = Bundle.load(result.bundle)
    schema = open_table(rows).schema.select(bundle.signature.names)
    (batch,) = rows.combine_chunks().to_batches()
    predictions = bundle.predict_columns(columns_data(batch, schema))
    assert predictions.probabilities is not None
    return np.asarray(predictions.probabilities[:, 1])


@pytest.mark.parametrize("family", FAMILIES)
def test_downsampled_rows_weigh_so_much_that_probabilities_stay_those_of_the_data(
    family: str, rare: pa.Table, workspace: Workspace
) -> None:
    rate = float(np.mean(rare["y"].to_numpy(zero_copy_only=False) == "yes"))
    thinned = fit(rare, workspace, family=family, downsample=Downsample(rate=0.2))
    balanced = fit(rare, workspace, family=family, auto_class_weights=True)
    calibrated, moved = positive(thinned, rare).mean(), positive(balanced, rare).mean()
    assert abs(calibrated - rate) < 0.25 * rate
    assert moved > 3 * rate
    assert thinned.split_counts == balanced.split_counts
    assert thinned.evaluation.num_rows == thinned.split_counts["test"]


@pytest.mark.slow
def test_bank_marketing(shared_data: Path, workspace: Workspace) -> None:
    """11.7 % of the clients say yes. Without its leak (`duration`), the same model with and without correction."""
    query = f"SELECT * FROM read_csv('{shared_data}/bank_marketing/bank-full.csv', delim = ';', nullstr = 'unknown')"
    spec = Spec(
        data=query,
        label="y",
        exclude=("duration",),
        split=Split(test_fraction=0.3, stratify=True),
        model=Model(type="logistic_reg", options={"max_iterations": 100}),
    )
    errors, aucs, rates = {}, {}, {}
    rows = open_table(query).query("SELECT * EXCLUDE (duration) FROM data")
    label = np.asarray(rows["y"].to_pylist(), bool)
    ways = {
        "all": Training(),
        "downsample": Training(downsample=Downsample(ratio=1.0)),
        "weights": Training(auto_class_weights=True),
    }
    for name, training in ways.items():
        result = train(msgspec.structs.replace(spec, training=training), workspace=workspace)
        probabilities = positive(result, rows)
        errors[name] = reliability_bins(label, probabilities).expected_calibration_error
        aucs[name], rates[name] = result.evaluation.metrics["roc_auc"], float(probabilities.mean())
    assert min(aucs.values()) > 0.75
    assert abs(aucs["downsample"] - aucs["all"]) < 0.02
    assert abs(rates["downsample"] - label.mean()) < 0.01
    assert errors["downsample"] < 0.02
    assert rates["weights"] > 2 * label.mean()
    assert errors["weights"] > 0.15


def test_a_stratified_split_of_the_label(rare: pa.Table, workspace: Workspace) -> None:
    result = fit(rare, workspace, split=Split(eval_fraction=0.2, test_fraction=0.2, stratify=True))
    num_yes = int(np.sum(rare["y"].to_numpy(zero_copy_only=False) == "yes"))
    assert result.evaluation.metrics is not None
    matrix = np.array(result.evaluation.confusion_matrix)
    assert matrix[1].sum() == round(0.2 * num_yes)
    assert result.spec.split.stratify is True
    assert "stratified by y" in lineage_of(Bundle.load(result.bundle)).split


@pytest.mark.parametrize("given", [{"auto_class_weights": True}, {"class_weights": {"no": 0.5, "yes": 9.0}}])
def test_class_weights_are_scikit_learns(given: dict[str, Any], rare: pa.Table, workspace: Workspace) -> None:
    result = fit(rare, workspace, split=Split(method="none"), **given)
    label = rare["y"].to_numpy(zero_copy_only=False) == "yes"
    weights = {False: 0.5, True: 9.0} if "class_weights" in given else "balanced"
    x = (rare["x"].to_numpy() - rare["x"].to_numpy().mean()) / rare["x"].to_numpy().std()
    kinds = (rare["kind"].to_numpy(zero_copy_only=False)[:, None] == np.array(["a", "b", "c"])).astype(float)
    oracle = LogisticRegression(class_weight=weights, tol=1e-10, max_iter=10_000)
    oracle.fit(np.column_stack([x, kinds]), label)
    expected = oracle.predict_proba(np.column_stack([x, kinds]))[:, 1]
    assert np.abs(positive(result, rare) - expected).max() < 1e-4
    told = lineage_of(Bundle.load(result.bundle)).row_weights
    balanced = len(label) / (2 * np.array([np.sum(~label), np.sum(label)]))
    assert list(told.classes.values()) == pytest.approx([0.5, 9.0] if "class_weights" in given else balanced)


@pytest.mark.parametrize("family", ["logistic_reg", "boosted_tree_classifier"])
def test_a_weight_column_is_no_feature_and_weighs_the_rows(family: str, rare: pa.Table, workspace: Workspace) -> None:
    options = {"max_iterations": 20}
    automatic = Spec(
        data="(a frame)", label="y", split=Split(method="none"), model=Model(type=family, options=options),
        training=Training(weight_column="w"),
    )  # fmt: skip
    weighted = train(automatic, workspace=workspace, frame=rare)
    assert weighted.spec.transform is not None
    assert set(weighted.spec.transform) == {"x", "kind"}
    assert "w" not in Bundle.load(weighted.bundle).signature.names
    assert any("'w'" in note for note in weighted.notes)


def test_a_weight_of_three_is_a_row_three_times(rare: pa.Table, workspace: Workspace) -> None:
    weights = rare["w"].to_numpy().astype(int)
    repeated = rare.take(pa.array(np.repeat(np.arange(len(rare)), weights)))
    spec = Spec(
        data="(a frame)", label="y", split=Split(method="none"), model=Model(type="logistic_reg"),
        transform={"x": "x", "kind": "ML.ONE_HOT_ENCODER(kind) OVER ()"},
    )  # fmt: skip
    weighted = msgspec.structs.replace(spec, training=Training(weight_column="w"))
    one, other = train(weighted, workspace=workspace, frame=rare), train(spec, workspace=workspace, frame=repeated)
    assert np.abs(positive(one, rare) - positive(other, rare)).max() < 1e-6


def test_what_was_done_is_told(rare: pa.Table, workspace: Workspace, tmp_path: Path) -> None:
    result = fit(rare, workspace, downsample=Downsample(ratio=1.0))
    (note,) = [note for note in result.notes if "training rows with y = no" in note]
    assert "each counting" in note
    assert "probabilities stay those of the data" in note
    write_html(result.evaluation, "m", tmp_path / "report.html", workspace=workspace)
    page = (tmp_path / "report.html").read_text()
    assert "each counting" in page
    trees = fit(rare, workspace, family="boosted_tree_classifier", downsample=Downsample(ratio=1.0))
    (note,) = [note for note in trees.notes if "training rows with y = no" in note]
    assert "is added to the log odds of no, so probabilities stay those of the data" in note
    assert "each counting" not in note
    assert list(lineage_of(Bundle.load(trees.bundle)).row_weights.describe()) == [note]
    weighted = fit(rare, workspace, class_weights={"no": 1, "yes": 4})
    assert any("weigh by class (no 1, yes 4)" in note for note in weighted.notes)


def test_a_second_rate_encodes_the_training_rows_alone(rare: pa.Table, workspace: Workspace) -> None:
    """Eval and test have the same rows whatever is left out of training."""
    first = fit(rare, workspace, downsample=Downsample(rate=0.5))
    again = fit(rare, workspace, downsample=Downsample(rate=0.5))
    other = fit(rare, workspace, downsample=Downsample(rate=0.1))
    assert positive(first, rare).tobytes() == positive(again, rare).tobytes()
    assert positive(first, rare).tobytes() != positive(other, rare).tobytes()


@pytest.mark.parametrize(
    ("training", "where", "what"),
    [
        ({"class_weights": {"no": 1, "yess": 2}}, "training.class_weights.yess", "no class 'yess'"),
        ({"class_weights": {"no": 1}}, "training.class_weights", "leaves classes out: yes"),
        ({"weight_column": "ww"}, "training.weight_column", "no column 'ww'"),
        ({"weight_column": "kind"}, "training.weight_column", "cannot weigh rows"),
    ],
)
def test_faults(training: dict[str, Any], where: str, what: str, rare: pa.Table, workspace: Workspace) -> None:
    with pytest.raises(SpecError) as raised:
        fit(rare, workspace, **training)
    assert where in {fault.where for fault in raised.value.faults}
    assert any(what in fault.what for fault in raised.value.faults)


def test_a_regression_has_no_classes_to_weigh(rare: pa.Table, workspace: Workspace) -> None:
    for training in (Training(auto_class_weights=True), Training(downsample=Downsample(rate=0.5))):
        spec = Spec(data="(a frame)", label="x", model=Model(type="linear_reg"), training=training)
        with pytest.raises(SpecError, match="needs classes"):
            train(spec, workspace=workspace, frame=rare)


def test_a_feature_may_not_read_the_weight(rare: pa.Table, workspace: Workspace) -> None:
    spec = Spec(data="(a frame)", label="y", transform={"w2": "w * 2"}, training=Training(weight_column="w"))
    with pytest.raises(SpecError, match="the weight column, 'w'"):
        train(spec, workspace=workspace, frame=rare)


def test_weights_that_are_none(rare: pa.Table, workspace: Workspace) -> None:
    def with_weights(values: Any) -> pa.Table:
        return rare.set_column(2, "w", pa.array(values, pa.float64()))

    n = len(rare)
    with pytest.raises(DataError, match="no usable weight"):
        fit(with_weights([None] + [1.0] * (n - 1)), workspace, weight_column="w")
    with pytest.raises(DataError, match="no usable weight"):
        fit(with_weights([-1.0] + [1.0] * (n - 1)), workspace, weight_column="w")
    with pytest.raises(TrainingError, match="weigh 0"):
        fit(with_weights([0.0] * n), workspace, weight_column="w")
