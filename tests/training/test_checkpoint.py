"""Checkpoints: whole or not there, and the same steps follow from them."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from hagane.errors import PreemptedError
from hagane.progress import SILENT, Phase
from hagane.progress.events import Event
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.training import checkpoint_folder
from hagane.training.checkpoint import Checkpoint, flatten, unflatten
from hagane.training.checkpoint_folder import FACTS_FILE, TENSORS_FILE, list_checkpoints
from hagane.training.checkpointer import Checkpointer
from hagane.training.group import Group
from hagane.training.loop import History, train_module
from hagane.training.losses import squared_error
from hagane.training.optimizers import OPTIMIZERS, optimizers_for
from hagane.training.preemption import Preemption
from hagane.training.seeded import seeded
from hagane.training.task import LoopSettings, Task, TensorBatch

NUM_BATCHES = 12
SETTINGS = LoopSettings(max_epochs=4, schedule="cosine", warmup_steps=5, max_gradient_norm=1.0, l2_reg=1e-4, patience=2)
GENERATOR = torch.Generator().manual_seed(1)
X = torch.randn(300, 5, generator=GENERATOR)
Y = X @ torch.arange(5.0) + X[:, 0] ** 2


class Cut(Exception):
    """The end of a process, at any batch."""


class Net(nn.Module):  # type: ignore[misc]
    """Everything that has a state: normalisation, dropout, a table of which a step moves only the rows looked up."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(40, 3, sparse=True)
        self.layers = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 1))

    def forward(self, x: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.layers(torch.cat([x, self.table(ids)], 1))
        return result


def make_task(optimizer: str, *, cut_after: int | None = None) -> Task:
    net, served = Net(), itertools.count()

    def train_batches(epoch: int, first: int) -> Any:
        order = torch.randperm(240, generator=torch.Generator().manual_seed(epoch)).reshape(NUM_BATCHES, -1)
        for rows in order[first:]:
            if next(served) == cut_after:
                raise Cut
            yield batch_of(rows)

    return Task(
        module=net,
        make_optimizers=lambda placed: optimizers_for(optimizer, placed, [placed.table.weight], 0.01),
        loss=squared_error,
        train_batches=train_batches,
        num_batches=NUM_BATCHES,
        eval_batches=lambda first, every: [batch_of(torch.arange(240, 300))],
        num_rows=240,
    )


def batch_of(rows: torch.Tensor) -> TensorBatch:
    return TensorBatch((X[rows], rows % 40), Y[rows])


def run(
    optimizer: str, loop: LoopSettings = SETTINGS, *, folder: Path | None = None, seed: int = 3, cut: int | None = None
) -> tuple[dict[str, torch.Tensor], History]:
    """The final state; with a `folder` every step is saved there, and the run goes on from what is there."""
    with seeded(seed, 1):
        task = make_task(optimizer, cut_after=cut)
        if folder is None:
            return task.module.state_dict(), train_module(task, loop)
        policy = CheckpointPolicy(every_seconds=1e9, every_steps=1)
        with Checkpointer(folder, policy, Checkpoint) as checkpointer:
            history = train_module(task, loop, checkpointer=checkpointer)
    return task.module.state_dict(), history


def facts_of(history: History) -> list[tuple[Any, ...]]:
    return [(each.step, each.loss, each.eval_loss, each.learn_rate) for each in history.iterations]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("accumulate", [1, 5])
def test_cut_anywhere_the_bits_are_those_of_an_uninterrupted_run(
    optimizer: str, accumulate: int, tmp_path: Path
) -> None:
    loop = msgspec.structs.replace(SETTINGS, accumulate_batches=accumulate)
    expected, history = run(optimizer, loop)
    for cut in (5, 11, 12, 13, 30, 47):
        folder = tmp_path / str(cut)
        with pytest.raises(Cut):
            run(optimizer, loop, folder=folder, cut=cut)
        found, again = run(optimizer, loop, folder=folder, seed=99)
        assert all(torch.equal(expected[name], found[name]) for name in expected), cut
        assert facts_of(again) == facts_of(history)
        assert again.best_iteration == history.best_iteration


def test_evaluation_by_steps_and_at_the_end() -> None:
    loop = LoopSettings(max_epochs=2, eval_every_steps=7, early_stop=False)
    _, history = run("sgd", loop)
    assert [each.step for each in history.iterations] == [7, 14, 21, 24]


def test_a_notice_saves_and_the_next_run_goes_on(tmp_path: Path) -> None:
    expected, _ = run("adamw")
    policy = CheckpointPolicy(every_seconds=1e9)
    notice = Preemption()
    with seeded(3, 1), Checkpointer(tmp_path, policy, Checkpoint) as checkpointer:
        task = make_task("adamw")
        batches = task.train_batches

        def noticed(epoch: int, first: int) -> Any:
            for number, batch in enumerate(batches(epoch, first)):
                notice.requested |= (epoch, number) == (1, 4)
                yield batch

        told = Task(**{**vars(task), "train_batches": noticed})
        with pytest.raises(PreemptedError) as raised:
            train_module(told, SETTINGS, checkpointer=checkpointer, preemption=notice)
    assert raised.value.exit_code == 75
    assert [path.name for path in list_checkpoints(tmp_path)] == ["step-000000000017"]
    with seeded(0, 1), Checkpointer(tmp_path, policy, Checkpoint) as checkpointer:
        task = make_task("adamw")
        train_module(task, SETTINGS, checkpointer=checkpointer)
    assert all(torch.equal(expected[name], tensor) for name, tensor in task.module.state_dict().items())


def a_checkpoint(step: int) -> Checkpoint:
    return Checkpoint(step, {"a": torch.full((3,), float(step)), "b": torch.arange(4)}, {"x": [1, None, 0.1]})


def latest(folder: Path) -> Checkpoint | None:
    with Checkpointer(folder, CheckpointPolicy(), Checkpoint) as checkpointer:
        return checkpointer.latest()


def test_the_newest_whole_one_is_read(tmp_path: Path) -> None:
    assert latest(tmp_path / "nowhere") is None
    paths = [a_checkpoint(step).write(tmp_path) for step in (2, 10, 30)]
    found = latest(tmp_path)
    assert found is not None
    assert (found.step, found.facts, found.tensors["a"].tolist()) == (30, {"x": [1, None, 0.1]}, [30.0] * 3)
    held = (paths[2] / TENSORS_FILE).read_bytes()
    for damaged in (held[:-1], held[:-1] + b"?", b""):
        (paths[2] / TENSORS_FILE).write_bytes(damaged)
        assert Checkpoint.read(paths[2]) is None
    (paths[1] / FACTS_FILE).write_text("{")
    newest = latest(tmp_path)
    assert newest is not None
    assert newest.step == 2


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_checkpoint(1).write(tmp_path)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint_folder, "sync_to_disk", full)
    with pytest.raises(OSError, match="No space"):
        a_checkpoint(2).write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000000001"]


def test_the_oldest_go(tmp_path: Path) -> None:
    with Checkpointer(tmp_path, CheckpointPolicy(keep=2), Checkpoint) as checkpointer:
        for step in range(5):
            checkpointer.save(a_checkpoint(step))
    assert [path.name for path in list_checkpoints(tmp_path)] == ["step-000000000003", "step-000000000004"]


def test_what_changes_after_the_save_is_not_written() -> None:
    tensor = torch.zeros(1_000)
    copies = Group().whole_copies({"a": tensor}, is_kept=True)
    tensor.fill_(7)
    assert float(copies["a"].abs().sum()) == 0
    assert Group().whole_copies({"a": tensor}, is_kept=False) == {}


scalars = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
nested = st.recursive(
    scalars | st.integers(0, 9).map(torch.tensor),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
        | st.dictionaries(st.integers(0, 99), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=60)
@given(nested)
def test_taken_apart_and_put_together(value: Any) -> None:
    tensors, rest = flatten("o", value)
    assert unflatten("o", rest, tensors) == value


class Notes:
    """A progress that keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def phase(self, name: str, **about: Any) -> Phase:
        return SILENT.phase(name, **about)

    def tell(self, event: Event) -> None:
        return None

    def note(self, text: str) -> None:
        self.said.append(text)


def test_what_is_damaged_or_half_written_is_removed(tmp_path: Path) -> None:
    paths = [a_checkpoint(step).write(tmp_path) for step in (2, 10, 30)]
    (paths[2] / TENSORS_FILE).write_bytes(b"?")
    for process in (11, 12):
        (tmp_path / f".step-000000000031.partial-{process}").mkdir()
    notes = Notes()
    with Checkpointer(tmp_path, CheckpointPolicy(), Checkpoint, notes) as checkpointer:
        found = checkpointer.latest()
    assert found is not None
    assert found.step == 10
    assert notes.said == ["the checkpoint step-000000000030 is damaged: the one before it is taken"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-000000000002", "step-000000000010"]


def test_a_policy_of_seconds_and_one_of_steps(tmp_path: Path) -> None:
    with Checkpointer(tmp_path, CheckpointPolicy(every_seconds=1e9, every_steps=4), Checkpoint) as checkpointer:
        due = [step for step in range(1, 13) if checkpointer.is_due(step) and save_now(checkpointer, step)]
    assert due == [4, 8, 12]
    with Checkpointer(tmp_path, CheckpointPolicy(every_seconds=1e-9), Checkpoint) as checkpointer:
        assert checkpointer.is_due(1)
    with Checkpointer(tmp_path, CheckpointPolicy(every_seconds=1e9), Checkpoint) as checkpointer:
        assert not checkpointer.is_due(10**6)


def save_now(checkpointer: Checkpointer, step: int) -> bool:
    checkpointer.save(a_checkpoint(step))
    checkpointer.wait()
    return True


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_training_goes_on_though_the_disk_is_full(small_disk: Path) -> None:
    notes, large = Notes(), torch.zeros(500_000)
    with Checkpointer(small_disk, CheckpointPolicy(keep=2), Checkpoint, notes) as checkpointer:
        save_now(checkpointer, 1)
        for step in (2, 3):
            checkpointer.save(Checkpoint(step, {"a": large}, {}))
        fault = checkpointer.leave("step 3")
        assert fault.what == "training was told to end, and could not save its state: No space left on device"
        checkpointer.save(a_checkpoint(4))
        assert checkpointer.leave("step 4").what == "training was told to end, and saved its state"
    assert len(notes.said) == 1
    assert notes.said[0].startswith(f"a checkpoint could not be written to {small_disk}: No space left on device")
    assert [path.name for path in list_checkpoints(small_disk)] == ["step-000000000001", "step-000000000004"]
    assert len(list(small_disk.iterdir())) == 2


def test_a_loop_ends_as_if_the_disk_had_room(small_disk: Path) -> None:
    (small_disk / "full").write_bytes(bytes(1_044_480))
    expected, _ = run("adamw")
    found, _ = run("adamw", folder=small_disk / "checkpoints")
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert list_checkpoints(small_disk / "checkpoints") == []
