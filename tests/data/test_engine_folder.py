"""Temporary folders of engines: gone with their owners, however those end."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hagane.data.engine import Engine
from hagane.data.engine_folder import LOCK_SUFFIX, remove_abandoned_folders

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
    held = [living.folder, other.folder]
    locks = [folder.with_name(folder.name + LOCK_SUFFIX) for folder in held]
    assert sorted(temporary.iterdir()) == sorted([*held, *locks])
    assert living.query("SELECT 1 AS one").to_pylist() == [{"one": 1}]
    for engine in (living, other):
        folder = engine.folder
        del engine
    del living, other
    assert not folder.exists()
    assert not list(temporary.iterdir())


KILLED_AT = (
    "import os, signal, sys\nfrom pathlib import Path\nfrom hagane.data import engine_folder\n"
    "from hagane.data.engine import Engine\n"
    "at, calls = int(sys.argv[1]), 0\n"
    "def watch(event, arguments):\n"
    "    global calls\n"
    "    if event in ('open', 'os.mkdir', 'os.remove', 'os.rmdir') and 'hagane-engine-' in str(arguments[0]):\n"
    "        calls += 1\n"
    "        if calls == at:\n"
    "            os.kill(os.getpid(), signal.SIGKILL)\n"
    "sys.addaudithook(watch)\n"
    "engine = Engine()\nengine.new_file('stream', '.parquet')\ndel engine\n"
)


def test_killed_before_any_change_of_its_files_a_process_leaves_nothing_for_long(temporary: Path) -> None:
    """While its folder is made and while it is removed, too."""
    moments = 0
    while True:
        ended = subprocess.run([sys.executable, "-c", KILLED_AT, str(moments + 1)], check=False)
        remove_abandoned_folders(temporary)
        assert list(temporary.iterdir()) == []
        if ended.returncode == 0:
            break
        moments += 1
    assert moments >= 5
