"""AutoML killed at random moments (SIGKILL) goes on when it is started again, and ends as if nothing had happened."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.workflow.test_automl import rows

from hagane.workspace.workspace import Workspace

SCRIPT = Path(__file__).with_name("killed_automl.py")


def started(workspace: Path, data: Path) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), str(workspace), str(data)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def lines_of(process: subprocess.Popen[str]) -> list[str]:
    out, _ = process.communicate(timeout=280)
    return out.splitlines()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "rows.parquet"
    pq.write_table(rows(), data)
    undisturbed = lines_of(started(tmp_path / "undisturbed", data))
    assert undisturbed[-1] == "done m@1"
    random.seed(5)
    begun: list[str] = []
    workspace = tmp_path / "killed"
    for _ in range(20):
        process = started(workspace, data)
        assert process.stdout is not None
        begun += [process.stdout.readline().strip()]  # a trial has begun, or what is left of the work is the training
        time.sleep(random.uniform(0, 1.5))
        process.send_signal(signal.SIGKILL)
        begun += lines_of(process)
        if begun[-1].startswith("done"):
            break
    else:
        begun += lines_of(started(workspace, data))
    trials = [line for line in begun if line.startswith("trial")]
    assert begun[-1].startswith("done m@")  # m@2 where it was killed between registering and saying so
    assert len(trials) <= len([line for line in undisturbed if line.startswith("trial")]) + 20
    graphs = [Workspace(place).get("m").path / "model.onnx" for place in (tmp_path / "undisturbed", workspace)]
    assert graphs[0].read_bytes() == graphs[1].read_bytes()
    assert Workspace(workspace).runs() == ()
