from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pyarrow as pa
import pytest

from hagane.errors import SpecError, StorageError, TrainingError
from hagane.file_lock import lock_file
from hagane.models import get_family
from hagane.progress.progress import _Silent
from hagane.spec.spec import Model, Spec, Split
from hagane.spec.tuning import TrialStopping, TunedParameter, Tuning
from hagane.tuning.open_study import open_study, study_path
from hagane.tuning.trial import TrialState
from hagane.workflow.searched_spec import searched_spec
from hagane.workflow.train import train
from hagane.workflow.tune import TuneResult, tune
from hagane.workflow.tuned_space import tuned_space
from hagane.workspace.workspace import Workspace

FEATURES = {"x": "ML.QUANTILE_BUCKETIZE(x, HPARAM_RANGE(2, 30)) OVER ()", "k": "k"}


@pytest.fixture(scope="module")
def rows(mixed: pa.Table) -> pa.Table:
    return mixed.slice(0, 600)


def spec_of(label: str = "value", family: str = "linear_reg", **sections: Any) -> Spec:
    tuning = sections.pop("tuning", Tuning(num_trials=4))
    options = sections.pop("options", {"l2_reg": "HPARAM_RANGE(0, 10)"})
    given = {"transform": FEATURES, "split": Split(test_fraction=0.2, eval_fraction=0.2)} | sections
    return Spec(data="(a frame)", label=label, model=Model(type=family, options=options), tuning=tuning, **given)


def tuned(spec: Spec, workspace: Workspace, frame: pa.Table, **tuning: Any) -> TuneResult:
    assert spec.tuning is not None
    changed = msgspec.structs.replace(spec, tuning=msgspec.structs.replace(spec.tuning, **tuning))
    return tune(changed, workspace=workspace, frame=frame)


def test_the_winner_is_the_training_of_the_best_values_and_is_measured_on_other_rows(
    workspace: Workspace, rows: pa.Table
) -> None:
    result = tune(spec_of(), workspace=workspace, frame=rows)
    assert [trial.state for trial in result.record.trials] == [TrialState.SUCCEEDED] * 4
    best = max(result.record.trials, key=lambda trial: result.record.value(trial) or 0)
    assert result.best == best
    assert (result.reason, result.study) == ("num_trials", "value")
    assert result.trained.evaluation.part == "test"
    assert result.trained.evaluation.headline() != ("r2_score", result.record.value(best))
    by_hand = train(result.searched, workspace=workspace, frame=rows, hparams=best.parameters)
    again = train(result.spec, workspace=workspace, frame=rows)
    graphs = [(each.bundle / "model.onnx").read_bytes() for each in (result.trained, by_hand, again)]
    assert graphs[0] == graphs[1] == graphs[2]
    assert result.spec.tuning is None
    assert isinstance(result.spec.model.options["l2_reg"], float)


def test_the_first_trial_has_the_defaults(workspace: Workspace, rows: pa.Table) -> None:
    result = tune(spec_of(), workspace=workspace, frame=rows)
    assert result.record.trials[0].parameters == {"model.options.l2_reg": 1.0, "transform.x": 16}


def test_a_family_without_hyperparameters_is_searched_over_its_own_space(workspace: Workspace, rows: pa.Table) -> None:
    for defaults, names in (("hagane", {"l2_reg"}), ("bigquery", {"l1_reg", "l2_reg"})):
        spec = spec_of(options={}, transform={"k": "k"}, defaults=defaults, tuning=Tuning(num_trials=1, study=defaults))
        result = tune(spec, workspace=workspace, frame=rows)
        assert {name.rpartition(".")[2] for name in result.record.trials[0].parameters} == names


def test_an_automatic_family_and_features_are_searched_as_what_they_come_to(
    workspace: Workspace, rows: pa.Table
) -> None:
    spec = spec_of("good", "auto", options={"max_iterations": 4}, transform=None, tuning=Tuning(num_trials=2))
    result = tune(spec, workspace=workspace, frame=rows)
    assert result.spec.model.type == "boosted_tree_classifier"
    assert "model.options.learn_rate" in result.best.parameters
    assert result.record.objectives[0].metric == "roc_auc"


def test_families_are_searched_each_over_its_own_space(workspace: Workspace, rows: pa.Table) -> None:
    spec = spec_of("good", "HPARAM_CANDIDATES(['logistic_reg', 'random_forest_classifier'])",
                   options={"random_forest_classifier": {"num_parallel_tree": 2}}, transform={"k": "k"},
                   tuning=Tuning(num_trials=6, algorithm="random"))  # fmt: skip
    result = tune(spec, workspace=workspace, frame=rows)
    for trial in result.record.trials:
        family = trial.parameters["model.type"]
        assert all(name.startswith(f"model.options.{family}.") for name in trial.parameters if name != "model.type")
    assert {trial.parameters["model.type"] for trial in result.record.trials} == {
        "logistic_reg", "random_forest_classifier",
    }  # fmt: skip


def test_dropout_is_searched_with_dart_alone(workspace: Workspace, rows: pa.Table) -> None:
    options = {"booster_type": "HPARAM_CANDIDATES(['gbtree', 'dart'])", "dropout": "HPARAM_RANGE(0.1, 0.5)",
               "max_iterations": 3}  # fmt: skip
    spec = spec_of("good", "boosted_tree_classifier", options=options, transform={"k": "k"})
    result = tuned(spec, workspace, rows, algorithm="random", num_trials=6)
    assert {trial.state for trial in result.record.trials} <= {TrialState.SUCCEEDED, TrialState.STOPPED}
    for trial in result.record.trials:
        is_dart = trial.parameters["model.options.booster_type"] == "dart"
        assert ("model.options.dropout" in trial.parameters) == is_dart


def test_the_same_command_goes_on_and_more_trials_are_more_of_the_same(workspace: Workspace, rows: pa.Table) -> None:
    two = tuned(spec_of(), workspace, rows, num_trials=2)
    four = tuned(spec_of(), workspace, rows, num_trials=4)
    assert four.record.trials[:2] == two.record.trials
    again = tuned(spec_of(), workspace, rows, num_trials=4)
    assert again.record.trials == four.record.trials
    other = Workspace(workspace.root.parent / "other")
    whole = tuned(spec_of(), other, rows, num_trials=4)
    assert [trial.parameters for trial in whole.record.trials] == [trial.parameters for trial in four.record.trials]


def test_a_study_of_another_spec_or_other_rows_is_refused_with_what_differs(
    workspace: Workspace, rows: pa.Table
) -> None:
    tune(spec_of(), workspace=workspace, frame=rows)
    changed = spec_of(options={"l2_reg": "HPARAM_RANGE(0, 100)"}, tuning=Tuning(num_trials=9, seed=3))
    with pytest.raises(SpecError) as raised:
        tune(changed, workspace=workspace, frame=rows)
    assert [fault.where for fault in raised.value.faults[1:]] == ["model.options.l2_reg", "tuning.seed"]
    with pytest.raises(SpecError) as raised:
        tune(spec_of(), workspace=workspace, frame=rows.slice(0, 500))
    assert [fault.where for fault in raised.value.faults[1:]] == ["data"]
    assert len(open_study(study_path(workspace.studies_folder, "value"), "value").trials()) == 4
    tuned(changed, workspace, rows, study="another", num_trials=1)


def test_two_processes_do_not_work_on_one_study(workspace: Workspace, rows: pa.Table) -> None:
    workspace.studies_folder.mkdir(parents=True)
    held = lock_file(workspace.studies_folder / "value.lock")
    assert held is not None
    with pytest.raises(StorageError, match="another process is at work on the study 'value'"):
        tune(spec_of(), workspace=workspace, frame=rows)
    os.close(held)
    tuned(spec_of(), workspace, rows, num_trials=1)


@pytest.mark.parametrize(
    ("changes", "wheres"),
    [
        ({"options": {"l2_reg": "HPARAM_RANGE(-1, 10)"}}, ["model.options.l2_reg"]),
        ({"options": {"l2_rag": "HPARAM_RANGE(1, 10)"}}, ["model.options.l2_rag"]),
        ({"tuning": Tuning(objectives=("ROC_AUC",))}, ["tuning.objectives[0]"]),
        ({"tuning": Tuning(algorithm="grid")}, ["tuning.algorithm"]),
        ({"tuning": Tuning(parameters={"transform.y": TunedParameter(step=1)})}, ["tuning.parameters.transform.y"]),
        ({"tuning": Tuning(family_space=False), "options": {}, "transform": {"k": "k"}}, ["spec"]),
        ({"tuning": Tuning(num_trials=0, budget="soon")}, ["tuning.num_trials", "tuning.budget"]),
        ({"family": "linear_regg"}, ["model.type"]),
    ],
)
def test_what_cannot_be_searched_is_told_before_anything_is_trained(
    workspace: Workspace, rows: pa.Table, changes: dict[str, Any], wheres: list[str]
) -> None:
    with pytest.raises(SpecError) as raised:
        tune(spec_of(**changes), workspace=workspace, frame=rows)
    assert [fault.where for fault in raised.value.faults] == wheres
    assert not workspace.studies_folder.exists()


def test_a_range_that_is_written_wrongly_hides_no_other_fault(workspace: Workspace, rows: pa.Table) -> None:
    wrong = FEATURES | {"x": "ML.QUANTILE_BUCKETIZE(x, HPARAM_RANGE(9, 3)) OVER ()"}
    options = {"l2_reg": "HPARAM_RANGE(5, 1)", "l1_rg": 1, "max_iterations": "HPARAM_CANDIDATES([10, NULL])"}
    with pytest.raises(SpecError) as caught:
        tune(spec_of(transform=wrong, options=options), workspace=workspace, frame=rows)
    found = {fault.where: fault for fault in caught.value.faults}
    assert set(found) == {"transform.x", *(f"model.options.{name}" for name in options)}
    assert found["model.options.l1_rg"].nearest == "l1_reg"
    assert found["model.options.max_iterations"].next_step == "leave the option out, and it is its default"


def test_values_that_belong_to_no_training_are_infeasible(workspace: Workspace, rows: pa.Table) -> None:
    spec = spec_of(transform={"s": "ML.ONE_HOT_ENCODER(job, 'none', 9, HPARAM_CANDIDATES([1, 100000])) OVER ()"},
                   options={"l2_reg": 1.0}, tuning=Tuning(algorithm="grid", family_space=False))  # fmt: skip
    result = tune(spec, workspace=workspace, frame=rows)
    assert result.reason == "exhausted"
    states = [trial.state for trial in result.record.trials]
    assert states[0] is TrialState.SUCCEEDED


def test_a_study_in_which_nothing_is_measured_says_why(workspace: Workspace, rows: pa.Table) -> None:
    spec = spec_of("good", "boosted_tree_classifier", options={"monotone_constraints": {"job": "increasing"},
                   "learn_rate": "HPARAM_RANGE(0.1, 0.3)"}, transform={"job": "job"})  # fmt: skip
    with pytest.raises(TrainingError) as raised:
        tuned(spec, workspace, rows, num_trials=2)
    assert raised.value.faults[0].what == "no trial was measured to its end: there is no best one"
    assert len(raised.value.faults) > 1


def test_a_choice_between_expressions_starts_at_what_the_spec_has() -> None:
    asked = Spec(
        data="f.csv",
        label="y",
        model=Model(type="linear_reg"),
        transform={"a": "a", "b": "b"},
        tuning=Tuning(optional=("a",), features={"b": ("LN(b)", None)}, crosses=(("a", "b"),)),
    )
    families = [get_family("linear_reg")]
    start = tuned_space(searched_spec(asked, families), families, num_rows=9).default_point()
    assert (start["transform.a"], start["transform.b"], start["transform.a_b"]) == ("a", "b", None)


@pytest.mark.slow
def test_trials_at_once_are_the_trials_one_after_another(workspace: Workspace, rows: pa.Table, tmp_path: Path) -> None:
    options = {"max_iterations": 20, "num_leaves": "HPARAM_RANGE(3, 40)"}
    spec = spec_of("good", "boosted_tree_classifier", options=options,
                   tuning=Tuning(num_trials=5, algorithm="random", stopping=TrialStopping(method="none")))  # fmt: skip
    one = tune(spec, workspace=workspace, frame=rows)
    several = tuned(spec, Workspace(tmp_path / "other"), rows, max_parallel_trials=2)
    for trial, other in zip(one.record.trials, several.record.trials, strict=True):
        assert trial.parameters == other.parameters
        assert trial.final_measurement is not None
        assert other.final_measurement is not None
        assert trial.final_measurement.metrics == other.final_measurement.metrics
    assert one.best.id == several.best.id
    graphs = [(each.trained.bundle / "model.onnx").read_bytes() for each in (one, several)]
    assert graphs[0] == graphs[1]


def test_a_reader_of_batches_can_be_searched_over(workspace: Workspace, rows: pa.Table) -> None:
    reader = pa.RecordBatchReader.from_batches(rows.schema, rows.to_batches())
    spec = spec_of(transform={"k": "k"}, tuning=Tuning(num_trials=2))
    assert len(tune(spec, workspace=workspace, frame=reader).record.trials) == 2


def test_a_grid_that_is_not_tried_whole_is_told(workspace: Workspace, rows: pa.Table) -> None:
    class Heard(_Silent):
        notes: ClassVar[list[str]] = []

        def note(self, text: str) -> None:
            self.notes.append(text)

    spec = spec_of(options={"l2_reg": 1.0}, tuning=Tuning(num_trials=2, algorithm="grid", family_space=False))
    tune(spec, workspace=workspace, frame=rows, progress=Heard())
    assert "the grid has 29 points, of which num_trials leaves 27 untried" in Heard.notes
