"""`hagane launch` and `hagane.launch`: what their users see."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import hagane
from hagane.errors import HaganeError, ReplicaError, SpecError
from hagane.fronts.cli.run import run
from hagane.jobs.events import Exited

TRAIN = """
import os, sys
print("rank", os.environ["RANK"], *sys.argv[1:])
if "--fail" in sys.argv and os.environ["RANK"] == "1":
    raise SystemExit(9)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory with a program, and an empty workspace."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HAGANE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "run.sh").write_text("echo from a shell")
    (tmp_path / "trainer").mkdir()
    (tmp_path / "trainer" / "__init__.py").touch()
    (tmp_path / "trainer" / "task.py").write_text(TRAIN)
    return tmp_path


def test_lines_stand_behind_the_names_of_their_replicas(here, capfd):
    assert run(["launch", "--workers", "1", "train.py", "--lr", "0.1", "--json"]) == 0
    out, err = capfd.readouterr()
    assert sorted(out.splitlines()) == ["chief-0  | rank 0 --lr 0.1 --json", "worker-0 | rank 1 --lr 0.1 --json"]
    assert re.search(r"note: 2 replicas, OMP_NUM_THREADS=\d+ each; logs in .*/home/jobs/train-2", err)
    assert "note: the job succeeded in" in err
    assert (here / "home" / ".gitignore").is_file()


@pytest.fixture
def no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


@pytest.mark.parametrize("arguments", [["--", "-x", "--", "y"], ["-x", "--", "y"]])
def test_dashes_may_stand_before_the_arguments(here, capfd, arguments):
    assert run(["launch", "train.py", *arguments]) == 0
    assert capfd.readouterr().out == "chief-0 | rank 0 -x -- y\n"


def test_a_failing_replica_is_shown_and_its_code_is_ours(here, capfd):
    assert run(["launch", "--workers", "2", "train.py", "--fail"]) == 9
    err = capfd.readouterr().err
    assert re.search(r"error: worker-0 failed after .* s: exit code 9\n  where: .*/worker-0.log\n", err)
    assert "its last lines\n    rank 1 --fail" in err


def test_events_are_lines_of_json(here, capfd):
    assert run(["launch", "--json", "--workers", "1", "train.py", "--fail"]) == 9
    out, err = capfd.readouterr()
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["event"] for event in events[:3]] == ["note", "started", "started"]
    assert events[-1] | {"time": 0, "seconds": 0, "folder": ""} == {
        "event": "ended",
        "time": 0,
        "state": "failed",
        "exit_code": 9,
        "failed": "worker-0",
        "seconds": 0,
        "folder": "",
    }
    assert {event["event"] for event in events} == {"note", "started", "line", "exited", "ended"}
    assert err == ""


def test_a_module_of_a_package_elsewhere(here, capfd, monkeypatch):
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    arguments = ["--package-path", str(here / "trainer"), "--job-dir", "out", "trainer.task"]
    assert run(["launch", "--worker-count", "1", *arguments]) == 0
    assert "worker-0 | rank 1 --job-dir out" in capfd.readouterr().out
    assert {each.name for each in (here / "elsewhere" / "out").iterdir()} == {"model", "checkpoints", "logs"}


def test_a_job_from_a_file(here, capfd):
    worker = f"{{command: [{sys.executable}, train.py], env: [{{name: A, value: b}}]}}"
    spec = "{python_module: trainer.task, package_uris: [.], args: [--a]}"
    (here / "job.yaml").write_text(
        "display_name: census\nworker_pool_specs:\n"
        f"  - {{machine_spec: {{machine_type: x}}, replica_count: 1, python_package_spec: {spec}}}\n"
        f"  - {{replica_count: 2, container_spec: {worker}}}\n"
    )
    assert run(["launch", "job.yaml"]) == 0
    out, err = capfd.readouterr()
    assert sorted(out.splitlines()) == ["chief-0  | rank 0 --a", "worker-0 | rank 1", "worker-1 | rank 2"]
    assert "note: worker_pool_specs[0].machine_spec is ignored: replicas run on this machine" in err
    assert "/jobs/census-2" in err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["trian.py"], 8, ("no script at trian.py", "did you mean: train.py", "--no-python")),
        (["run.sh"], 3, ("run.sh is no Python script", "hagane launch --no-python bash run.sh")),
        (["--no-python", "no-such-program"], 8, ("no program no-such-program", "$PATH")),
        (["no_such_module"], 1, ("chief-0 failed", "No module named no_such_module")),
        (["--workers", "-1", "train.py"], 2, ("--worker",)),
        (["--python", "/no/such/python", "train.py"], 5, ("cannot be started", "No such file")),
        (["--max-restarts", "-1", "train.py"], 3, ("max_restarts cannot be -1", "0 or more")),
        (["--env", "A", "train.py"], 2, ("--env A: expected NAME=VALUE",)),
        (["--start-port", "70000", "train.py"], 5, ("port 70000",)),
        (["--node-rank", "1", "train.py"], 3, ("there is no node 1", "--nodes")),
        (["missing.yaml"], 8, ("no job at missing.yaml",)),
        (["--workers", "2", "missing.yaml"], 2, ("write them into that file",)),
        (["--gpus-per-replica", "99", "train.py"], 3, ("1 replica with 99", "are visible here")),
    ],
)
@pytest.mark.usefixtures("here", "no_gpus")
def test_mistakes_are_told(capfd, arguments, code, words):
    assert run(["launch", *arguments]) == code
    err = capfd.readouterr().err
    assert all(word in err for word in words), err
    assert "Traceback" not in err


def test_nothing_heavy_is_imported(here):
    heavy = ("torch", "numpy", "duckdb", "pyarrow", "onnx", "lightgbm")
    program = "import sys\nfrom hagane.fronts.cli.run import run\nrun(['launch', '--no-python', 'true'])\n"
    program += f"print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


def test_from_python(here, capfd):
    seen: list[str] = []
    result = hagane.launch("train.py", ["--lr", 0.1], workers=1, env={"A": "b"}, name="mine")
    assert result.exit_code == 0
    assert result.folder.parent == here / "home" / "jobs"
    assert sorted(capfd.readouterr().out.splitlines()) == ["chief-0 | rank 0 --lr 0.1", "worker-0 | rank 1 --lr 0.1"]
    see = lambda event: seen.append(event.replica) if isinstance(event, Exited) else None  # noqa: E731
    with pytest.raises(ReplicaError, match="worker-0 failed") as raised:
        hagane.launch(here / "train.py", ["--fail"], workers=1, on_event=see)
    assert raised.value.exit_code == 9
    assert sorted(seen) == ["chief-0", "worker-0"]
    with pytest.raises(SpecError) as refused:
        hagane.launch("train.py", wokers=1, max_restarts="three")
    assert [fault.nearest for fault in refused.value.faults] == ["workers", ""]
    pool = f"{{machine_spec: {{}}, container_spec: {{command: [{sys.executable}, train.py]}}}}"
    (here / "job.yaml").write_text(f"worker_pool_specs: [{pool}]")
    with pytest.warns(UserWarning, match=r"worker_pool_specs\[0\].machine_spec is ignored"):
        assert hagane.launch("job.yaml").state == "succeeded"
    with pytest.raises(HaganeError, match="write them into that file"):
        hagane.launch("job.yaml", workers=3)


def test_ctrl_c_reaches_the_caller_of_python(here):
    """A real one: the signal goes to this very process while the job runs."""
    (here / "sleep.py").write_text("import time; print('on', flush=True); time.sleep(100)")
    timer = threading.Timer(1.5, lambda: os.kill(os.getpid(), 2))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        hagane.launch("sleep.py", grace_seconds=5)
    timer.join()
