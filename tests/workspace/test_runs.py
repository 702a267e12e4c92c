"""Run folders: found again by the same training alone, listed, deleted, and no litter."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from hagane.errors import NotFoundError, StorageError
from hagane.fronts.cli.render_runs import render_runs
from hagane.workspace.folder_lock import lock_folder
from hagane.workspace.run_folder import ABOUT_FILE, CHECKPOINTS, KEPT_SECONDS, RunAbout, remove_run, run_folder
from hagane.workspace.run_releases import run_releases
from hagane.workspace.workspace import Workspace

ABOUT = RunAbout(
    name="late", model_type="dnn_classifier", label="late", data="flights.csv", spec="data: flights.csv\n",
    releases=run_releases(),
)  # fmt: skip
KILLED = (
    "import os, signal, sys\nfrom pathlib import Path\nfrom hagane.workspace.run_folder import run_folder\n"
    "with run_folder(Path(sys.argv[1]), 'a1') as folder:\n    (folder / 'kept').touch()\n"
    "    os.kill(os.getpid(), signal.SIGKILL)\n"
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home")


def leave_run(workspace: Workspace, key: str, step: int = 0, num_bytes: int = 10) -> Path:
    with run_folder(workspace.runs_folder, key, ABOUT) as folder:
        if step:
            saved = folder / CHECKPOINTS / f"step-{step:012}"
            saved.mkdir(parents=True)
            (saved / "tensors.safetensors").write_bytes(b"x" * num_bytes)
    return folder


def test_a_run_that_is_over_leaves_nothing(workspace: Workspace) -> None:
    with run_folder(workspace.runs_folder, "a1", ABOUT) as folder:
        remove_run(folder)
    assert list(workspace.runs_folder.iterdir()) == []


def test_a_killed_process_lets_go_of_its_run(workspace: Workspace) -> None:
    for _ in range(2):
        subprocess.run([sys.executable, "-c", KILLED, str(workspace.runs_folder)], check=False, timeout=60)
    with run_folder(workspace.runs_folder, "a1") as folder:
        assert (folder.name, (folder / "kept").exists()) == ("a1", True)
    assert sorted(path.name for path in workspace.runs_folder.iterdir()) == ["a1", "a1.lock"]


def test_who_looks_for_a_moment_takes_no_run_away(workspace: Workspace) -> None:
    leave_run(workspace, "a1", 3)
    looking = lock_folder(workspace.runs_folder / "a1")
    assert looking is not None
    code = (
        "import sys\nfrom pathlib import Path\nfrom hagane.workspace.run_folder import run_folder\n"
        "print('asks', flush=True)\n"
        "with run_folder(Path(sys.argv[1]), 'a1') as folder:\n    print(folder.name)\n"
    )
    asking = subprocess.Popen([sys.executable, "-c", code, str(workspace.runs_folder)], stdout=subprocess.PIPE)
    assert asking.stdout is not None
    assert asking.stdout.readline() == b"asks\n"
    time.sleep(0.03)
    os.close(looking)
    assert asking.communicate(timeout=60)[0] == b"a1\n"


def test_old_runs_go(workspace: Workspace) -> None:
    old, new = leave_run(workspace, "a1", 3), leave_run(workspace, "b2", 3)
    before = time.time() - KEPT_SECONDS - 60
    for path in (*old.rglob("*"), old):
        os.utime(path, (before, before))
    with run_folder(workspace.runs_folder, "c3"):
        pass
    assert (old.exists(), new.exists()) == (False, True)
    assert not old.with_name("a1.lock").exists()


def test_runs_are_listed_with_what_they_hold(workspace: Workspace) -> None:
    assert workspace.runs() == ()
    first = leave_run(workspace, "a1", 1234, num_bytes=5_000)
    long_ago = time.time() - 7_200
    for path in (*first.rglob("*"), first):
        os.utime(path, (long_ago, long_ago))
    with run_folder(workspace.runs_folder, "b2", ABOUT):
        running, interrupted = workspace.runs()
        assert (running.id, running.is_running, running.step) == ("b2", True, 0)
    assert (interrupted.id, interrupted.is_running, interrupted.step) == ("a1", False, 1234)
    assert interrupted.num_bytes == 5_000 + (first / ABOUT_FILE).stat().st_size
    assert running.age_seconds is None
    assert running.last_saved is None
    assert interrupted.age_seconds is not None
    assert 7_190 < interrupted.age_seconds < 7_300
    assert interrupted.about is not None
    assert (interrupted.about.name, interrupted.about.data) == ("late", "flights.csv")
    document = interrupted.as_json()
    assert (document["step"], document["name"], document["can_go_on"]) == (1234, "late", True)
    assert "data: flights.csv" not in str(document)


def test_a_run_of_another_release_is_told_apart(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_run(workspace, "a1", 7)
    assert workspace.run("a1").can_go_on
    monkeypatch.setattr("hagane.workspace.interrupted_runs.run_releases", lambda: "hagane 9.9, torch 9.9")
    assert not workspace.run("a1").can_go_on
    console = Console(width=80, file=StringIO())
    console.print(render_runs(workspace.runs()))
    assert f"a1 was begun by {run_releases()}, and cannot go on here" in console.file.getvalue().replace("\n", " ")


def test_a_run_without_a_checkpoint_is_not_said_to_be_saved(workspace: Workspace) -> None:
    leave_run(workspace, "a1")
    console = Console(width=80, file=StringIO())
    console.print(render_runs(workspace.runs()))
    assert "ago" not in console.file.getvalue()


def test_a_damaged_description_hides_no_run(workspace: Workspace) -> None:
    (leave_run(workspace, "a1", 7) / ABOUT_FILE).write_text("{")
    (found,) = workspace.runs()
    assert (found.about, found.step) == (None, 7)


def test_a_run_is_deleted_by_its_id_or_the_beginning_of_it(workspace: Workspace) -> None:
    for key in ("abc1", "abd2", "e3"):
        leave_run(workspace, key, 5)
    with pytest.raises(NotFoundError, match="'ab' begins 2 runs' ids"):
        workspace.delete_run("ab")
    with pytest.raises(NotFoundError, match="no run 'abx1'"):
        workspace.delete_run("abx1")
    with pytest.raises(NotFoundError):
        workspace.delete_run("")
    assert workspace.delete_run("abc").id == "abc1"
    assert workspace.delete_run("e3").step == 5
    assert sorted(path.name for path in workspace.runs_folder.iterdir()) == ["abd2", "abd2.lock"]


def test_a_run_that_goes_on_is_not_deleted(workspace: Workspace) -> None:
    with run_folder(workspace.runs_folder, "a1", ABOUT) as folder:
        with pytest.raises(StorageError, match="the run a1 is going on"):
            workspace.delete_run("a1")
        assert folder.is_dir()


def test_a_run_is_as_old_as_its_newest_file(tmp_path: Path) -> None:
    """A fit of three weeks writes its checkpoints below its folder, whose own time stays."""
    with run_folder(tmp_path, "a1") as folder:
        saved = folder / "checkpoints" / "step-000000000009"
        saved.mkdir(parents=True)
        (saved / "checkpoint.json").write_text("{}")
    for path in (folder, folder / "checkpoints", saved):
        os.utime(path, (1e9, 1e9))
    with run_folder(tmp_path, "b2"):
        assert saved.is_dir()
    with run_folder(tmp_path, "a1") as again:
        assert again == folder
        assert saved.is_dir()


def test_of_two_same_runs_the_one_that_was_interrupted_is_gone_on_with(tmp_path: Path) -> None:
    with run_folder(tmp_path, "a1") as first, run_folder(tmp_path, "a1") as second:
        (second / "checkpoints").mkdir()
        remove_run(first)
    with run_folder(tmp_path, "a1") as again:
        assert again == second
