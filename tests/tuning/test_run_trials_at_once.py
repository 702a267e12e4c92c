from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.tuning.studies import SQUARE, sphere, study_of

from hagane.errors import TrainingError
from hagane.spec.tuning import TrialStopping
from hagane.tuning.run_trials_at_once import run_trials_at_once
from hagane.tuning.search import Search
from hagane.tuning.study import Study
from hagane.tuning.trial import TrialState


def run_at_once(
    kind: str, folder: Path, study: Study, num_trials: int = 6, num_workers: int = 2, **options: Any
) -> Search:
    command = [sys.executable, "-m", "tests.tuning.worker", kind, str(folder)]
    with Search(study, num_trials=num_trials, max_parallel_trials=num_workers, **options) as search:
        run_trials_at_once(search, command, folder, num_workers=num_workers, num_threads=3)
    return search


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def processes_of(folder: Path) -> set[int]:
    return {int(path.read_text().split()[0]) for path in folder.glob("began-*")}


def test_trials_run_at_once_in_processes_that_end_with_the_search(tmp_path: Path) -> None:
    study = study_of(None, SQUARE)
    search = run_at_once("pairs", tmp_path, study)
    trials = study.trials()
    assert search.reason == "num_trials"
    assert [trial.state for trial in trials] == [TrialState.SUCCEEDED] * 6
    for trial in trials:
        assert trial.final_measurement is not None
        assert trial.final_measurement.metrics == {"log_loss": pytest.approx(sphere(trial.parameters))}
        assert len(trial.measurements) == 8
        assert trial.num_columns == 3  # the threads that each was given
    found = processes_of(tmp_path)
    assert len(found) == 2
    assert not any(map(is_alive, found))


def test_a_trial_is_ended_in_a_process_as_in_this_one(tmp_path: Path) -> None:
    study = study_of(None, SQUARE, stopping=TrialStopping(min_iterations=2))
    run_at_once("plain", tmp_path, study, num_trials=12, max_iterations=lambda _: 8)
    stopped = [trial for trial in study.trials() if trial.state is TrialState.STOPPED]
    assert stopped
    assert {trial.stopped_by for trial in stopped} == {"successive_halving"}


def test_a_trial_whose_process_is_killed_thrice_has_failed_with_its_last_words(tmp_path: Path) -> None:
    study = study_of(None, SQUARE)
    run_at_once("kill", tmp_path, study)
    trials = study.trials()
    assert [trial.state for trial in trials].count(TrialState.SUCCEEDED) == 5
    assert (trials[1].state, trials[1].num_attempts) == (TrialState.FAILED, 3)
    assert "SIGKILL" in trials[1].error
    assert "no more memory" in trials[1].error


def test_a_trial_whose_process_died_by_chance_is_run_again_as_it_was(tmp_path: Path) -> None:
    study = study_of(None, SQUARE)
    run_at_once("once", tmp_path, study)
    undisturbed = study_of(None, SQUARE)
    run_at_once("plain", tmp_path, undisturbed)
    assert [trial.state for trial in study.trials()] == [TrialState.SUCCEEDED] * 6
    assert study.trials()[1].num_attempts == 2
    assert study.trials()[1].parameters == undisturbed.trials()[1].parameters


def test_infeasible_trials_are_told_from_failed_ones(tmp_path: Path) -> None:
    study = study_of(None, SQUARE)
    run_at_once("break", tmp_path, study)
    assert [trial.infeasible_reason for trial in study.trials()] == ["odd", "", "odd", "", "odd", ""]


def test_processes_that_do_not_start_end_the_search(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="do not start") as raised:
        run_at_once("never", tmp_path, study_of(None, SQUARE))
    assert "cannot begin" in raised.value.faults[0].received


def test_a_trial_that_says_nothing_is_cut_off_when_the_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hagane.tuning.run_trials_at_once.GRACE_SECONDS", -1e9)
    monkeypatch.setattr("hagane.tuning.run_trials_at_once.LOOK_SECONDS", 0.05)
    study = study_of(None, SQUARE)
    search = run_at_once("hang", tmp_path, study, seconds=3.0)
    assert search.reason in ("budget", "num_trials")
    assert not any(map(is_alive, processes_of(tmp_path)))
