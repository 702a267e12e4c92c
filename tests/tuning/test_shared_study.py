"""A study in a PostgreSQL database that several machines share; here they are processes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.tuning.studies import SQUARE, searched, sphere, study_of

from hagane.errors import NotFoundError, StorageError
from hagane.tuning.open_study import open_or_make_study, open_study
from hagane.tuning.trial import Trial, TrialState

pytest.importorskip("psycopg", reason="no driver of PostgreSQL: pip install 'hagane[postgresql]'")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    pgserver = pytest.importorskip("pgserver", reason="no PostgreSQL server: pip install pgserver")
    running = pgserver.get_server(str(tmp_path_factory.mktemp("postgresql")))
    yield running
    running.cleanup()


@pytest.fixture
def url(server: object, request: pytest.FixtureRequest) -> str:
    name = f"study{abs(hash(request.node.name)) % 10**8}"
    server.psql(f"CREATE DATABASE {name}")  # type: ignore[attr-defined]
    return str(server.get_uri(name))  # type: ignore[attr-defined]


def machine(url: str, folder: Path, num_trials: int, kind: str) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.tuning.machine", url, str(folder), str(num_trials), kind]
    return subprocess.Popen(command)


def trials_of(url: str) -> tuple[Trial, ...]:
    with closing(open_study(url, "late")) as study:
        return study.trials()


def test_a_study_in_a_database_goes_on_as_one_in_a_file(url: str, tmp_path: Path) -> None:
    with closing(open_or_make_study(url, study_of(None, SQUARE, algorithm="tpe").about)) as study:
        searched(study, sphere, 3)
    with closing(open_study(url, "late")) as study:
        searched(study, sphere, 5)
        kept = study.trials()
    in_memory = study_of(None, SQUARE, algorithm="tpe")
    searched(in_memory, sphere, 5)
    assert [trial.parameters for trial in kept] == [trial.parameters for trial in in_memory.trials()]
    with pytest.raises(NotFoundError) as raised:
        open_study(url, "lat")
    assert raised.value.faults[0].nearest == "late"


def test_a_database_that_is_not_there_is_told_without_its_password() -> None:
    with pytest.raises(StorageError) as raised:
        open_study("postgresql://somebody:secret@127.0.0.1:1/none", "late")
    assert "secret" not in raised.value.render()


@pytest.mark.slow
@pytest.mark.timeout(100)
def test_machines_share_the_trials_of_a_study(url: str, tmp_path: Path) -> None:
    machines = [machine(url, tmp_path / "ran", 12, "both") for _ in range(2)]
    assert [each.wait() for each in machines] == [0, 0]
    ran = [path.name for path in (tmp_path / "ran").iterdir()]
    assert len({name.partition("-")[2] for name in ran}) == 2
    trials = trials_of(url)
    assert {trial.state for trial in trials} == {TrialState.SUCCEEDED}
    assert 12 <= len(trials) <= 13  # both may have seen that one was missing
    assert len(ran) == len(trials)  # each was run once
    assert len({str(trial.parameters) for trial in trials}) == len(trials)


@pytest.mark.slow
@pytest.mark.timeout(100)
def test_the_trial_of_a_machine_that_died_is_run_by_another(url: str, tmp_path: Path) -> None:
    dying = machine(url, tmp_path / "ran", 4, "dies")
    while not [*(tmp_path / "ran").glob("2-*")]:
        assert dying.poll() is None
        time.sleep(0.02)
    killed = trials_of(url)[1]
    dying.kill()
    dying.wait()
    assert machine(url, tmp_path / "ran", 4, "lives").wait() == 0
    trials = trials_of(url)
    assert [trial.state for trial in trials] == [TrialState.SUCCEEDED] * 4
    assert (trials[1].parameters, trials[1].num_attempts) == (killed.parameters, 2)
    assert len([*(tmp_path / "ran").glob("1-*")]) == 1


@pytest.mark.slow
@pytest.mark.timeout(100)
def test_a_machine_that_lives_keeps_its_trial_however_long_it_takes(url: str, tmp_path: Path) -> None:
    slow = machine(url, tmp_path / "ran", 4, "dies")
    while not [*(tmp_path / "ran").glob("2-*")]:
        assert slow.poll() is None
        time.sleep(0.02)
    other = machine(url, tmp_path / "ran", 4, "lives")
    with pytest.raises(subprocess.TimeoutExpired):
        other.wait(8)  # it waits for the other's trial, four times as long as one that is dead would be waited for
    assert len([*(tmp_path / "ran").glob("2-*")]) == 1
    slow.kill()
    slow.wait()
    assert other.wait() == 0
    assert [trial.state for trial in trials_of(url)] == [TrialState.SUCCEEDED] * 4
