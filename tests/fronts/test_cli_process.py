"""The command line as its users meet it: real processes, their exit codes, their two streams."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hagane.fronts.cli.run import run

HAGANE = [sys.executable, "-m", "hagane.fronts.cli"]
HEAVY = ("duckdb", "pyarrow", "torch", "sqlglot", "onnx", "onnxruntime", "matplotlib", "lightgbm", "scipy", "numpy")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def hagane(*arguments: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HAGANE_HOME": str(home), "COLUMNS": "80", **variables}
    environment.pop("FORCE_COLOR", None)
    return subprocess.run(
        [*HAGANE, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
        cwd=home,
        encoding="utf-8",
    )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory and an empty workspace."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HAGANE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


COMMANDS = ("demo", "describe", "init", "train", "evaluate", "compare", "launch", "predict", "serve", "models")


def test_help_lists_the_commands_in_the_order_of_the_work(tmp_path):
    done = hagane("--help", home=tmp_path)
    assert done.returncode == 0
    assert re.findall(rf"│ ({'|'.join(COMMANDS)}) ", done.stdout) == list(COMMANDS)
    assert not CONTROL.search(done.stdout)


@pytest.mark.parametrize("command", [*COMMANDS, "models list", "models show", "models delete"])
def test_every_command_has_an_example_in_its_help(capsys, command):
    assert run([*command.split(), "--help"]) == 0
    assert re.search(rf"Examples?: +hagane {command}", " ".join(capsys.readouterr().out.split()))


def test_help_imports_nothing_heavy(tmp_path):
    program = (
        "import sys\nfrom hagane.fronts.cli.run import run\ncode = run(['--help'])\n"
        f"sys.stderr.write(' '.join(name for name in {HEAVY!r} if name in sys.modules))\nsys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_listing_models_imports_neither_training_nor_the_database(tmp_path):
    program = (
        "import sys\nfrom hagane.fronts.cli.run import run\nrun(['models', 'list'])\n"
        "sys.stderr.write(' '.join(n for n in ('duckdb', 'pyarrow', 'torch', 'lightgbm', 'onnx') if n in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path
    )
    assert done.stdout == "no models yet\n"
    assert done.stderr.splitlines()[-1:] in ([], ["train one with: hagane train DATA --label COLUMN"])


def test_version(tmp_path):
    done = hagane("--version", home=tmp_path)
    assert re.fullmatch(r"hagane \d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("train x.csv -l y --device gpu", 2, "--device cannot be 'gpu'"),
        ("trian", 2, "Did you mean 'train'?"),
        ("train", 2, "Missing argument"),
        ("train x.csv", 2, "--label is needed with DATA"),
        ("train x.csv --lable y", 2, "--label"),
        ("train x.csv --label y --split tme", 2, "--split cannot be 'tme'"),
        ("train x.csv --label y --option depth", 2, "expected NAME=VALUE"),
        ("train x.csv --label y --split time", 3, "a split by 'time' needs a column"),
        ("train none.yaml", 8, "hagane init DATA --label COLUMN -o none.yaml"),
        ("models show late", 8, "no model 'late'"),
        ("models delete late --yes", 8, "no model 'late'"),
        ("compare late late", 2, "two different models"),
        ("evaluate late --slice x", 2, "--slice needs DATA"),
        ("init x.csv --label y -o nowhere/spec.yaml", 73, "there is no folder"),
    ],
)
def test_refusals_have_their_exit_code_and_no_traceback(here, capsys, arguments, code, words):
    assert run(arguments.split()) == code
    plain = capsys.readouterr()
    assert plain.out == ""
    assert plain.err.startswith("error: ")
    assert words in plain.err
    assert "Traceback" not in plain.err
    assert not CONTROL.search(plain.err)
    assert run([*arguments.split(), "--json"]) == code
    asked = capsys.readouterr()
    assert asked.err == ""
    assert words in " ".join(fault["what"] + fault.get("next_step", "") for fault in json.loads(asked.out)["faults"])


def test_a_bad_spec_is_told_whole(tmp_path):
    (tmp_path / "bad.yaml").write_text("data: x.csv\nlable: y\nsplit: {method: tme}\n")
    done = hagane("train", "bad.yaml", home=tmp_path)
    assert done.returncode == 3
    assert "2 faults" in done.stderr
    assert "bad.yaml:2" in done.stderr
    assert "did you mean: time" in done.stderr


def test_init_never_overwrites_unasked(tmp_path):
    (tmp_path / "spec.yaml").write_text("mine")
    done = hagane("init", "x.csv", "--label", "y", home=tmp_path)
    assert done.returncode == 73
    assert "--force" in done.stderr
    assert (tmp_path / "spec.yaml").read_text() == "mine"


def test_a_bug_is_one_line_a_file_and_exit_code_70(tmp_path):
    program = (
        "import sys, hagane.workspace.workspace as w\n"
        "def broken(*_): raise RuntimeError('the furnace is cold\\nand dark')\n"
        "w.Workspace.list = broken\n"
        "from hagane.fronts.cli.run import run\nsys.exit(run(['models', 'list']))"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (70, "")
    assert done.stderr.startswith(
        "error: internal error: RuntimeError: the furnace is cold\n  where: the full story is in "
    )
    assert "please report it" in done.stderr
    assert "Traceback" not in done.stderr
    (story,) = tmp_path.glob("hagane-error-*.txt")
    assert str(story) in done.stderr
    assert "Traceback" in story.read_text()
    assert "'models', 'list'" in story.read_text()


INTERRUPTED = (
    "import sys, time, hagane.workspace.workspace as w\n"
    "def slow(*_):\n  print('here', file=sys.stderr, flush=True)\n  time.sleep(60)\n"
    "w.Workspace.list = slow\n"
    "from hagane.fronts.cli.run import run\nsys.exit(run(['models', 'list', *sys.argv[1:]]))"
)


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_ctrl_c_ends_with_one_line_and_130(option):
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, *option], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "here\n"
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    if option:
        assert (json.loads(stdout)["error"], stderr) == ("Interrupted", "")
    else:
        assert (stdout, stderr) == ("", "interrupted\n")


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    command = f"{sys.executable} -m hagane.fronts.cli models list --json | true"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path
    )
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_a_terminal_without_unicode_does_not_fail(tmp_path):
    done = hagane("models", "show", "überfällig", home=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 8
    assert "names no model" in done.stderr


def test_completion_knows_models_and_families(tmp_path):
    from hagane.spec.spec import Spec
    from hagane.workspace.workspace import Workspace

    with Workspace(tmp_path).new_version("late") as slot:
        slot.path.mkdir()
        slot.publish(
            model_type="dnn_classifier", task="classification", label="late", spec=Spec(data="f", label="late")
        )
    shell = {"_HAGANE_COMPLETE": "complete_zsh"}
    models = hagane(home=tmp_path, _TYPER_COMPLETE_ARGS="hagane evaluate la", **shell)
    assert "late@1" in models.stdout
    families = hagane(home=tmp_path, _TYPER_COMPLETE_ARGS="hagane train f.csv --model boosted", **shell)
    assert "boosted_tree_regressor" in families.stdout
    assert "dnn" not in families.stdout


@pytest.mark.parametrize("home", ["file", "file/below"])
def test_a_workspace_that_cannot_be_is_no_bug(here: Path, capsys, home: str):
    (here / "file").write_text("")
    (here / "rows.csv").write_text("x,y\n" + "".join(f"{i},{i % 2}\n" for i in range(200)))
    assert run(["train", "rows.csv", "--label", "y", "--workspace", home, "--model", "logistic_reg"]) == 73
    assert re.search(r"File exists|Not a directory", capsys.readouterr().err)


def test_a_report_in_a_missing_folder_is_refused_before_the_work(here: Path, capsys):
    assert run(["evaluate", "late", "--html", "none/report.html"]) == 73
    assert "there is no folder" in capsys.readouterr().err


def test_a_usage_error_leads_to_the_help_of_its_command(here, capsys):
    assert run(["train", "--option"]) == 2
    assert "next: hagane train --help" in capsys.readouterr().err


def test_an_interrupt_in_the_first_moment_is_heard(tmp_path: Path) -> None:
    """Before the command line is imported Python would answer Ctrl-C with a traceback."""
    code = (
        "import builtins, runpy, sys\n"
        "real = builtins.__import__\n"
        "def importing(name, *rest, **others):\n"
        "    if name == 'hagane.fronts.cli.run': raise KeyboardInterrupt\n"
        "    return real(name, *rest, **others)\n"
        "builtins.__import__ = importing\n"
        "sys.argv = ['hagane']\n"
        "runpy.run_module('hagane.fronts.cli', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")
