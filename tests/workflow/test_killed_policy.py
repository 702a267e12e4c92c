"""`kill -9` at each step of a policy, and in its training: the next process goes on, and nothing happens twice."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from policy_world import PolicyWorld, add_rows, rows, train_first

MOMENTS = [*(str(number) for number in range(16)), "training"]
"""Eight writings of the journal: of a training and a canary two each, of what is waited for and found one."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    train_first(folder)
    add_rows(folder, "new", rows(3000, 3, changed=True))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_it_goes_on(base: Path, tmp_path: Path, moment: str) -> None:
    world = PolicyWorld(base, tmp_path)
    world.drift()
    assert run(tmp_path, moment) == -signal.SIGKILL
    assert run(tmp_path, "-1") == 0
    done = [(step.action, step.status) for step in world.journal.steps() if step.status == "done"]
    assert done == [(action, "done") for action in ("retrain", "evaluate", "canary", "promote")]
    assert [version.version for version in world.place.list("tipped")] in ([2, 1], [1, 2])
    assert world.split() == {"tipped@2": 100}
    assert world.revisions() == ["deploy tipped@1, traffic 100",
                                 "deploy tipped@2, traffic 20, label canary (policy, attempt 1)",
                                 "deploy tipped@2, traffic 100 (policy, attempt 1)"]  # fmt: skip
    shutil.rmtree(tmp_path / "home")


def run(folder: Path, moment: str) -> int:
    """How the process ended."""
    command = [sys.executable, "-m", "tests.workflow.killed_policy", str(folder), moment]
    return subprocess.run(command, check=False, cwd=Path(__file__).parents[2], timeout=200).returncode
