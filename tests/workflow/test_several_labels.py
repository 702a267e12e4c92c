"""Several labels at once: truth values and numbers, through training, graph, evaluation, prediction and server."""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn import metrics as sklearn_metrics

from hagane.bundle.bundle import Bundle
from hagane.data.column_data import columns_data
from hagane.errors import DataError, SpecError
from hagane.fronts.python import TrainedModel
from hagane.models import SEVERAL_LABELS
from hagane.serving import ServerThread
from hagane.spec.calibration import Calibration
from hagane.spec.intervals import Intervals
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Downsample, Evaluation, Model, Spec, Split, Training
from hagane.spec.strategy import Strategy
from hagane.types import Column, Schema
from hagane.workflow.compare import compare_models
from hagane.workflow.evaluate import evaluate_model
from hagane.workflow.init import init
from hagane.workflow.predict import predict_file
from hagane.workflow.train import TrainResult, train
from hagane.workflow.write_report import write_html, write_plots
from hagane.workspace.workspace import Workspace

sys.path.append(str(Path(__file__).parents[1] / "models"))
TRUTHS, NUMBERS = ("fog", "rain", "wind"), ("level", "price")
FEATURES = ("x", "y", "job")
OPTIONS = {
    "torch_classifier": {"module": "own_torch_modules:Mixed", "learn_rate": 0.01},
    "torch_regressor": {"module": "own_torch_modules:Mixed", "learn_rate": 0.01},
    "tabnet_classifier": {"batch_size": 32, "learn_rate": 0.02},
    "tabnet_regressor": {"batch_size": 32, "learn_rate": 0.02},
}


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    """Three truth values as BOOL, 0/1 of INT64 and of FLOAT64 with holes, two numbers of very different units."""
    random = np.random.default_rng(3)
    n = 1_200
    x, y, job = random.normal(size=n), random.normal(size=n), np.array(["a", "b", "c"])[random.integers(0, 3, n)]
    noise = random.normal(scale=0.3, size=(n, 3))
    return pa.table(
        {
            "x": x,
            "y": y,
            "job": job,
            "fog": x + noise[:, 0] > 0.5,
            "rain": (y + (job == "a") + noise[:, 1] > 0.3).astype(np.int64),
            "wind": pa.array((x - y + noise[:, 2] > 0).astype(np.float64), mask=np.arange(n) % 50 == 7),
            "level": 3 * x + 1 + noise[:, 0],
            "price": 1e6 * (y - x + 0.3 * noise[:, 1] + (job == "b")) + 5e6,
        }
    )


def fit(rows: pa.Table, label: tuple[str, ...], workspace: Workspace, family: str, **more: object) -> TrainResult:
    options = {"max_iterations": 4} | OPTIONS.get(family, {}) | dict(more.pop("options", {}))  # type: ignore[call-overload]
    spec = Spec(data="(a frame)", label=label, model=Model(type=family, options=options), **more)
    return train(spec, workspace=workspace, frame=rows.select([*FEATURES, *label]))


@pytest.fixture(scope="module")
def trained(rows: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[TrainResult, Bundle]]:
    workspace = Workspace(tmp_path_factory.mktemp("several"))
    found = {
        "truths": fit(rows, TRUTHS, workspace, "dnn_classifier", options={"max_iterations": 8}),
        "numbers": fit(rows, NUMBERS, workspace, "dnn_regressor", options={"max_iterations": 8}),
    }
    return {name: (result, Bundle.load(result.bundle)) for name, result in found.items()}


@pytest.mark.parametrize(
    "family",
    [
        pytest.param(name, marks=pytest.mark.slow if name.startswith(("torch", "tabnet")) else ())
        for name in SEVERAL_LABELS
        if not name.startswith("dnn_c")
    ],
)
def test_every_family_learns_each_label(rows: pa.Table, workspace: Workspace, family: str) -> None:
    result = fit(rows, TRUTHS if "classifier" in family else NUMBERS, workspace, family)
    for one in result.evaluation.labels:
        metric, least = ("roc_auc", 0.75) if "classifier" in family else ("r2_score", 0.3)
        value = one.evaluation.metrics[metric]
        assert (value or 0) > least, (one.name, value)
    assert result.model.predict is not None
    assert set(result.model.importance()) == set(FEATURES)


def test_the_evaluation_is_that_of_scikit_learn(
    rows: pa.Table, trained: dict[str, tuple[TrainResult, Bundle]], tmp_path: Path
) -> None:
    pq.write_table(rows, tmp_path / "rows.parquet")
    found = {name: TrainedModel(bundle, Workspace(tmp_path)).predict(rows) for name, (_, bundle) in trained.items()}

    known = np.flatnonzero(rows["wind"].is_valid().to_numpy())
    labels = np.column_stack([rows[name].cast(pa.float64()).to_numpy()[known].astype(int) for name in TRUTHS])
    answers = np.column_stack([found["truths"][f"predicted_{n}"].cast(pa.int64()).to_numpy()[known] for n in TRUTHS])
    scores = np.column_stack([_true_share(found["truths"][f"predicted_{n}_probs"])[known] for n in TRUTHS])
    report = evaluate_model(trained["truths"][1].folder, data=rows, workspace=Workspace(tmp_path))
    assert (report.kind, report.num_rows, report.num_null_labels) == ("multi_label", len(known), 24)
    expected = {
        "hamming_loss": sklearn_metrics.hamming_loss(labels, answers),
        "subset_accuracy": sklearn_metrics.accuracy_score(labels, answers),
        "roc_auc": sklearn_metrics.roc_auc_score(labels, scores, average="macro"),
        "pr_auc": sklearn_metrics.average_precision_score(labels, scores, average="macro"),
        "f1_score": sklearn_metrics.f1_score(labels, answers, average="macro"),
        "log_loss": np.mean([sklearn_metrics.log_loss(labels[:, k], scores[:, k]) for k in range(3)]),
    }
    assert report.metrics == pytest.approx(expected, rel=1e-9)
    usual = np.broadcast_to(labels.mean(axis=0) > 0.5, labels.shape)
    assert report.baseline["hamming_loss"] == pytest.approx(sklearn_metrics.hamming_loss(labels, usual))
    assert report.baseline["subset_accuracy"] == pytest.approx(sklearn_metrics.accuracy_score(labels, usual))

    report = evaluate_model(trained["numbers"][1].folder, data=rows, workspace=Workspace(tmp_path))
    labels = np.column_stack([rows[name].to_numpy() for name in NUMBERS])
    answers = np.column_stack([found["numbers"][f"predicted_{name}"].to_numpy() for name in NUMBERS])
    assert report.kind == "multivariate"
    assert report.metrics == pytest.approx(
        {
            "r2_score": sklearn_metrics.r2_score(labels, answers, multioutput="uniform_average"),
            "root_mean_squared_error": np.mean(
                sklearn_metrics.root_mean_squared_error(labels, answers, multioutput="raw_values")
            ),
            "mean_absolute_error": sklearn_metrics.mean_absolute_error(labels, answers),
        },
        rel=1e-9,
    )


def _true_share(column: pa.ChunkedArray) -> np.ndarray:
    """The probability of the second class of each row."""
    return np.array([pair["prob"] for pairs in column.to_pylist() for pair in pairs if pair["label"] in (True, 1)])


def test_each_label_is_evaluated_as_if_it_were_the_only_one(trained: dict[str, tuple[TrainResult, Bundle]]) -> None:
    evaluation = trained["truths"][0].evaluation
    assert [one.name for one in evaluation.labels] == list(TRUTHS)
    fog, rain, wind = (one.evaluation for one in evaluation.labels)
    assert (fog.classes, rain.classes, wind.classes) == ((False, True), (0, 1), (0, 1))
    assert all([fog.confusion_matrix, fog.roc_curve, fog.threshold_table, fog.confidence])
    assert sum(map(sum, fog.confusion_matrix)) == evaluation.num_rows
    assert type(evaluation).from_json(evaluation.to_json()) == evaluation


@pytest.mark.parametrize("which", ["truths", "numbers"])
def test_a_rows_answer_does_not_depend_on_its_batch(
    rows: pa.Table, trained: dict[str, tuple[TrainResult, Bundle]], which: str
) -> None:
    result, bundle = trained[which]
    schema = Schema(tuple(Column(column.name, column.type) for column in bundle.signature.inputs))
    repeated = pa.concat_tables([rows.select(FEATURES)] * 4).slice(0, 4_096).combine_chunks().to_batches()[0]

    def scores(count: int) -> np.ndarray:
        answers = bundle.predict_columns(columns_data(repeated.slice(0, count), schema))
        found = answers.values if answers.probabilities is None else answers.probabilities
        assert found is not None
        return found

    whole = scores(4_096)
    assert whole.shape == ((4_096, 3, 2) if which == "truths" else (4_096, 2))
    for count in (0, 1, 2, 7, 300):
        assert np.array_equal(scores(count), whole[:count])
    del result


def test_the_server_answers_what_predict_does(
    rows: pa.Table, trained: dict[str, tuple[TrainResult, Bundle]], tmp_path: Path
) -> None:
    some = rows.select(FEATURES).slice(0, 5)
    pq.write_table(some, tmp_path / "rows.parquet")
    for result, bundle in trained.values():
        predict_file(str(result.bundle), str(tmp_path / "rows.parquet"), tmp_path / "out.parquet",
                     workspace=Workspace(tmp_path))  # fmt: skip
        written = pq.read_table(tmp_path / "out.parquet").to_pylist()
        with ServerThread(bundle) as server:
            body = json.dumps({"instances": some.to_pylist()}).encode()
            request = urllib.request.Request(f"{server.url}/predict", body, {"Content-Type": "application/json"})
            answered = json.load(urllib.request.urlopen(request))["predictions"]
            told = json.load(urllib.request.urlopen(f"{server.url}/metadata"))
        for row, answer in zip(written, answered, strict=True):
            for name, value in answer.items():
                expected = sorted(row[name], key=lambda pair: -pair["prob"]) if name.endswith("_probs") else row[name]
                assert value == expected, name
        assert [label["name"] for label in told["labels"]] == [label.name for label in bundle.signature.labels]


def test_one_row_of_json_is_answered_for_each_label(trained: dict[str, tuple[TrainResult, Bundle]]) -> None:
    (row,) = trained["truths"][1].predict([{"x": 3.0, "y": -3.0, "job": "c"}]).rows()
    assert (row["predicted_fog"], row["predicted_rain"], row["predicted_wind"]) == (True, 0, 1)
    assert [pair["label"] for pair in row["predicted_fog_probs"]] == [True, False]
    (row,) = trained["numbers"][1].predict([{"x": 1.0, "y": 0.0, "job": "c"}]).rows()
    assert row["predicted_level"] == pytest.approx(4, abs=1)
    assert row["predicted_price"] == pytest.approx(4e6, abs=5e5)


def test_numbers_are_those_of_least_squares(rows: pa.Table, workspace: Workspace) -> None:
    """A network without hidden layers, trained to its end, is the regression of each number by itself."""
    linear = {"hidden_units": [], "dropout": 0.0, "batch_size": 1_200, "max_iterations": 400, "learn_rate": 0.1}
    table = rows.select(["x", "y", *NUMBERS])
    spec = Spec(
        data="(a frame)",
        label=NUMBERS,
        split=Split(method="none"),
        model=Model(type="dnn_regressor", options=linear | {"optimizer": "adam"}),
    )
    result = train(spec, workspace=workspace, frame=table)
    design = np.column_stack([np.ones(rows.num_rows), rows["x"].to_numpy(), rows["y"].to_numpy()])
    for name in NUMBERS:
        label = rows[name].to_numpy()
        expected = design @ np.linalg.lstsq(design, label, rcond=None)[0]
        found = TrainedModel(Bundle.load(result.bundle), workspace).predict(table)[f"predicted_{name}"].to_numpy()
        assert np.abs(found - expected).max() < 2e-3 * label.std(), name


def test_weights_count_in_every_label(rows: pa.Table, workspace: Workspace) -> None:
    """Rows of weight 0 are as good as absent: their labels are nonsense."""
    random = np.random.default_rng(0)
    weight = (random.random(rows.num_rows) < 0.5).astype(float)
    table = rows.select(FEATURES)
    for name in NUMBERS:
        spoilt = np.where(weight > 0, rows[name].to_numpy(), 1e9 * random.normal(size=rows.num_rows))
        table = table.append_column(name, pa.array(spoilt))
    table = table.append_column("w", pa.array(weight)).append_column("part", pa.array(["TRAIN"] * rows.num_rows))
    spec = Spec(
        data="(a frame)",
        label=NUMBERS,
        split=Split(method="none"),
        exclude=("part",),
        training=Training(weight_column="w"),
        model=Model(type="dnn_regressor", options={"max_iterations": 8}),
    )
    model = TrainedModel(Bundle.load(train(spec, workspace=workspace, frame=table).bundle), workspace)
    found = model.predict(table)
    for name in NUMBERS:
        label, there = rows[name].to_numpy(), weight > 0
        assert sklearn_metrics.r2_score(label[there], found[f"predicted_{name}"].to_numpy()[there]) > 0.8, name


def test_early_stopping_watches_the_mean_of_a_metric(rows: pa.Table, workspace: Workspace) -> None:
    result = fit(rows, TRUTHS, workspace, "dnn_classifier", options={"eval_metric": "roc_auc"})
    last = result.model.curve[-1]
    assert 0.8 < (last.metric or 0) <= 1
    with pytest.raises(SpecError, match="eval_metric"):
        fit(rows, NUMBERS, workspace, "dnn_regressor", options={"eval_metric": "roc_auc"})


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile"])
def test_each_number_has_its_own_scale_under_any_loss(rows: pa.Table, workspace: Workspace, loss: str) -> None:
    result = fit(rows, NUMBERS, workspace, "dnn_regressor", options={"loss": loss})
    assert all((one.evaluation.metrics["r2_score"] or 0) > 0.5 for one in result.evaluation.labels)


def test_the_resolved_spec_trains_the_same_again(
    rows: pa.Table, trained: dict[str, tuple[TrainResult, Bundle]], workspace: Workspace
) -> None:
    result, bundle = trained["truths"]
    stored = read_yaml(bundle.document("spec.yaml").decode(), path="spec.yaml")
    assert (stored.label, stored.label_form, stored.name) == (TRUTHS, "multi_label", "fog_rain_wind")
    again = train(stored, workspace=workspace, frame=rows.select([*FEATURES, *TRUTHS]))
    assert Bundle.load(again.bundle).document("model.onnx") == bundle.document("model.onnx")
    assert any("label_form: multi_label" in note for note in result.notes)
    assert not any("label_form" in note for note in again.notes)


def test_auto_takes_networks(rows: pa.Table, workspace: Workspace) -> None:
    few = {"options": {"max_iterations": 1}}
    assert fit(rows, TRUTHS, workspace, "auto", **few).spec.model.type == "dnn_classifier"
    assert fit(rows, NUMBERS, workspace, "auto", **few).spec.model.type == "dnn_regressor"


def test_reports_and_cards_name_each_label(trained: dict[str, tuple[TrainResult, Bundle]], tmp_path: Path) -> None:
    for result, bundle in trained.values():
        place = Workspace(result.bundle.parents[2])
        write_html(result.evaluation, str(result.bundle), tmp_path / "page.html", workspace=place)
        page, card = (tmp_path / "page.html").read_text(), bundle.document("model_card.md").decode()
        for label in bundle.signature.labels:
            assert page.count(f"<summary><h2>{label.name}</h2></summary>") == 1
            assert label.name in card
        drawn = "Predictions against labels" if bundle.signature.task == "regression" else "ROC curve"
        assert page.count(f"<h2>{drawn}</h2>") == len(bundle.signature.labels)
        plots = write_plots(result.evaluation, result.bundle, tmp_path / "p", workspace=place)
        assert [path.stem for path in plots] == ["training_curve", "importance"]


def test_models_are_compared_on_the_same_rows(rows: pa.Table, tmp_path: Path) -> None:
    workspace, path = Workspace(tmp_path / "w"), tmp_path / "rows.parquet"
    pq.write_table(rows.select([*FEATURES, *TRUTHS]), path)
    for units in ([8], [32]):
        options = {"max_iterations": 2, "hidden_units": units}
        spec = Spec(data=str(path), label=TRUTHS, name="sky", model=Model(type="dnn_classifier", options=options))
        train(spec, workspace=workspace)
    found = compare_models(["sky@1", "sky@2"], workspace=workspace)
    assert found.rows.endswith("test rows of all models")
    assert {"subset_accuracy", "hamming_loss", "roc_auc"} <= {metric.name for metric in found.metrics}
    assert any("no paired tests" in note for note in found.notes)


def test_init_writes_a_spec_of_several_labels(rows: pa.Table, tmp_path: Path, workspace: Workspace) -> None:
    pq.write_table(rows.select([*FEATURES, *TRUTHS]), tmp_path / "rows.parquet")
    spec = read_yaml(init(str(tmp_path / "rows.parquet"), TRUTHS))
    assert (spec.label, spec.label_form, set(spec.transform or {})) == (TRUTHS, "multi_label", set(FEATURES))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"split": Split(stratify=True)}, "rows cannot be stratified by several labels at once"),
        ({"training": Training(auto_class_weights=True)}, "auto_class_weights is of the classes of one label"),
        ({"training": Training(class_weights={"0": 1.0, "1": 2.0})}, "class_weights is of the classes of one label"),
        ({"training": Training(downsample=Downsample(rate=0.5))}, "downsample is of the classes of one label"),
        ({"calibration": Calibration()}, "calibration is of one label"),
        ({"intervals": Intervals()}, "intervals is of one label"),
        ({"options": {"eval_metric": "r2_score"}}, "eval_metric"),
        ({"transform": {"f": "x + rain"}}, "the feature 'f' reads the label, 'rain'"),
    ],
)
def test_what_several_labels_cannot_have(
    rows: pa.Table, workspace: Workspace, more: dict[str, object], message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        fit(rows, TRUTHS, workspace, "dnn_classifier", **more)


def test_families_of_one_label_refuse_before_data_are_read(workspace: Workspace) -> None:
    for family, label_form in (("boosted_tree_regressor", None), ("logistic_reg", "multi_label")):
        spec = Spec(data="no_such_file.parquet", label=("a", "b"), label_form=label_form, model=Model(type=family))
        with pytest.raises(SpecError, match=rf"{family} predicts one label, and the spec names 2\n.*\n.*dnn_"):
            train(spec, workspace=workspace)


def test_rows_are_stratified_by_one_of_the_labels(rows: pa.Table, workspace: Workspace) -> None:
    result = fit(rows, TRUTHS, workspace, "dnn_classifier", split=Split(stratify="rain"), options={"max_iterations": 1})
    (rain,) = (one.evaluation for one in result.evaluation.labels if one.name == "rain")
    share = rows["rain"].to_numpy().mean()
    assert sum(rain.confusion_matrix[1]) / rain.num_rows == pytest.approx(share, abs=0.03)


def test_a_label_without_any_value_is_told(rows: pa.Table, workspace: Workspace) -> None:
    empty = rows.set_column(rows.schema.names.index("price"), "price", pa.nulls(rows.num_rows, pa.float64()))
    with pytest.raises(DataError, match="the label 'price' has no number in the training rows"):
        fit(empty, NUMBERS, workspace, "dnn_regressor")


def test_slices_are_those_of_each_label(rows: pa.Table, workspace: Workspace) -> None:
    result = fit(rows, NUMBERS, workspace, "dnn_regressor", evaluation=Evaluation(slices=("job",)))
    assert not result.evaluation.slices
    assert all([s.value for s in one.evaluation.slices[0].slices] for one in result.evaluation.labels)


@pytest.mark.slow
def test_many_labels_are_trained_in_little_more_than_one(workspace: Workspace) -> None:
    """A hundred words: columns are looked through for leaks for the first labels alone, curves are left out."""
    random = np.random.default_rng(1)
    x = random.normal(size=(800, 3))
    there = x @ random.normal(size=(3, 100)) > 1
    table = pa.table({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2],
                      "tags": [[f"t{k}" for k in np.flatnonzero(row)] for row in there]})  # fmt: skip
    spec = Spec(data="(a frame)", label="tags", model=Model(type="dnn_classifier", options={"max_iterations": 2}))
    result = train(spec, workspace=workspace, frame=table)
    assert 90 < len(result.evaluation.labels) <= 100
    assert all(one.evaluation.roc_curve is None and not one.evaluation.confidence for one in result.evaluation.labels)
    assert len(result.evaluation.to_json()) < 1_000_000


def test_a_later_training_begins_with_all_labels_of_an_earlier_one(rows: pa.Table, workspace: Workspace) -> None:
    """Before its first step it is the earlier model: its eval loss begins where that one's ended."""
    options = {"max_iterations": 6, "dropout": 0.0}
    for label, family in ((TRUTHS, "dnn_classifier"), (NUMBERS, "dnn_regressor")):
        first = fit(rows, label, workspace, family, options=options, name="sky")
        still = options | {"max_iterations": 1, "learn_rate": 1e-9}
        later = fit(rows, label, workspace, family, options=still, name="sky", training=Training(warm_start=True))
        kept = first.model.curve[first.model.best_iteration - 1].eval_loss
        assert later.model.curve[0].eval_loss == pytest.approx(kept, rel=1e-4)
    fit(rows, TRUTHS, workspace, "dnn_classifier", options=options, name="sky")
    for label in (TRUTHS[:2], TRUTHS[::-1], TRUTHS[:1]):
        with pytest.raises(SpecError, match="predicts other labels, or in another order"):
            fit(rows, label, workspace, "dnn_classifier", name="sky", training=Training(warm_start=True))


@pytest.mark.slow
def test_processes_add_up_the_losses_of_one(rows: pa.Table, tmp_path: Path) -> None:
    """Mirrored over two processes, the losses are those of one (no dropout)."""
    options = {"max_iterations": 2, "dropout": 0.0, "batch_size": 64}
    curves = []
    for number, strategy in enumerate((Strategy(), Strategy(type="mirrored", num_processes=2))):
        training = Training(strategy=strategy)
        workspace = Workspace(tmp_path / str(number))
        result = fit(rows, TRUTHS, workspace, "dnn_classifier", options=options, training=training)
        curves.append([(each.loss, each.eval_loss) for each in result.model.curve])
    assert np.array(curves[0]) == pytest.approx(np.array(curves[1]), rel=1e-5)
