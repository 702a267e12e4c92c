"""What a study says of its winner: on rows that no trial saw, over folds, beyond noise, and trained again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from hagane.data.folds import all_folds
from hagane.errors import DataError, SpecError
from hagane.progress import SILENT
from hagane.spec.calibration import Calibration
from hagane.spec.spec import Model, Spec, Split
from hagane.spec.tuning import Tuning
from hagane.tuning.trial import TrialState
from hagane.workflow.kept_scores import KeptScores
from hagane.workflow.read_study import read_study
from hagane.workflow.train import train
from hagane.workflow.train_trial import train_trial
from hagane.workflow.trial_runner import TrialRunner
from hagane.workflow.tune import TuneResult, tune
from hagane.workspace.workspace import Workspace

THIRDS = Split(eval_fraction=0.3, test_fraction=0.3)


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    """Half of what there is to know of `yes` is in `x`, and nothing in `noise`."""
    random = np.random.default_rng(3)
    x, noise = random.normal(size=(2, 900))
    part = random.choice(["TRAIN", "EVAL", "TEST"], 900)
    return pa.table({"x": x, "noise": noise, "yes": random.random(900) < 1 / (1 + np.exp(-2 * x)), "part": part})


def searched(transform: dict[str, str], tuning: dict[str, Any], split: Split = THIRDS, **sections: Any) -> Spec:
    model = sections.pop("model", Model(type="logistic_reg", options={"l2_reg": 1.0}))
    said = {"algorithm": "grid", "num_trials": 10, "family_space": False} | tuning
    return Spec(data="(frame)", label="yes", transform=transform, split=split, model=model, tuning=Tuning(**said),
                **sections)  # fmt: skip


def document(result: TuneResult, name: str) -> dict[str, Any]:
    return json.loads((result.trained.bundle / name).read_text())  # type: ignore[no-any-return]


def test_the_figure_that_no_trial_saw_stands_beside_the_one_it_was_chosen_by(rows: pa.Table, tmp_path: Path) -> None:
    spec = searched({"x": "x * HPARAM_CANDIDATES([0.0, 1.0])"}, {})
    result = tune(spec, workspace=Workspace(tmp_path), frame=rows)
    evaluation, chosen = result.trained.evaluation, result.record.value(result.best)
    assert evaluation.part == "test"
    told = next(note for note in result.notes if note.startswith("ROC AUC is"))
    interval = evaluation.confidence["roc_auc"]
    assert f"{chosen:.3f}".rstrip("0") in told
    assert interval.low < evaluation.metrics["roc_auc"] < interval.high  # type: ignore[operator]
    assert "on the test rows that no trial saw" in told


def test_trials_that_the_rows_do_not_tell_apart(rows: pa.Table, tmp_path: Path) -> None:
    """A model that knows nothing is told apart from one that does; factors of one column give one model."""
    spec = searched({"x": "x * HPARAM_CANDIDATES([1.0, 1.5, 2.0, 0.0])"}, {})
    result = tune(spec, workspace=Workspace(tmp_path), frame=rows)
    noise = result.within_noise
    assert noise is not None
    values = {trial.id: trial.parameters["transform.x"] for trial in result.record.trials}
    assert sorted(values[trial] for trial in (noise.compared[0], *noise.alike)) == [1.0, 1.5, 2.0]
    assert values[noise.compared[-1]] == 0.0
    assert noise.p_values[-1] < 1e-6
    assert any("cannot be told apart" in note for note in result.notes)
    assert result.spec.transform is not None


def test_scores_of_a_study_that_was_deleted_are_not_those_of_the_next(rows: pa.Table, tmp_path: Path) -> None:
    spec, workspace = searched({"x": "x * HPARAM_CANDIDATES([1.0, 2.0, 3.0])"}, {}), Workspace(tmp_path)
    first = tune(spec, workspace=workspace, frame=rows)
    kept = KeptScores.of_study(workspace, first.study)
    assert kept.find(3) is not None
    for file in workspace.studies_folder.glob("*.sqlite*"):
        file.unlink()
    assert spec.tuning is not None
    fewer = msgspec.structs.replace(spec, tuning=msgspec.structs.replace(spec.tuning, num_trials=2))
    tune(fewer, workspace=workspace, frame=rows)
    assert kept.find(2) is not None
    assert kept.find(3) is None


@pytest.mark.parametrize("objective", ["log_loss", "accuracy"])
def test_other_metrics_have_their_noise_too(rows: pa.Table, tmp_path: Path, objective: str) -> None:
    spec = searched({"x": "x * HPARAM_CANDIDATES([1.0, 1.5, 0.0])"}, {"objectives": (objective,)})
    noise = tune(spec, workspace=Workspace(tmp_path), frame=rows).within_noise
    assert noise is not None
    assert len(noise.alike) == 1
    assert noise.p_values[-1] < 0.01


def test_a_trial_over_folds_is_worth_their_mean(rows: pa.Table, tmp_path: Path) -> None:
    spec = searched({"x": "x * HPARAM_CANDIDATES([0.0, 1.0])"}, {"folds": 4})
    result = tune(spec, workspace=Workspace(tmp_path), frame=rows)
    runner = TrialRunner(result.spec, workspace=Workspace(tmp_path), frame=rows)
    folds = [runner.run(result.spec, SILENT, divisions=(fold,)) for fold in all_folds(4)]
    assert result.record.value(result.best) == pytest.approx(np.mean([fold.metrics["roc_auc"] for fold in folds]))
    assert sum(len(fold.found.labels) for fold in folds) == 900 - result.trained.split_counts["test"]
    assert result.trained.evaluation.part == "test"
    assert result.within_noise is not None
    assert any("on the 4 folds by which it was chosen" in note for note in result.notes)


def test_few_rows_are_tuned_over_folds_and_trained_on_whole(rows: pa.Table, tmp_path: Path) -> None:
    few = rows.slice(0, 120)
    trees = Model(type="boosted_tree_classifier", options={"max_iterations": 40, "patience": 5})
    spec = searched({"x": "x * HPARAM_CANDIDATES([1.0, 2.0])"}, {"folds": 3}, Split(method="none"), model=trees)
    result = tune(spec, workspace=Workspace(tmp_path), frame=few)
    assert result.trained.split_counts == {"train": 120, "eval": 0, "test": 0}
    assert result.spec.model.options["max_iterations"] == result.best.best_iteration
    assert result.spec.model.options["early_stop"] is False
    assert any("no test rows" in note for note in result.notes)


def test_the_winner_trained_again_is_what_a_person_would_have_asked_for(rows: pa.Table, tmp_path: Path) -> None:
    trees = Model(type="boosted_tree_classifier", options={"max_iterations": 60, "patience": 4, "learn_rate": 0.2})
    spec = searched({"x": "x * HPARAM_CANDIDATES([1.0, 2.0])", "n": "noise"}, {"retrain": True}, model=trees)
    result = tune(spec, workspace=Workspace(tmp_path), frame=rows)
    counts = result.trained.split_counts
    assert counts["eval"] == 0
    assert counts["train"] + counts["test"] == 900
    settled = msgspec.structs.replace(result.spec, split=THIRDS, model=trees)
    alone = train(settled, workspace=Workspace(tmp_path), frame=rows)
    assert alone.split_counts["test"] == counts["test"]
    lineage = document(result, "lineage.json")
    iterations = json.loads((alone.bundle / "lineage.json").read_text())["best_iteration"]
    assert len(lineage["training_info"]) == iterations == result.best.best_iteration
    assert lineage["retrained"] == (
        f"trained again on the train and eval rows together, for the {iterations} iterations that it took on train"
    )
    assert [each["value"] for each in lineage["hyperparameters"]] == [result.best.parameters["transform.x"]]
    by_hand = train(result.spec, workspace=Workspace(tmp_path), frame=rows)
    assert (by_hand.bundle / "model.onnx").read_bytes() == (result.trained.bundle / "model.onnx").read_bytes()
    assert any(note.startswith("trained again on the train and eval rows") for note in result.notes)
    later = train_trial(result.study, workspace=Workspace(tmp_path), frame=rows)
    assert (later.bundle / "model.onnx").read_bytes() == (result.trained.bundle / "model.onnx").read_bytes()
    kept = read_study(result.study, workspace=Workspace(tmp_path)).winner
    assert kept is not None
    assert (kept.model, kept.retrained) == (later.version.reference, True)


def test_rows_that_a_column_divides_are_trained_on_again(rows: pa.Table, tmp_path: Path) -> None:
    split = Split(method="column", column="part")
    spec = searched({"x": "x * HPARAM_CANDIDATES([1.0, 2.0])"}, {"retrain": True}, split)
    result = tune(spec, workspace=Workspace(tmp_path), frame=rows)
    is_test = np.array(rows["part"].to_pylist()) == "TEST"
    assert result.trained.split_counts == {"train": int(np.sum(~is_test)), "eval": 0, "test": int(np.sum(is_test))}


@pytest.mark.parametrize(("tuning", "sections", "told"), [
    ({"retrain": True}, {"calibration": Calibration()}, "calibration is fitted on eval rows"),
    ({"retrain": True}, {"split": Split(eval_fraction=0.2, test_fraction=0.0)}, "no rows to say what"),
    ({}, {"split": Split(method="none")}, "no eval rows by which trials could be judged"),
    ({"folds": 2000}, {}, "the rows do not suffice for 2,000 folds"),
])  # fmt: skip
def test_what_cannot_be_is_told_before_any_trial(
    rows: pa.Table, tmp_path: Path, tuning: dict[str, Any], sections: dict[str, Any], told: str
) -> None:
    workspace = Workspace(tmp_path)
    with pytest.raises((SpecError, DataError), match=told):
        tune(searched({"x": "x * HPARAM_CANDIDATES([1.0, 2.0])"}, tuning, **sections), workspace=workspace, frame=rows)
    assert not workspace.studies_folder.exists()


def test_features_are_chosen_between_and_the_choice_is_a_plain_spec(rows: pa.Table, tmp_path: Path) -> None:
    tuning = {"features": {"x": ("0 * x", "ML.QUANTILE_BUCKETIZE(x, HPARAM_CANDIDATES([2, 8])) OVER ()")},
              "optional": ("n",)}  # fmt: skip
    spec = searched({"x": "x", "n": "noise"}, tuning)
    result = tune(spec, workspace=Workspace(tmp_path), frame=rows)
    assert [trial.state for trial in result.record.trials] == [TrialState.SUCCEEDED] * 8
    assert result.spec.tuning is None
    assert result.spec.transform is not None
    assert "0 * x" not in result.spec.transform.values()
    assert "HPARAM" not in str(result.spec.transform)


def test_the_winner_goes_without_what_helps_no_more_than_noise(rows: pa.Table, tmp_path: Path) -> None:
    spec = searched({"x": "x * HPARAM_CANDIDATES([1.0, 2.0])", "n": "noise"}, {"select": True, "retrain": True})
    result = tune(spec, workspace=Workspace(tmp_path), frame=rows)
    assert result.selection is not None
    assert result.selection.dropped == ("n",)
    assert list(result.spec.transform or {}) == ["x"]
    assert result.trained.spec.transform is not None
    assert list(result.trained.spec.transform) == ["x"]
    assert document(result, "lineage.json")["retrained"].endswith("without n, which helped no more than noise")
    later = train_trial(result.study, workspace=Workspace(tmp_path), frame=rows)
    assert list(later.spec.transform or {}) == ["x"]
    by_hand = train(result.spec, workspace=Workspace(tmp_path), frame=rows)
    assert (by_hand.bundle / "model.onnx").read_bytes() == (result.trained.bundle / "model.onnx").read_bytes()


def test_the_search_itself_is_measured_on_rows_of_which_it_sees_nothing(rows: pa.Table, tmp_path: Path) -> None:
    spec = searched({"x": "x * HPARAM_CANDIDATES([0.0, 1.0])"}, {"nested_folds": 3, "folds": 2}, Split(method="none"))
    result = tune(spec, workspace=Workspace(tmp_path), frame=rows.slice(0, 400))
    nested = result.nested
    assert nested is not None
    assert sum(fold.num_rows for fold in nested.folds) == 400
    assert {fold.trial.parameters["transform.x"] for fold in nested.folds} == {1.0}
    assert nested.mean == pytest.approx(np.mean([fold.value for fold in nested.folds]))
    assert nested.interval.low < nested.mean < nested.interval.high
    assert nested.mean == pytest.approx(0.87, abs=0.07)  # of a slope of 2 by a normal column
    assert nested.describe() in result.notes
    assert not list(Workspace(tmp_path).studies_folder.glob("*nested*"))


@pytest.mark.slow
def test_chosen_by_luck_is_not_believed(tmp_path: Path) -> None:
    """Where nothing can be learnt, the best of many trials looks good on its eval rows, and is chance elsewhere."""
    random = np.random.default_rng(5)
    frame = pa.table({f"c{i}": random.normal(size=120) for i in range(12)} | {"yes": random.random(120) < 0.5})
    candidates = ", ".join(f"c{i}" for i in range(12))
    spec = searched(
        {"c": "c0"}, {"features": {"c": tuple(candidates.split(", "))}, "num_trials": 12, "nested_folds": 4}
    )
    result = tune(spec, workspace=Workspace(tmp_path), frame=frame)
    assert result.nested is not None
    assert np.mean([fold.chosen_by for fold in result.nested.folds]) > 0.6
    assert result.nested.interval.low < 0.5
    assert result.within_noise is not None
    assert len(result.within_noise.alike) >= 4


def test_automatic_features_may_be_left_out_and_crossed(rows: pa.Table, tmp_path: Path) -> None:
    words = rows.append_column("u", pa.array(["ab"[i % 2] for i in range(900)]))
    words = words.append_column("v", pa.array(["pqr"[i % 3] for i in range(900)]))
    tuning = Tuning(num_trials=4, algorithm="random", family_space=False, optional=("noise",), crosses=(("u", "v"),))
    spec = Spec(data="(frame)", label="yes", model=Model(type="logistic_reg", options={"l2_reg": 1.0}), tuning=tuning,
                exclude=("part",))  # fmt: skip
    result = tune(spec, workspace=Workspace(tmp_path), frame=words)
    assert set(result.record.trials[0].parameters) == {"transform.noise", "transform.u_v"}
    assert {each.state for each in result.record.trials} == {TrialState.SUCCEEDED}
    assert result.spec.transform is not None
    assert {"x", "u", "v"} <= set(result.spec.transform)
    wrong = msgspec.structs.replace(spec, tuning=msgspec.structs.replace(tuning, optional=("nois",)))
    with pytest.raises(SpecError, match="no feature 'nois' to leave out"):
        tune(wrong, workspace=Workspace(tmp_path), frame=words)


def test_bigquerys_split_of_a_search_has_test_rows(rows: pa.Table, tmp_path: Path) -> None:
    spec = Spec(data="(frame)", label="yes", transform={"x": "x"}, defaults="bigquery", tuning=Tuning(num_trials=1),
                model=Model(type="logistic_reg", options={"l2_reg": "HPARAM_RANGE(0.1, 1.0)"}))  # fmt: skip
    result = tune(spec, workspace=Workspace(tmp_path), frame=rows)
    counts = result.trained.split_counts
    assert 0.07 * 900 < counts["eval"] < 0.13 * 900
    assert 0.07 * 900 < counts["test"] < 0.13 * 900
    alone = train(result.spec, workspace=Workspace(tmp_path), frame=rows)
    assert alone.split_counts == counts
