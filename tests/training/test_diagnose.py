"""Trainings that go wrong for a reason that we planted: the step, the feature and the cause, word by word."""

from __future__ import annotations

import dataclasses
import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from hagane.errors import Fault, TrainingError
from hagane.training.agree_on_fault import agree_on_fault
from hagane.training.explosion import Explosion
from hagane.training.group import Group
from hagane.training.loop import train_module
from hagane.training.losses import binary_log_loss, squared_error
from hagane.training.seeded import seeded
from hagane.training.task import LoopSettings, Task, TensorBatch

GOLDEN = Path(__file__).parent / "divergence.txt"
NAMES = ("age", "fare", "zone", "words")


class Two(nn.Module):
    """Takes dense [n, 2], ids [n, 1] and a sparse feature, as the torch families do."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(2, 4)
        self.zones = nn.Embedding(5, 4)
        self.last = nn.Linear(4, 1)

    def forward(self, dense: Tensor, ids: Tensor, *sparse: Tensor) -> Tensor:
        rows = torch.repeat_interleave(torch.arange(len(dense)), sparse[0].diff())
        added = torch.zeros(len(dense)).index_add(0, rows, sparse[2])
        return self.last(torch.relu(self.hidden(dense)) + self.zones(ids[:, 0])) + added[:, None]


def batches(count: int = 8, rows: int = 16, seed: int = 0) -> list[TensorBatch]:
    random = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        dense = torch.from_numpy(random.normal(size=(rows, 2)).astype(np.float32))
        ids = torch.from_numpy(random.integers(0, 5, (rows, 1)))
        entries = torch.arange(rows + 1), torch.zeros(rows, dtype=torch.int64), torch.ones(rows)
        made.append(TensorBatch((dense, ids, *entries), dense.sum(dim=1)))
    return made


def task(parts: list[TensorBatch], *, rate: float = 0.01, module: nn.Module | None = None) -> Task:
    return Task(
        module=module or Two(),
        make_optimizers=lambda placed: (torch.optim.SGD(placed.parameters(), lr=rate),),
        loss=squared_error,
        train_batches=lambda epoch, first: parts[first:],
        eval_batches=None,
        num_batches=len(parts),
        num_rows=sum(len(part.label) for part in parts),
        feature_names=NAMES,
    )


def fault_of(make: Callable[[], Task], group: Group | None = None, **settings: Any) -> Fault:
    with seeded(0):
        one = make()
        with pytest.raises(TrainingError) as raised:
            train_module(one, LoopSettings(max_epochs=50, **settings), group=group)
    (fault,) = raised.value.faults
    return fault


def poisoned_feature(value: float = math.inf, column: int = 1) -> Task:
    parts = batches()
    parts[2].inputs[0][3:5, column] = value
    return task(parts)


def poisoned_words() -> Task:
    parts = batches()
    parts[5].inputs[4][7] = math.nan
    return task(parts)


def poisoned_label() -> Task:
    parts = batches()
    parts[1].label[0] = math.nan
    return task(parts)


def huge_label() -> Task:
    parts = batches()
    parts[1].label[0] = 1e30
    return task(parts)


def unscaled_feature() -> Task:
    parts = batches()
    for each in parts:
        each.inputs[0][:, 1] *= 1e25
    return task(parts)


def overflowing_output() -> Task:
    parts = [TensorBatch((each.inputs[0],), each.label) for each in batches()]
    module = nn.Linear(2, 1)
    nn.init.constant_(module.weight, 1e25)
    return task(parts, module=module)


def huge_feature() -> Task:
    parts = batches()
    parts[3].inputs[0][0, 1] = 3e25
    return task(parts)


def large_rate() -> Task:
    return task(batches(), rate=30.0)


def exploding_rate() -> Task:
    """Just too large: it takes hundreds of steps."""
    x = torch.linspace(-1, 1, 64)[:, None]
    parts = [TensorBatch((part,), 3 * part[:, 0] + 1) for part in x.split(16)]
    return task(parts, rate=1.08, module=nn.Linear(1, 1))


def infinite_weight() -> Task:
    """A weight that becomes infinite in the third step, by no fault of the rows."""
    one = task(batches())

    class Broken(Two):
        calls = 0

        def forward(self, dense: Tensor, ids: Tensor, *sparse: Tensor) -> Tensor:
            Broken.calls += 1
            if Broken.calls == 3:
                with torch.no_grad():
                    self.hidden.weight[0, 1] = math.inf
            return super().forward(dense, ids, *sparse)

    return dataclasses.replace(one, module=Broken())


def overflowing_layer() -> Task:
    module = nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 1))
    nn.init.constant_(module[0].weight, 1e20)
    nn.init.constant_(module[1].weight, 1e25)
    parts = [TensorBatch((each.inputs[0],), each.label) for each in batches()]
    return task(parts, module=module)


def undefined_loss() -> Task:
    """Poisson's loss written carelessly: the logarithm of what may be 0 or less."""
    parts = [TensorBatch((each.inputs[0],), each.label.abs()) for each in batches()]
    careless = task(parts, module=nn.Sequential(nn.Linear(2, 1), nn.ReLU()))
    return dataclasses.replace(careless, loss=lambda output, label: output[:, 0] - label * torch.log(output[:, 0]))


def poisoned_evaluation() -> Task:
    held_out = batches(3, seed=1)
    held_out[1].inputs[0][0, 0] = -math.inf
    return dataclasses.replace(task(batches()), eval_batches=lambda first, every: held_out[first::every])


CASES = (
    poisoned_feature,
    poisoned_words,
    poisoned_label,
    huge_feature,
    unscaled_feature,
    huge_label,
    large_rate,
    exploding_rate,
    infinite_weight,
    overflowing_layer,
    overflowing_output,
    undefined_loss,
    poisoned_evaluation,
)


def test_each_cause_is_told_word_by_word() -> None:
    told = "\n\n".join(f"# {case.__name__}\n{fault_of(case).render()}" for case in CASES) + "\n"
    assert told == GOLDEN.read_text()


class Several(Group):
    """As of many processes, where the weights are changed before anyone looks at the loss."""

    size = 2


@pytest.mark.parametrize("case", [poisoned_feature, poisoned_words, poisoned_label, huge_label, large_rate])
def test_after_the_step_the_batch_is_read_again(case: Callable[[], Task]) -> None:
    alone, together = fault_of(case), fault_of(case, Several())
    assert together.where.partition(",")[2] == alone.where.partition(",")[2]
    assert together.next_step == alone.next_step


def test_processes_say_what_the_one_that_knows_says() -> None:
    """Three of them, each in a thread of its own; the second saw the feature."""
    sums: dict[int, list[list[float]]] = {}
    barrier = threading.Barrier(3)

    class Together(Group):
        size = 3

        def __init__(self, rank: int) -> None:
            self.rank, self.calls = rank, 0

        def add_up(self, values: Sequence[float]) -> list[float]:
            self.calls += 1
            sums.setdefault(self.calls, []).append(list(values))
            barrier.wait()
            return [sum(each) for each in zip(*sums[self.calls], strict=True)]

    faults = [Fault(what=f"process {rank}, naïvely", next_step="…") for rank in range(3)]
    doubts = (8, 0, 5)
    with ThreadPoolExecutor(3) as pool:
        heard = list(pool.map(lambda rank: agree_on_fault(Together(rank), faults[rank], doubts[rank]), range(3)))
    assert heard == [faults[1]] * 3
    assert agree_on_fault(Group(), faults[0], 8) is faults[0]


def test_accumulated_batches_are_all_looked_at() -> None:
    fault = fault_of(lambda: poisoned_feature(math.nan), accumulate_batches=4)
    assert fault.where == "step 1 (epoch 1), feature 'fare'"
    assert fault.received == "not a number in 2 rows of the batch"


def test_a_poisoned_row_of_a_later_epoch() -> None:
    clean, bad = batches(), batches()
    bad[4].inputs[0][0, 0] = math.nan

    def late() -> Task:
        return dataclasses.replace(
            task(clean), train_batches=lambda epoch, first: (bad if epoch == 3 else clean)[first:]
        )

    assert fault_of(late).where == "step 29 (epoch 4), feature 'age'"


@given(st.integers(0, 2**32 - 1), st.floats(0.001, 1000))
def test_noisy_and_heavy_tailed_losses_are_no_explosion(seed: int, spread: float) -> None:
    """Levels that stay, under noise of any size, with batches a million times the others here and there."""
    random = np.random.default_rng(seed)
    losses = 1 + spread * random.exponential(size=400)
    losses[random.random(400) < 0.1] *= 1e6
    seen = Explosion()
    assert not any(seen.take(float(loss)) for loss in losses)


@given(st.integers(0, 2**32 - 1), st.floats(1e-9, 1e-3))
def test_a_loss_that_fell_to_nothing_and_jumps_there_is_no_explosion(seed: int, lowest: float) -> None:
    random = np.random.default_rng(seed)
    falling = np.geomspace(0.7, lowest, 200)
    jumping = lowest * np.exp(random.normal(0, 3, 300)).cumsum()
    seen = Explosion()
    assert not any(seen.take(float(min(loss, 0.7))) for loss in np.concatenate([falling, jumping]))


@given(st.floats(1e-9, 1e-3), st.integers(0, 2**32 - 1))
def test_a_loss_that_begins_at_next_to_nothing_may_rise(first: float, seed: int) -> None:
    """A warm start whose learning rate warms up."""
    random = np.random.default_rng(seed)
    seen = Explosion()
    assert not any(seen.take(float(loss)) for loss in np.geomspace(first, 0.7, 200) * np.exp(random.normal(0, 1, 200)))


@given(st.floats(1.1, 3.0), st.floats(1.0, 1e6), st.integers(0, 2**32 - 1))
def test_geometric_growth_is_an_explosion_in_any_unit(growth: float, unit: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    losses = unit * growth ** np.arange(300.0) * np.exp(random.normal(0, 0.2, 300))
    seen = Explosion()
    found = next((step for step, loss in enumerate(losses) if seen.take(float(loss))), None)
    assert found is not None
    assert losses[found] > 3 * losses[0]


def test_training_that_converges_is_left_alone() -> None:
    with seeded(0):
        history = train_module(task(batches(), rate=0.05), LoopSettings(max_epochs=60))
    assert history.iterations[-1].loss < 0.1 * history.iterations[0].loss


def test_log_losses_of_separable_rows_are_left_alone() -> None:
    """They fall towards 0 by orders of magnitude."""
    x = torch.linspace(-1, 1, 64)[:, None]
    parts = [TensorBatch((part,), (part[:, 0] > 0).float()) for part in x.split(16)]
    one = dataclasses.replace(task(parts, rate=20.0, module=nn.Linear(1, 1)), loss=binary_log_loss)
    assert len(train_module(one, LoopSettings(max_epochs=40)).iterations) == 40
