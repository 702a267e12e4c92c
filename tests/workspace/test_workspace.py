"""The registry, under one process and under many, and under processes that die."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hagane.errors import DataError, NotFoundError, SpecError, TrainingError
from hagane.spec.spec import Spec
from hagane.workspace.model_version import ModelVersion, model_name, parse_reference, spec_digest
from hagane.workspace.workspace import VersionSlot, Workspace

SPEC = Spec(data="f.csv", label="late")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home")


def write_bundle(slot: VersionSlot) -> None:
    slot.path.mkdir()
    (slot.path / "MANIFEST.json").write_text("{}")


def add(workspace: Workspace, name: str = "late") -> ModelVersion:
    with workspace.new_version(name) as slot:
        write_bundle(slot)
        return slot.publish(
            model_type="dnn_classifier",
            task="classification",
            label="late",
            spec=SPEC,
            metric=("roc_auc", 0.9),
            num_rows=7,
        )


def test_a_version_is_registered_whole(workspace):
    version = add(workspace)
    assert version.reference == "late@1"
    assert version.path == workspace.root / "models" / "late" / "1"
    assert (version.path / "MANIFEST.json").is_file()
    assert workspace.get("late") == version == workspace.list()[0]
    assert (version.metric, version.metric_value, version.num_rows) == ("roc_auc", 0.9, 7)
    assert version.spec_digest == spec_digest(SPEC)
    assert version.as_json()["path"] == str(version.path)


def test_nothing_is_made_by_looking(workspace):
    assert workspace.list() == []
    with pytest.raises(NotFoundError, match="train one first"):
        workspace.get("late")
    assert not workspace.root.exists()


def test_the_newest_comes_first_and_names_ignore_case(workspace):
    for name in ("late", "fare", "Late"):
        add(workspace, name)
    assert [version.reference for version in workspace.list()] == ["fare@1", "late@2", "late@1"]
    assert workspace.get("LATE").version == 2
    assert workspace.get("late@1").version == 1
    assert [version.reference for version in workspace.list("FARE")] == ["fare@1"]


def test_what_is_not_there_is_refused_with_the_nearest(workspace):
    add(workspace)
    with pytest.raises(NotFoundError) as caught:
        workspace.get("lat")
    assert caught.value.faults[0].nearest == "late"
    with pytest.raises(NotFoundError) as caught:
        workspace.get("late@7")
    assert caught.value.faults[0].what == "the model 'late' has no version '7'"
    assert caught.value.faults[0].nearest == "late@1"


@pytest.mark.parametrize(
    "reference", ["late@", "late@0", "late@x", "late@-1", "@1", "a b", "../x", "", "late@1@1", "late@1.5"]
)
def test_what_is_no_reference_is_refused(workspace, reference):
    with pytest.raises(NotFoundError, match="names no model"):
        parse_reference(reference)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a@1", "-x", ".hidden", "x" * 129, "ü", "a b"])
def test_what_cannot_name_a_model_is_refused(workspace, name):
    with pytest.raises(SpecError, match="cannot name a model"), workspace.new_version(name):
        pass


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "Überfällig?", "x" * 200, "late", "-", "日本"])
def test_any_label_gives_a_valid_name(workspace, text):
    add(workspace, model_name(text))


def test_a_failed_training_leaves_nothing(workspace):
    def fail() -> None:
        with workspace.new_version("late") as slot:
            write_bundle(slot)
            raise TrainingError("no rows")

    with pytest.raises(TrainingError):
        fail()
    assert workspace.list() == []
    assert list(workspace.scratch_parent.iterdir()) == []
    assert add(workspace).version == 2


def test_nothing_is_published_without_a_bundle(workspace):
    with workspace.new_version("late") as slot, pytest.raises(NotFoundError, match="no bundle was written"):
        slot.publish(model_type="t", task="regression", label="y", spec=SPEC)
    assert workspace.list() == []


def test_a_failed_row_takes_the_folder_back(workspace, monkeypatch):
    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setattr("hagane.workspace.workspace.fill", fail)
    with pytest.raises(sqlite3.OperationalError, match="disk full"):
        add(workspace)
    assert workspace.list() == []
    assert list(workspace.models_folder.glob("*/*")) == []


def test_delete_removes_row_and_folder_and_the_number_is_not_given_again(workspace):
    version = add(workspace)
    assert workspace.delete("late@1") == version
    assert not version.path.exists()
    with pytest.raises(NotFoundError):
        workspace.delete("late@1")
    assert add(workspace).version == 2


def test_bundle_path_takes_paths_names_and_versions(workspace, tmp_path, monkeypatch):
    first, second = add(workspace), add(workspace)
    assert workspace.bundle_path("late") == second.path
    assert workspace.bundle_path("late@1") == first.path
    assert workspace.bundle_path(str(first.path)) == first.path
    assert workspace.bundle_path(tmp_path) == tmp_path
    with pytest.raises(NotFoundError, match="no bundle at"):
        workspace.bundle_path(str(tmp_path))
    monkeypatch.chdir(first.path.parent)
    assert workspace.bundle_path("1") == Path("1")


def test_the_root_is_the_variables_or_the_current_directorys(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HAGANE_HOME", raising=False)
    assert Workspace().root == tmp_path / ".hagane"
    monkeypatch.setenv("HAGANE_HOME", str(tmp_path / "elsewhere"))
    assert Workspace().root == tmp_path / "elsewhere"
    add(Workspace())
    assert (tmp_path / "elsewhere" / ".gitignore").read_text() == "*\n"


def test_a_moved_workspace_still_finds_its_bundles(workspace, tmp_path):
    add(workspace)
    workspace.root.rename(tmp_path / "moved")
    assert Workspace(tmp_path / "moved").get("late").path == tmp_path / "moved" / "models" / "late" / "1"


def test_bundles_of_a_lost_registry_are_neither_overwritten_nor_removed(workspace):
    version = add(workspace)
    for file in workspace.root.glob("registry.sqlite*"):
        file.unlink()
    assert add(workspace).version == 2
    add(workspace)
    assert version.path.exists()


def test_a_registry_that_is_none_or_newer_is_named(workspace):
    add(workspace)
    with sqlite3.connect(workspace.registry.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(DataError, match="later release"):
        workspace.list()
    connection.close()
    for file in workspace.root.glob("registry.sqlite-*"):
        file.unlink()
    workspace.registry.path.write_bytes(b"not a database" * 100)
    with pytest.raises(DataError, match="is no registry"):
        workspace.list()


def start(script: str, root: Path) -> subprocess.Popen[str]:
    prelude = """
        import os, sys, time
        from hagane.spec.spec import Spec
        from hagane.workspace.workspace import Workspace
        workspace = Workspace(sys.argv[1])
        def add(name="late"):
            with workspace.new_version(name) as slot:
                slot.path.mkdir()
                (slot.path / "MANIFEST.json").write_text("{}")
                return slot.publish(model_type="t", task="regression", label="y", spec=Spec(data="f", label="y"))
    """
    program = textwrap.dedent(prelude) + textwrap.dedent(script)
    return subprocess.Popen([sys.executable, "-c", program, str(root)], stdout=subprocess.PIPE, text=True)


def test_processes_at_once_never_get_the_same_version(workspace):
    script = "print(*[add().version for _ in range(10)])"
    processes = [start(script, workspace.root) for _ in range(4)]
    given = [int(word) for process in processes for word in process.communicate(timeout=120)[0].split()]
    assert all(process.returncode == 0 for process in processes)
    assert sorted(given) == list(range(1, 41))
    assert [version.version for version in workspace.list()] == list(range(40, 0, -1))
    assert all((version.path / "MANIFEST.json").is_file() for version in workspace.list())


KILLED_AT = {
    "before_the_bundle": """
        with workspace.new_version("late") as slot:
            print("here", flush=True); time.sleep(60)
    """,
    "before_the_rename": """
        with workspace.new_version("late") as slot:
            slot.path.mkdir()
            print("here", flush=True); time.sleep(60)
    """,
    "between_folder_and_row": """
        import hagane.workspace.workspace as module
        module.fill = lambda *_: (print("here", flush=True), time.sleep(60))
        add()
    """,
    "between_row_and_folder_of_a_deletion": """
        import shutil
        add()
        shutil.rmtree = lambda *_, **__: (print("here", flush=True), time.sleep(60))
        workspace.delete("late@1")
    """,
}


@pytest.mark.parametrize("script", KILLED_AT.values(), ids=KILLED_AT)
def test_a_killed_process_leaves_nothing_broken(workspace, script):
    process = start(script, workspace.root)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    process.stdout.close()
    assert workspace.list() == []
    with pytest.raises(NotFoundError):
        workspace.get("late")
    assert add(workspace).version == 2
    assert [folder.name for folder in workspace.models_folder.glob("late/*")] == ["2"]
    assert list(workspace.scratch_parent.iterdir()) == []


def eventually(true: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def test_readers_are_not_held_up_by_a_writer(workspace):
    add(workspace)
    with workspace.registry.changing() as connection:
        connection.execute("UPDATE versions SET document = NULL")
        began = time.monotonic()
        assert len(workspace.list()) == 1
        assert time.monotonic() - began < 1


def test_a_live_scratch_folder_is_left_alone_and_a_dead_one_collected(workspace):
    script = """
        with workspace.scratch("run") as folder:
            (folder / "data").write_text("x")
            print(folder, flush=True); time.sleep(60)
    """
    process = start(script, workspace.root)
    assert process.stdout is not None
    theirs = Path(process.stdout.readline().strip())
    with workspace.scratch() as mine:
        assert mine.is_dir()
        assert (theirs / "data").is_file()
    assert not mine.exists()
    process.kill()
    process.wait(timeout=30)
    process.stdout.close()
    assert theirs.exists()
    with workspace.scratch():
        assert not theirs.exists()
    assert eventually(lambda: list(workspace.scratch_parent.iterdir()) == [])


def test_scratch_goes_when_the_work_fails(workspace):
    def fail() -> None:
        with workspace.scratch() as folder:
            (folder / "deep").mkdir()
            raise TrainingError("no rows")

    with pytest.raises(TrainingError):
        fail()
    assert list(workspace.scratch_parent.iterdir()) == []
