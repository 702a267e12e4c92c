"""What cannot be written is refused before the work, with one exit code, every fault at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hagane.errors import StorageError
from hagane.fronts.cli.run import run
from hagane.workflow.check_output import check_folder_output, check_output, check_report_outputs

OUTPUTS = {
    "html in no folder": ("--html", "none/page.html", "there is no folder"),
    "html in a file": ("--html", "file/page.html", "file is no folder"),
    "html that is a folder": ("--html", "folder", "folder is a folder"),
    "plots on a file": ("--plots", "file", "file is no folder"),
    "plots below a file": ("--plots", "file/plots", "file is no folder"),
    "events in no folder": ("--events", "none/events.jsonl", "events cannot be written"),
    "events that is a folder": ("--events", "folder", "events cannot be written"),
    "tensorboard on a file": ("--tensorboard", "file", "file is no folder"),
    "tensorboard below a file": ("--tensorboard", "file/runs", "file is no folder"),
    "workspace on a file": ("--workspace", "file", "cannot be made"),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HAGANE_HOME", raising=False)
    return tmp_path


@pytest.mark.parametrize("case", OUTPUTS)
def test_an_output_that_cannot_be_written_ends_a_training_before_its_data_are_read(
    here: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The data are not there: whoever looked for them first would say so, with another code."""
    option, place, what = OUTPUTS[case]
    assert run(["train", "absent.csv", "--label", "y", option, place, "--json"]) == 73
    document = json.loads(capsys.readouterr().out)
    assert document["error"] == "StorageError"
    assert what in document["faults"][0]["what"]
    assert (here / "file").read_text() == "mine"


def test_the_spec_may_name_the_folder_of_tensorboard(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "spec.yaml").write_text("data: absent.csv\nlabel: y\ntraining: {tensorboard: file}\n")
    assert run(["train", "spec.yaml"]) == 73
    assert "file is no folder" in capsys.readouterr().err


def test_all_outputs_are_refused_at_once(here: Path) -> None:
    with pytest.raises(StorageError) as raised:
        check_report_outputs(Path("none/page.html"), Path("file"), data="rows.csv")
    assert [fault.where for fault in raised.value.faults] == ["--html none/page.html", "--plots file"]


def test_folders_that_are_not_ours_are_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root every folder is writable: the answer of the system is stood in for."""
    check_folder_output(here / "new" / "plots", option="--plots")
    check_output(here / "page.html", option="--html")
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(StorageError, match="nothing can be written into the folder"):
        check_folder_output(here / "new" / "plots", option="--plots")
    with pytest.raises(StorageError, match="nothing can be written into the folder"):
        check_output(here / "page.html", option="--html")
