from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from tests.tuning.studies import SMALL, SQUARE, searched, sphere, study_of

from hagane.errors import DataError, NotFoundError, StorageError
from hagane.tuning.open_study import open_or_make_study, open_study, study_path
from hagane.tuning.search import Search
from hagane.tuning.trial import Measurement, TrialState


def measured(iteration: int, value: float) -> Measurement:
    return Measurement(iteration=iteration, elapsed_seconds=iteration / 2, metrics={"log_loss": value})


def test_a_study_is_one_file_that_says_all_that_it_was_told(tmp_path: Path) -> None:
    study = study_of(tmp_path, SQUARE)
    with Search(study, num_trials=2) as search:
        trial = search.next_trial()
        assert trial is not None
        search.measured(trial, measured(1, 0.9))
        search.measured(trial, measured(2, 0.8))
    study.close()
    found = open_study(study_path(tmp_path, "late"), "late")
    found.close()
    assert [path.name for path in tmp_path.iterdir()] == ["late.sqlite"]
    assert found.about == study.about
    (again,) = found.trials()
    assert again.state is TrialState.REQUESTED
    assert again.parameters == trial.parameters


def test_what_a_killed_process_left_of_a_new_study_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".late.sqlite.partial-1").write_bytes(b"half")
    study_of(tmp_path, SQUARE).close()
    assert [path.name for path in tmp_path.iterdir()] == ["late.sqlite"]


def test_what_is_told_on_the_way_is_kept(tmp_path: Path) -> None:
    study = study_of(tmp_path, SQUARE)
    trial = study.begin(study.create(), {"x": 0.5, "y": 0.25})
    trial = study.measured(trial, measured(1, 0.9))
    trial = study.measured(trial, measured(12, 0.8))
    running = open_study(study_path(tmp_path, "late"), "late").trials()[0]
    assert running.measurements == (measured(1, 0.9), measured(12, 0.8))
    assert running.state is TrialState.ACTIVE
    assert running.started == trial.started


def test_a_trial_that_its_process_did_not_survive_is_run_again_as_it_was(tmp_path: Path) -> None:
    study = study_of(tmp_path, SQUARE)
    killed = study.measured(study.begin(study.create(), {"x": 0.5, "y": 0.25}), measured(1, 0.9))
    later = study_of(tmp_path, SQUARE)
    with Search(later, num_trials=1) as search:
        search.recover()
        trial = search.next_trial()
    assert trial is not None
    assert (trial.id, trial.parameters, trial.num_attempts) == (killed.id, killed.parameters, 2)
    assert trial.measurements == ()


def test_a_trial_that_no_process_survives_is_failed_in_the_end(tmp_path: Path) -> None:
    study = study_of(tmp_path, SQUARE)
    for _ in range(3):
        trial = study.claim() or study.create()
        study.begin(trial, {"x": 0.5, "y": 0.25})
        Search(study, num_trials=1).recover()
    (trial,) = study.trials()
    assert (trial.state, trial.error) == (TrialState.FAILED, "its process died 3 times while it ran")


def test_a_trial_whose_end_was_written_is_not_run_again(tmp_path: Path) -> None:
    study = study_of(tmp_path, SQUARE)
    searched(study, sphere, 1)
    with sqlite3.connect(study_path(tmp_path, "late")) as storage:  # as a kill between both writes would leave it
        storage.execute("UPDATE trials SET state = 'RUNNING', datetime_complete = NULL")
        storage.execute("DELETE FROM trial_values")
    later = study_of(tmp_path, SQUARE)
    Search(later, num_trials=1).recover()
    assert later.trials() == study.trials()
    assert later.claim() is None


def test_a_kill_before_the_parameters_are_all_written_is_made_up_for(tmp_path: Path) -> None:
    study = study_of(tmp_path, SQUARE)
    study.create()
    study.begin(study.create(), {"x": 0.5, "y": 0.25})
    with sqlite3.connect(study_path(tmp_path, "late")) as storage:
        storage.execute("DELETE FROM trial_params WHERE param_name = 'y'")
    later = study_of(tmp_path, SQUARE)
    with Search(later, num_trials=2) as search:
        search.recover()
        first, second = search.next_trial(), search.next_trial()
    assert first is not None
    assert second is not None
    assert (first.id, second.id, second.parameters) == (1, 2, {"x": 0.5, "y": 0.25})
    assert set(first.parameters) == {"x", "y"}


def test_a_study_that_is_not_there_is_told_with_the_nearest(tmp_path: Path) -> None:
    study_of(tmp_path, SMALL)
    with pytest.raises(NotFoundError) as raised:
        open_study(study_path(tmp_path, "lat"), "lat")
    assert raised.value.faults[0].nearest == "late"


def test_a_file_that_is_no_study_is_left_as_it_is(tmp_path: Path) -> None:
    path = study_path(tmp_path, "late")
    path.write_bytes(b"not a database" * 200)
    with pytest.raises(StorageError):
        open_study(path, "late")
    assert path.read_bytes() == b"not a database" * 200


def test_a_study_of_another_maker_is_refused(tmp_path: Path) -> None:
    import optuna

    path = study_path(tmp_path, "late")
    other = optuna.create_study(study_name="late", storage=f"sqlite:///{path}")
    other.enqueue_trial({"x": 1})
    with pytest.raises(DataError, match="was not made by Hagane"):
        open_or_make_study(path, study_of(None, SMALL).about)


def test_a_folder_that_cannot_be_written_is_told() -> None:
    with pytest.raises(StorageError):
        study_of(Path("/proc/none"), SMALL)
