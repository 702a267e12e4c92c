"""Trainings that are interrupted, and the same ones started again."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pytest

from hagane.errors import BundleError, NotFoundError
from hagane.progress.events import Event, Resumed
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.spec.spec import Model, Spec, Training
from hagane.training.checkpoint_folder import TENSORS_FILE, list_checkpoints
from hagane.workflow.train import TrainResult, train
from hagane.workspace.run_folder import CHECKPOINTS
from hagane.workspace.workspace import Workspace

OPTIONS = {"max_iterations": 4, "hidden_units": [16], "batch_size": 100}
SAME = ("model.onnx", "parameters.safetensors", "evaluation.json", "transform.json", "signature.json")


class Interrupting:
    """A progress that raises KeyboardInterrupt when so many steps of the fit were told, and keeps what is said."""

    def __init__(self, after: int | None = None) -> None:
        self.after, self.steps, self.name = after, 0, ""
        self.said: list[str] = []

    def phase(self, name: str, **_: Any) -> Self:
        self.name = name
        return self

    def tell(self, event: Event) -> None:
        if isinstance(event, Resumed):
            self.said.append(f"from step {event.step}")

    def note(self, text: str) -> None:
        self.said.append(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def advance(self, amount: float = 1, **figures: float) -> None:
        self.steps += self.name == "train" and amount > 0
        if self.after is not None and self.steps > self.after:
            raise KeyboardInterrupt


def rows() -> pa.Table:
    draw = np.random.default_rng(2)
    x = draw.normal(size=(1_500, 2))
    return pa.table({"a": x[:, 0], "b": x[:, 1], "late": x[:, 0] * x[:, 1] + draw.normal(size=1_500) * 0.2 > 0})


ROWS = rows()


def fit(workspace: Workspace, progress: Interrupting, **training: Any) -> TrainResult:
    options = training.pop("options", OPTIONS)
    checkpoint = CheckpointPolicy(every_seconds=1e9, every_steps=5, keep=3)
    spec = Spec(data="f", label="late", model=Model(type="dnn_classifier", options=options),
                training=Training(checkpoint=training.pop("checkpoint", checkpoint), **training))  # fmt: skip
    return train(spec, workspace=workspace, frame=ROWS, progress=progress)


def contents(result: TrainResult) -> list[bytes]:
    return [(result.bundle / name).read_bytes() for name in SAME]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return contents(fit(Workspace(tmp_path_factory.mktemp("undisturbed")), Interrupting()))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home")


def interrupt(workspace: Workspace, after: int, **training: Any) -> Interrupting:
    progress = Interrupting(after)
    with pytest.raises(KeyboardInterrupt):
        fit(workspace, progress, **training)
    return progress


def saved(workspace: Workspace) -> list[Path]:
    (run,) = workspace.runs()
    return list_checkpoints(run.folder / CHECKPOINTS)


def test_it_goes_on_says_so_and_makes_the_same_bits(workspace: Workspace, undisturbed: list[bytes]) -> None:
    first = interrupt(workspace, 17)
    (run,) = workspace.runs()
    assert first.said == [f"the state at step {run.step} is kept ({run.folder}): the same command goes on from there"]
    assert 5 <= run.step <= 17
    assert not run.is_running
    assert run.about is not None
    assert (run.about.name, run.about.model_type) == ("late", "dnn_classifier")
    second = interrupt(workspace, 9)
    assert second.said[0] == f"from step {run.step}"
    last = Interrupting()
    assert contents(fit(workspace, last)) == undisturbed
    assert last.steps <= 4 * 12 - run.step
    assert workspace.runs() == ()


def test_a_damaged_checkpoint_is_passed_over(workspace: Workspace, undisturbed: list[bytes]) -> None:
    interrupt(workspace, 23)
    newest = saved(workspace)[-1]
    (newest / TENSORS_FILE).write_bytes((newest / TENSORS_FILE).read_bytes()[:-1])
    progress = Interrupting()
    assert contents(fit(workspace, progress)) == undisturbed
    assert f"the checkpoint {newest.name} is damaged: the one before it is taken" in progress.said


def test_another_interval_is_the_same_training_another_option_is_not(
    workspace: Workspace, undisturbed: list[bytes]
) -> None:
    interrupt(workspace, 17)
    interrupt(workspace, 3, options=OPTIONS | {"learn_rate": 0.01})
    steps = sorted(run.step for run in workspace.runs())
    assert steps[0] == 0 < steps[1]
    progress = Interrupting()
    result = fit(workspace, progress, checkpoint=CheckpointPolicy(every_seconds=1e9))
    assert f"from step {steps[1]}" in progress.said
    assert contents(result) == undisturbed
    assert [run.step for run in workspace.runs()] == [0]


def test_an_interrupted_training_uses_up_no_version(workspace: Workspace) -> None:
    for after in (3, 7):
        interrupt(workspace, after)
    assert fit(workspace, Interrupting()).version.reference == "late@1"


def test_a_warm_started_training_goes_on_too(workspace: Workspace, tmp_path: Path) -> None:
    begins = {"options": OPTIONS, "warm_start": str(fit(Workspace(tmp_path / "other"), Interrupting()).bundle)}
    expected = contents(fit(Workspace(tmp_path / "whole"), Interrupting(), **begins))
    interrupt(workspace, 13, **begins)
    interrupt(workspace, 9, **begins)
    progress = Interrupting()
    assert contents(fit(workspace, progress, **begins)) == expected
    assert any(text.startswith("from step") for text in progress.said)


@pytest.mark.parametrize("is_step", [True, False])
def test_a_training_begins_with_a_run_that_never_ended(workspace: Workspace, tmp_path: Path, is_step: bool) -> None:
    interrupt(workspace, 40)
    (run,) = workspace.runs()
    path = saved(workspace)[-1]
    still = OPTIONS | {"max_iterations": 1, "learn_rate": 1e-12, "dropout": 0.0}
    begun = fit(Workspace(tmp_path / "new"), Interrupting(), options=still,
                warm_start=str(path if is_step else run.folder))  # fmt: skip
    whole = fit(workspace, Interrupting())
    losses = [each.eval_loss for each in whole.model.curve[: run.step // 12]]
    assert begun.model.curve[0].eval_loss == pytest.approx(min(losses), rel=1e-6)
    asked = begun.spec.training.warm_start
    assert asked is not None
    assert getattr(asked, "model", None) == str(path.absolute() if is_step else run.folder.absolute())


def test_a_run_that_goes_on_saving_changes_nothing_for_who_began_with_it(workspace: Workspace, tmp_path: Path) -> None:
    live, mine = Workspace(tmp_path / "live"), Workspace(tmp_path / "mine")
    interrupt(live, 20)
    (run,) = live.runs()
    begins = {"options": OPTIONS, "warm_start": str(run.folder)}
    expected = contents(fit(Workspace(tmp_path / "whole"), Interrupting(), **begins))
    interrupt(mine, 13, **begins)
    # A checkpoint that is due while another is written is left out: go on until one holds a second evaluation.
    while live.runs()[0].step < 24:
        interrupt(live, 8)
    progress = Interrupting()
    went_on = fit(mine, progress, **begins)
    assert any(text.startswith("from step") for text in progress.said)
    assert contents(went_on) == expected
    anew = fit(mine, Interrupting(), **begins)
    assert contents(anew) != expected, "the newest checkpoint, for who begins only now"


def test_what_is_no_beginning_is_refused(workspace: Workspace) -> None:
    interrupt(workspace, 2)
    (run,) = workspace.runs()
    with pytest.raises(NotFoundError, match="has no checkpoint yet"):
        fit(workspace, Interrupting(), warm_start=str(run.folder))
    interrupt(workspace, 8)
    (run.folder / "job.json").unlink()
    with pytest.raises(BundleError, match="it is damaged, or of no network"):
        fit(workspace, Interrupting(), warm_start=str(saved(workspace)[-1]))
