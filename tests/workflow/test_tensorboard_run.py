"""Where a training's curves go."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from hagane.errors import PreemptedError, SpecError, StorageError
from hagane.spec.check import check_spec
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Model, Spec, Training
from hagane.spec.write_yaml import write_yaml
from hagane.training.preemption import Preemption
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace


def spec(place: bool | str, family: str = "dnn_classifier", **training: object) -> Spec:
    options = {"max_iterations": 3} | ({"hidden_units": [8]} if family.startswith("dnn") else {})
    return Spec(
        data="(a frame)",
        label="good",
        model=Model(type=family, options=options),
        training=Training(tensorboard=place, **training),  # type: ignore[arg-type]
    )


def test_the_workspace_holds_a_run_a_training(mixed: pa.Table, workspace: Workspace) -> None:
    for _ in range(2):
        train(spec(True), workspace=workspace, frame=mixed.select(["x", "k", "good"]))
    runs = sorted((workspace.root / "tensorboard").iterdir())
    assert len(runs) == 2
    assert all(run.name.startswith("good-") and len(list(run.iterdir())) == 1 for run in runs)


@pytest.mark.parametrize("family", ["boosted_tree_classifier", "logistic_reg"])
def test_every_family_has_curves(mixed: pa.Table, workspace: Workspace, tmp_path: Path, family: str) -> None:
    result = train(spec(str(tmp_path / "tb"), family), workspace=workspace, frame=mixed.select(["x", "k", "good"]))
    (file,) = (tmp_path / "tb").glob("*/events.out.tfevents.*")
    content = file.read_bytes()
    assert content.count(b"loss/train") == content.count(b"loss/eval") == len(result.model.curve)
    assert family.encode() in content


def test_a_training_that_goes_on_writes_where_it_was(
    mixed: pa.Table, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told to end after its first step, and started again; whether curves are drawn makes no other training of it."""
    frame, place = mixed.select(["x", "k", "good"]), tmp_path / "tb"
    enter = Preemption.__enter__

    def told_to_end(self: Preemption) -> Preemption:
        self.requested = True
        return enter(self)

    with monkeypatch.context() as patch:
        patch.setattr(Preemption, "__enter__", told_to_end)
        with pytest.raises(PreemptedError):
            train(spec(str(place)), workspace=workspace, frame=frame)
    resumed = train(spec(str(place)), workspace=workspace, frame=frame)
    (run,) = place.iterdir()
    first, second = sorted(run.iterdir())
    assert (first.read_bytes().count(b"step/loss"), first.read_bytes().count(b"loss/train")) == (1, 0)
    assert second.read_bytes().count(b"loss/train") == 3
    whole = train(spec(False), workspace=Workspace(tmp_path / "other"), frame=frame)
    assert [each.loss for each in whole.model.curve] == [each.loss for each in resumed.model.curve]


def test_it_is_an_option_of_the_spec() -> None:
    for place in (True, False, "runs/tb"):
        declared = read_yaml(write_yaml(spec(place)))
        assert declared.training.tensorboard == place
    with pytest.raises(SpecError, match="has no name"):
        check_spec(spec(""))
    assert msgspec.to_builtins(Training())["tensorboard"] is False


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_not_ours(mixed: pa.Table, workspace: Workspace, tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(StorageError, match="nothing can be written"):
        train(spec(str(tmp_path / "tb")), workspace=workspace, frame=mixed.select(["x", "good"]))


def test_a_folder_that_is_a_file(mixed: pa.Table, workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "tb").write_text("")
    with pytest.raises(StorageError, match=r"tb is no folder\n  where: training.tensorboard"):
        train(spec(str(tmp_path / "tb")), workspace=workspace, frame=mixed.select(["x", "good"]))
    assert workspace.list() == []
