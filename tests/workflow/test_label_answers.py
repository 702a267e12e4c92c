"""What is said of labels of several columns: names of answers, comparisons, faults, registry and reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.bundle.bundle import Bundle
from hagane.errors import DataError, SpecError, TrainingError
from hagane.evaluation.report.report_html import report_html
from hagane.fronts.cli.run import run
from hagane.progress import SILENT, Progress
from hagane.spec.spec import Evaluation, Model, Spec
from hagane.workflow.compare import compare_models
from hagane.workflow.evaluate import evaluate_model
from hagane.workflow.train import TrainResult, train
from hagane.workspace.workspace import Workspace

N = 600
RANDOM = np.random.default_rng(11)
X = RANDOM.normal(size=N)
TRUTHS = np.column_stack([X > 0, X > 0.8, X < -0.3])
PLACE = np.digitize(X, [-0.5, 0.5])
ONE_HOT = np.eye(3, dtype=np.int64)[PLACE]


def frame(**columns: object) -> pa.Table:
    return pa.table({"x": X, "n": np.arange(N) % 7, **columns})


def fit(table: pa.Table, label: object, workspace: Workspace, family: str = "dnn_classifier", *,
        data: str = "(a frame)", options: dict[str, object] | None = None, **more: object) -> TrainResult:  # fmt: skip
    few = {"max_iterations": 2} if "dnn" in family else {}
    spec = Spec(data=data, label=label, model=Model(type=family, options=few | (options or {})), **more)
    return train(spec, workspace=workspace, frame=table if data == "(a frame)" else None)


@pytest.mark.parametrize("end", ["_probs", "_labels"])
def test_answers_that_would_share_a_name_are_refused(workspace: Workspace, end: str) -> None:
    told = f"'predicted_ta{end}' would be the answer for the label 'ta{end}'"
    table = frame(**{"ta": TRUTHS[:, 0], f"ta{end}": TRUTHS[:, 1], "tc": TRUTHS[:, 2]})
    with pytest.raises(SpecError, match=told):
        fit(table, ("tc", f"ta{end}", "ta"), workspace)
    words = [[word for word, there in ((f"a{end}", one), ("a", two)) if there] for one, two, _ in TRUTHS]
    with pytest.raises(SpecError, match=f"'predicted_tags_a{end}' would be the answer"):
        fit(frame(tags=words), "tags", workspace)


def test_numbers_have_no_probabilities_to_be_mistaken_for(workspace: Workspace) -> None:
    result = fit(frame(ta=2 * X, ta_probs=-X), ("ta", "ta_probs"), workspace, "dnn_regressor")
    (row,) = Bundle.load(result.bundle).predict([{"x": 1.0, "n": 3}]).rows()
    assert list(row) == ["predicted_ta", "predicted_ta_probs"]


def test_the_class_column_never_takes_the_place_of_another(workspace: Workspace) -> None:
    taken = {name: np.arange(N) % 3 for name in ("Class", "class_label", "one_hot_class", "class_2")}
    table = frame(**dict(zip(("lo", "mid", "hi"), ONE_HOT.T, strict=True)), **taken)
    result = fit(table, ("lo", "mid", "hi"), workspace, "boosted_tree_classifier")
    signature = Bundle.load(result.bundle).signature
    assert signature.label == "class_3"
    assert set(taken) <= set(signature.names)


def test_models_of_other_things_are_not_compared(tmp_path: Path) -> None:
    workspace, path = Workspace(tmp_path / "w"), tmp_path / "rows.parquet"
    columns = dict(zip(("lo", "mid", "hi"), ONE_HOT.T, strict=True))
    pq.write_table(frame(**columns), path)
    for name, label, form in (
        ("classes", ("lo", "mid", "hi"), "one_hot"),
        ("turned", ("hi", "mid", "lo"), "one_hot"),
        ("labels", ("lo", "mid", "hi"), "multi_label"),
        ("others", ("hi", "lo", "mid"), "multi_label"),
    ):
        fit(frame(), label, workspace, data=str(path), name=name, label_form=form)
    with pytest.raises(SpecError) as caught:
        compare_models(["classes", "labels"], workspace=workspace)
    told = str(caught.value)
    assert "the models predict different things" in told
    assert "classes: one class of lo, mid, hi; labels: each of the labels lo, mid, hi" in told
    with pytest.raises(SpecError, match="the models have the same classes in another order"):
        compare_models(["classes", "turned"], workspace=workspace)
    both = compare_models(["labels", "others"], workspace=workspace)
    assert both.rows.endswith("test rows of all models"), both.notes
    assert not [each for each in both.unfair if "label" in each or "classes" in each]


def test_a_poisson_fault_names_the_label(workspace: Workspace) -> None:
    table = frame(cnt=np.arange(N) % 4, zero=np.zeros(N), less=-np.ones(N))
    with pytest.raises(TrainingError) as caught:
        fit(table, ("cnt", "zero", "less"), workspace, "dnn_regressor", options={"loss": "poisson"})
    told = [(fault.what, fault.received) for fault in caught.value.faults]
    assert [what.split(":")[0] for what, _ in told] == ["of the label 'zero'", "of the label 'less'"]
    assert told[0][1] == "labels of 0 alone"


def test_the_registry_has_a_list_of_the_labels(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    columns = dict(zip(("lo", "mid", "hi"), ONE_HOT.T, strict=True))
    fit(frame(**columns), ("lo", "mid", "hi"), workspace, "boosted_tree_classifier")
    fit(frame(**dict(zip(("a", "b"), TRUTHS.T, strict=False))), ("a", "b"), workspace, label_form="multi_label")
    fit(frame(y=X), "y", workspace, "linear_reg")
    place = ["--workspace", str(workspace.root)]
    assert run(["models", "list", "--json", *place]) == 0
    found = {each["name"]: each["label"] for each in json.loads(capsys.readouterr().out)["models"]}
    assert found == {"lo_mid_hi": ["lo", "mid", "hi"], "a_b": ["a", "b"], "y": "y"}
    assert run(["models", "show", "lo_mid_hi", *place]) == 0
    assert "lo, mid, hi" in capsys.readouterr().out


def test_describe_looks_at_one_label(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(frame(y=X), tmp_path / "rows.parquet")
    assert run(["describe", str(tmp_path / "rows.parquet"), "-l", "x", "-l", "y"]) == 2
    assert "one label at a time, not at x, y" in capsys.readouterr().err


def test_means_say_over_how_many_labels_they_are(workspace: Workspace) -> None:
    holes = pa.array(np.zeros(N, np.int64), mask=np.arange(N) % 50 == 1)
    table = frame(ta=TRUTHS[:, 0], const=np.ones(N, np.int64), zero=holes)
    result = fit(table, ("ta", "const", "zero"), workspace, label_form="multi_label")
    note = "2 of 3 labels have one value in all training rows (const, zero): nothing can be learnt of them"
    assert note in result.notes
    found = result.evaluation
    assert found.averaged_over["roc_auc"] == 1
    assert found.metrics["roc_auc"] == found.labels[0].evaluation.metrics["roc_auc"]
    assert "log_loss" not in found.averaged_over
    told = " ".join(found.means_told)
    assert "ROC AUC" in told
    assert "over 1 of 3 labels" in told
    assert "over 1 of 3 labels" in Bundle.load(result.bundle).document("model_card.md").decode()


def test_a_label_that_is_null_in_every_row_is_named(workspace: Workspace) -> None:
    table = frame(ta=TRUTHS[:, 0], none=pa.nulls(N, pa.bool_()))
    with pytest.raises(DataError, match="the label 'none' has no value in the training rows"):
        fit(table, ("ta", "none"), workspace, label_form="multi_label")


def test_what_training_never_met_is_counted_and_told(workspace: Workspace) -> None:
    result = fit(frame(y=np.array(["a", "b", "c"])[PLACE]), "y", workspace, "boosted_tree_classifier")
    place = np.where(np.arange(N) < 7, 3, PLACE)
    labels = pa.array(np.array(["a", "b", "c", "new"])[place], mask=np.arange(N) >= N - 5)
    report = evaluate_model(str(result.bundle), data=frame(y=labels), workspace=workspace)
    assert (report.num_rows, report.num_null_labels, report.num_unknown_labels) == (N - 12, 5, 7)
    page = report_html(report, title="y")
    assert "7 rows of a class unknown to the model left out" in page

    words = [[word for word, there in (("pos", one), ("big", two)) if there] for one, two, _ in TRUTHS]
    result = fit(frame(tags=words), "tags", workspace)
    told: list[str] = []
    notes = Listener(told)
    new = [[*row, "zzz"] if i < 9 else row for i, row in enumerate(words)]
    evaluate_model(str(result.bundle), data=frame(tags=new), workspace=workspace, progress=notes)
    assert told == ["1 text of 'tags' that the model has no label for: 'zzz' in 9 rows"]


class Listener(Progress):
    """Keeps what is noted."""

    def __init__(self, told: list[str]) -> None:
        self.told = told

    def phase(self, *named: Any, **more: Any) -> Any:
        return SILENT.phase(*named, **more)

    def note(self, text: str) -> None:
        self.told.append(text)


def test_the_card_speaks_of_the_columns_that_the_user_named(workspace: Workspace) -> None:
    columns = dict(zip(("lo", "mid", "hi"), ONE_HOT.T, strict=True))
    result = fit(frame(**columns), ("lo", "mid", "hi"), workspace, "boosted_tree_classifier")
    card = Bundle.load(result.bundle).document("model_card.md").decode()
    assert " of lo, mid, hi\n" in card
    assert "one of 3 classes (lo, mid, hi)" in card
    assert "'class'" not in card.split("## Features")[0]


def test_the_card_has_the_slices_of_each_label(workspace: Workspace) -> None:
    table = frame(fog=TRUTHS[:, 0], rain=TRUTHS[:, 1], job=np.array(["p", "q"])[np.arange(N) % 2])
    wanted = Evaluation(slices=("job",))
    result = fit(table, ("fog", "rain"), workspace, label_form="multi_label", evaluation=wanted)
    card = Bundle.load(result.bundle).document("model_card.md").decode()
    assert "Measured by slices of job." in card
    assert "fog by job" in card
    assert "rain by job" in card
    assert "how wide the intervals are" not in card
    assert "95 % interval" not in card
