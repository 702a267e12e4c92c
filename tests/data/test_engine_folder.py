"""Temporary folders of engines: gone with their owners, however those end."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hagane.data.engine import Engine
from hagane.data.engine_folder import GRACE_SECONDS, PREFIX, remove_abandoned_folders

KILLED = (
    "import os, signal\nfrom hagane.data.engine import Engine\nengine = Engine()\n"
    "engine.new_file('stream', '.parquet').write_bytes(b'x' * 100)\nprint(engine.folder, flush=True)\n"
    "os.kill(os.getpid(), signal.SIGKILL)\n"
)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_what_a_killed_process_left_is_removed_by_the_next_engine(temporary: Path) -> None:
    living = Engine()
    left = [
        Path(subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, check=False).stdout.strip())
        for _ in range(2)
    ]
    assert not left[0].exists()
    assert left[1].is_dir()
    other = Engine()
    assert sorted(temporary.iterdir()) == sorted([living.folder, other.folder])
    assert living.query("SELECT 1 AS one").to_pylist() == [{"one": 1}]
    for engine in (living, other):
        folder = engine.folder
        del engine
    del living, other
    assert not folder.exists()
    assert not list(temporary.iterdir())


def test_a_folder_that_is_being_made_is_left_alone(temporary: Path) -> None:
    folder = temporary / f"{PREFIX}new"
    folder.mkdir()
    remove_abandoned_folders(temporary)
    assert folder.is_dir()
    old = folder.stat().st_mtime - 2 * GRACE_SECONDS
    os.utime(folder, (old, old))
    remove_abandoned_folders(temporary)
    assert not folder.exists()
