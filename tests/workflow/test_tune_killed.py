"""A study that is killed at any moment goes on: nothing that succeeded is lost, or run again."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.workflow.studied import NUM_TRIALS, spec_of, studied

from hagane.spec.write_yaml import write_yaml
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.trial import Trial, TrialState
from hagane.workflow.read_study import read_study
from hagane.workflow.trial_workers import threads_each
from hagane.workspace.workspace import Workspace

ENDS = """
import os
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, inputs, how="ok"):
        super().__init__()
        self.names = [feature.name for feature in inputs.features if feature.kind == "dense"]
        self.linear, self.how = nn.Linear(len(self.names), inputs.num_outputs), how

    def forward(self, features):
        if self.training and self.how == "ends":
            os._exit(7)
        return self.linear(torch.stack([features[name] for name in self.names], 1))
"""
SPEC_THAT_ENDS = """
data: {data}
label: value
name: ends
transform: {{x: ML.STANDARD_SCALER(x) OVER ()}}
model:
  type: torch_regressor
  options:
    module: "ends:Net"
    max_iterations: 2
    module_options: {{how: "HPARAM_CANDIDATES(['ok', 'ends'])"}}
tuning: {{num_trials: 2, algorithm: grid}}
"""


@pytest.fixture(scope="module")
def data(mixed: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("data") / "rows.parquet"
    pq.write_table(mixed.slice(0, 600), path)
    return str(path)


@pytest.fixture(scope="module")
def undisturbed(data: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trial, ...]:
    return studied(Workspace(tmp_path_factory.mktemp("undisturbed")), data).record.trials


def record_of(workspace: Workspace) -> StudyRecord | None:
    is_there = (workspace.studies_folder / "killed.sqlite").is_file()
    return read_study("killed", workspace=workspace) if is_there else None


def num_ended(workspace: Workspace) -> int:
    """How many trials have ended, seen as cheaply as can be: the study goes on meanwhile."""
    path = workspace.studies_folder / "killed.sqlite"
    if not path.is_file():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM trials WHERE state = 'COMPLETE'").fetchone()
    return int(count)


def killed_when(workspace: Workspace, data: str, num_workers: int, least_ended: int, delay: float) -> None:
    """Begin the study, and kill it `delay` after so many of its trials ended (or let it end)."""
    command = [sys.executable, "-m", "tests.workflow.studied", str(workspace.root), data, str(num_workers)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        if num_ended(workspace) >= least_ended:
            time.sleep(delay)
            break
        time.sleep(0.02)
    process.kill()
    process.wait()


def check_goes_on(workspace: Workspace, data: str, num_workers: int, undisturbed: tuple[Trial, ...]) -> None:
    before = record_of(workspace)
    kept = [trial for trial in (before.trials if before else ()) if trial.state is TrialState.SUCCEEDED]
    result = studied(workspace, data, num_workers)
    trials = result.record.trials
    assert [trial.parameters for trial in trials] == [trial.parameters for trial in undisturbed]
    assert [trial.state for trial in trials] == [TrialState.SUCCEEDED] * NUM_TRIALS
    for trial in kept:
        assert trials[trial.id - 1] == trial  # its times, too: it was not run again
    for trial, other in zip(trials, undisturbed, strict=True):
        assert trial.final_measurement is not None
        assert other.final_measurement is not None
        assert trial.final_measurement.metrics == other.final_measurement.metrics
    assert result.best.id == max(undisturbed, key=lambda trial: trial.final_measurement.metrics["r2_score"]).id  # type: ignore[union-attr,return-value]
    assert [path.name for path in workspace.studies_folder.iterdir() if path.suffix == ".sqlite"] == ["killed.sqlite"]


def children_of(process: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == process:
            found.append(int(status.parent.name))
    return found


@pytest.mark.parametrize(("num_workers", "least_ended"), [(1, 2), pytest.param(2, 1, marks=pytest.mark.slow)])
def test_a_study_that_is_killed_goes_on(
    tmp_path: Path, data: str, undisturbed: tuple[Trial, ...], num_workers: int, least_ended: int
) -> None:
    workspace = Workspace(tmp_path)
    killed_when(workspace, data, num_workers, least_ended, 0.05)
    check_goes_on(workspace, data, num_workers, undisturbed)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(20))
def test_a_study_that_is_killed_at_any_moments_goes_on(
    tmp_path: Path, data: str, undisturbed: tuple[Trial, ...], seed: int
) -> None:
    moments = random.Random(seed)
    workspace = Workspace(tmp_path)
    num_workers = moments.choice((1, 2))
    for _ in range(moments.randrange(1, 4)):
        killed_when(workspace, data, num_workers, moments.randrange(NUM_TRIALS), moments.random() / 2)
    check_goes_on(workspace, data, num_workers, undisturbed)


@pytest.mark.slow
def test_processes_of_a_study_that_is_killed_end_with_it(tmp_path: Path, data: str) -> None:
    command = [sys.executable, "-m", "tests.workflow.studied", str(tmp_path), data, "2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(workers := children_of(process.pid)) < 2:
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{worker}/cmdline").exists() and is_running(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing(tmp_path: Path, data: str, undisturbed: tuple[Trial, ...]) -> None:
    workspace = Workspace(tmp_path)
    command = [sys.executable, "-m", "tests.workflow.studied", str(tmp_path), data, "2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while num_ended(workspace) < 1:
        assert process.poll() is None
        time.sleep(0.02)
    for worker in children_of(process.pid)[:1]:
        os.kill(worker, signal.SIGKILL)
    assert process.wait() == 0
    trials = read_study("killed", workspace=workspace).trials
    assert [trial.state for trial in trials] == [TrialState.SUCCEEDED] * NUM_TRIALS
    assert [trial.parameters for trial in trials] == [trial.parameters for trial in undisturbed]


@pytest.mark.slow
@pytest.mark.parametrize("num_workers", [1, 2])
@pytest.mark.parametrize("notice", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_told_to_end_gives_back_what_runs(
    tmp_path: Path, data: str, undisturbed: tuple[Trial, ...], num_workers: int, notice: signal.Signals
) -> None:
    workspace = Workspace(tmp_path / "workspace")
    (tmp_path / "spec.yaml").write_text(write_yaml(spec_of(data, num_workers)))
    command = [sys.executable, "-m", "hagane.fronts.cli", "tune", "spec.yaml", "--workspace", str(workspace.root)]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a command in the background would ignore it
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    signal.signal(signal.SIGINT, before)
    while num_ended(workspace) < 1:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(notice)
    _, told = process.communicate()
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 75}[notice], told.decode()
    assert b"Traceback" not in told
    record = record_of(workspace)
    assert record is not None
    assert TrialState.ACTIVE not in {trial.state for trial in record.trials}
    assert {trial.num_attempts for trial in record.trials if trial.ended is None} <= {0}
    check_goes_on(workspace, data, num_workers, undisturbed)


@pytest.mark.slow
def test_processes_at_once_have_no_more_threads_at_work_than_their_share_of_the_cores(tmp_path: Path) -> None:
    random_ = np.random.default_rng(0)
    columns = {name: random_.normal(size=60_000) for name in ("x", "value", "a", "b", "c")}
    pq.write_table(pa.table(columns | {"k": random_.integers(0, 9, 60_000)}), tmp_path / "rows.parquet")
    command = [sys.executable, "-m", "tests.workflow.studied", str(tmp_path), str(tmp_path / "rows.parquet"), "2"]
    free = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    process = subprocess.Popen(command, env=free, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen: dict[int, dict[str, float]] = {}
    while process.poll() is None:
        for worker in children_of(process.pid):
            seen.setdefault(worker, {}).update(thread_seconds(worker))
        time.sleep(0.05)
    assert process.returncode == 0
    assert len(seen) == 2
    for threads in seen.values():
        at_work = [seconds for seconds in threads.values() if seconds > 0.2 * sum(threads.values())]
        assert 1 <= len(at_work) <= threads_each(2)


def thread_seconds(process: int) -> dict[str, float]:
    """Thread → the processor's time that it has had."""
    found = {}
    for status in Path(f"/proc/{process}/task").glob("*/stat"):
        with suppress(OSError):
            fields = status.read_text().rpartition(")")[2].split()
            found[status.parent.name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


def is_running(process: int) -> bool:
    """Not a zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
def test_what_kills_the_only_process_is_isolated_when_the_command_is_given_again(tmp_path: Path, data: str) -> None:
    workspace = Workspace(tmp_path)
    (tmp_path / "ends.py").write_text(ENDS)
    spec = SPEC_THAT_ENDS.format(data=data)
    (tmp_path / "spec.yaml").write_text(spec)
    command = [sys.executable, "-m", "hagane.fronts.cli", "tune", "spec.yaml", "--workspace", str(tmp_path), "--json"]
    first = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert first.returncode == 7
    second = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert second.returncode == 0, second.stderr.decode()
    record = read_study("ends", workspace=workspace)
    assert [trial.state for trial in record.trials] == [TrialState.SUCCEEDED, TrialState.FAILED]
    assert "ended with code 7" in record.trials[1].error
