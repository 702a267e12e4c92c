"""The launcher itself is interrupted, told to end, or killed: no replica outlives it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.jobs.programs import is_alive, wait_until

HAGANE = (sys.executable, "-m", "hagane.fronts.cli", "launch")
CHILD = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(100)"
REPLICA = f"""
import os, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-S", "-c", {CHILD!r}])
if "--ignore" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "--save" in sys.argv:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))
print("pids", os.getpid(), child.pid, flush=True)
time.sleep(100)
"""


class Launched:
    """A launcher with two replicas, each with a child."""

    def __init__(
        self, folder: Path, *arguments: str, options: tuple[str, ...] = (), before: tuple[str, ...] = ()
    ) -> None:
        script = folder / "replica.py"
        script.write_text(REPLICA)
        place = ("--workers", "1", "--grace-seconds", "1", "--workspace", str(folder / "home"))
        self.process = subprocess.Popen(
            [*before, *HAGANE, *place, *options, str(script), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.pids: list[int] = []
        while len(self.pids) < 4:
            words = self.process.stdout.readline().split()
            self.pids += map(int, words[words.index("pids") + 1 :])

    def gone(self) -> bool:
        return not any(map(is_alive, self.pids))

    def end(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@pytest.fixture
def launched(tmp_path: Path) -> Iterator[list[Launched]]:
    """What is started is ended, whatever the test comes to."""
    found: list[Launched] = []
    yield found
    for each in found:
        each.process.kill()
        each.process.communicate()
        for pid in each.pids:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("arguments", [(), ("--ignore",)])
def test_a_killed_launcher_takes_replicas_and_their_children_with_it(tmp_path, launched, arguments):
    launched.append(Launched(tmp_path, *arguments))
    launched[0].process.kill()
    wait_until(launched[0].gone, seconds=10)


def test_replicas_end_with_the_launcher_even_where_the_guard_was_killed_first(tmp_path, launched):
    launched.append(Launched(tmp_path, "--ignore"))
    parent = launched[0].process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    (guard,) = set(map(int, children)) - set(launched[0].pids)
    os.kill(guard, signal.SIGKILL)
    launched[0].process.kill()
    wait_until(lambda: not any(map(is_alive, launched[0].pids[::2])), seconds=10)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_to_the_launcher_ends_the_job(tmp_path, launched, number, code):
    launched.append(Launched(tmp_path))
    launched[0].process.send_signal(number)
    returned, errors = launched[0].end()
    assert returned == code
    assert "the job was interrupted" in errors
    assert "Traceback" not in errors
    assert launched[0].gone()


def test_events_end_with_the_job_after_ctrl_c(tmp_path):
    sleep = ("--no-python", sys.executable, "-S", "-c", "import time; print('on', flush=True); time.sleep(100)")
    command = [*HAGANE, "--json", "--workspace", str(tmp_path), *sleep]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while json.loads(process.stdout.readline())["event"] != "line":
        pass
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["exited", "ended"]
    assert process.returncode == 130


def test_nohup_is_respected(tmp_path, launched):
    launched.append(Launched(tmp_path, before=("nohup",)))
    launched[0].process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert all(map(is_alive, launched[0].pids))
    launched[0].process.send_signal(signal.SIGTERM)
    assert launched[0].end()[0] == 143


def test_a_primary_replica_that_saves_its_state_says_so_with_its_code(tmp_path, launched):
    launched.append(Launched(tmp_path, "--save"))
    launched[0].process.send_signal(signal.SIGTERM)
    assert launched[0].end()[0] == 75


def test_a_second_signal_kills_at_once(tmp_path, launched):
    launched.append(Launched(tmp_path, "--ignore", options=("--grace-seconds", "60")))
    launched[0].process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert not launched[0].gone()
    launched[0].process.send_signal(signal.SIGINT)
    assert launched[0].end()[0] == 130
    assert launched[0].gone()


def test_a_reader_that_goes_away_ends_the_job(tmp_path, launched):
    """As in `hagane launch … | head -1`."""
    chatty = "import time\nfor i in range(10**6):\n    print(i, flush=True)\n    time.sleep(0.01)"
    command = [*HAGANE, "--workspace", str(tmp_path), "--no-python", sys.executable, "-c", chatty]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"chief-0 | 0\n"
    process.stdout.close()
    assert process.wait(timeout=20) == 1
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
