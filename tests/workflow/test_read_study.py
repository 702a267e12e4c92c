"""Studies as they lie in a workspace: listed, read, and settled into the specs of their trials."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hagane.errors import HaganeError, NotFoundError
from hagane.spec.read_yaml import read_yaml
from hagane.tuning.dimension import Dimension
from hagane.tuning.objective import Objective
from hagane.tuning.open_study import open_or_make_study, study_path
from hagane.tuning.space import Space
from hagane.tuning.study import Study
from hagane.tuning.study_about import StudyAbout
from hagane.tuning.study_winner import StudyWinner
from hagane.tuning.trial import Measurement, TrialState
from hagane.workflow.read_study import list_studies, read_study
from hagane.workflow.study_of_model import study_of_model
from hagane.workflow.trial_spec import trial_spec
from hagane.workspace.workspace import Workspace

ASKED = """data: f.csv
label: y
transform:
  h: ML.HASH_BUCKETIZE(s, HPARAM_RANGE(2, 9))
model: {type: logistic_reg, options: {l2_reg: "HPARAM_RANGE(0.0, 1.0)"}}
tuning: {num_trials: 3}
"""
SPACE = Space((Dimension(name="transform.h", low=2, high=9), Dimension(name="model.options.l2_reg", low=0.0, high=1.0)))


def make(workspace: Workspace, name: str, *aucs: float | None) -> Study:
    about = StudyAbout(name=name, spec=ASKED, searched_spec=ASKED, space=SPACE,
                       objectives=(Objective("roc_auc", "MAXIMIZE"),))  # fmt: skip
    study = open_or_make_study(study_path(workspace.studies_folder, name), about)
    for number, auc in enumerate(aucs, 2):
        trial = study.begin(study.create(), {"transform.h": number, "model.options.l2_reg": 0.5})
        if auc is None:
            study.end(msgspec.structs.replace(trial, state=TrialState.FAILED, error="out of memory"))
        else:
            measured = Measurement(iteration=1, elapsed_seconds=1.0, metrics={"roc_auc": auc})
            study.end(msgspec.structs.replace(trial, state=TrialState.SUCCEEDED, final_measurement=measured))
    return study


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_what_was_kept_is_read(workspace: Workspace) -> None:
    study = make(workspace, "late", 0.7, 0.8, None)
    winner = StudyWinner(trial=2, model="late@1", metrics={"roc_auc": 0.79}, intervals={"roc_auc": (0.7, 0.8)})
    study.keep_winner(winner)
    record = read_study("late", workspace=workspace)
    assert (record.best_trial.id, record.winner) == (2, winner)  # type: ignore[union-attr]
    assert [trial.state.value for trial in record.trials] == ["SUCCEEDED", "SUCCEEDED", "FAILED"]
    assert record.dimensions == SPACE.dimensions
    assert record.path.endswith("studies/late.sqlite")


def test_the_study_of_a_model_is_found_by_its_winner(workspace: Workspace) -> None:
    for name, model in (("late", "late@3"), ("late-2", "late@4")):
        make(workspace, name, 0.7).keep_winner(StudyWinner(trial=1, model=model))
    make(workspace, "without a winner", 0.7)
    assert study_of_model("late@4", workspace=workspace).name == "late-2"
    with pytest.raises(NotFoundError, match="no search is kept of which late@1 is the best model"):
        study_of_model("late@1", workspace=workspace)


def test_a_trials_spec_is_what_a_person_would_write(workspace: Workspace) -> None:
    make(workspace, "late", 0.7, 0.8)
    record = read_study("late", workspace=workspace)
    by_hand = read_yaml(
        ASKED.replace("HPARAM_RANGE(2, 9)", "3").replace('"HPARAM_RANGE(0.0, 1.0)"', "0.5").split("tuning:")[0]
    )
    assert trial_spec(record) == by_hand
    assert trial_spec(record, 1).transform == {"h": "ML.HASH_BUCKETIZE(s, 2)"}


def test_a_trial_that_is_none_is_told(workspace: Workspace) -> None:
    make(workspace, "late", None)
    record = read_study("late", workspace=workspace)
    with pytest.raises(NotFoundError, match="no trial has a value yet"):
        trial_spec(record)
    with pytest.raises(NotFoundError, match="no trial 7"):
        trial_spec(record, 7)
    assert trial_spec(record, 1).transform == {"h": "ML.HASH_BUCKETIZE(s, 2)"}


def test_a_name_that_is_none_has_a_nearest(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError, match="begin one: hagane tune"):
        read_study("late", workspace=workspace)
    make(workspace, "late", 0.7)
    with pytest.raises(NotFoundError, match="did you mean: late"):
        read_study("lates", workspace=workspace)


def test_a_broken_file_hides_no_other_study(workspace: Workspace) -> None:
    make(workspace, "late", 0.7)
    make(workspace, "other")
    (workspace.studies_folder / "broken.sqlite").write_bytes(b"no database at all" * 100)
    records, errors = list_studies(workspace)
    assert [record.name for record in records] == ["late", "other"]
    assert len(errors) == 1
    assert isinstance(errors[0], HaganeError)
    assert "broken" in errors[0].render()
