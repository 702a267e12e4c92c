"""What several processes do together in these tests; run as a program it is one of the processes.

    python communication_cases.py SIZE RANK FOLDER CASE…

Each case gives tensors by name, in FOLDER as CASE-RANK.safetensors, or the traceback as CASE-RANK.txt.
"""

from __future__ import annotations

import os
import sys
import traceback
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.distributed as dist
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.distributed.algorithms.ddp_comm_hooks import powerSGD_hook as torchs
from torch.distributed.algorithms.model_averaging.averagers import PeriodicModelAverager
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel

sys.path.insert(0, str(Path(__file__).parents[2] / "models"))

from real_tables import read_adult

from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.spec.communication import Communication
from hagane.training import loop
from hagane.training.best_state import BestState
from hagane.training.checkpoint import Checkpoint
from hagane.training.checkpointer import Checkpointer
from hagane.training.communicating_group import CommunicatingGroup
from hagane.training.communication import make_hook, make_outer_steps
from hagane.training.early_stopping import EarlyStopping
from hagane.training.losses import squared_error
from hagane.training.process_group import ProcessGroup
from hagane.training.run_state import RunState
from hagane.training.snapshots import Snapshots
from hagane.training.steps import Steps
from hagane.training.task import LoopSettings, Task, TensorBatch

Tensors = dict[str, Tensor]
SHAPE = (48, 40)
BFLOAT16 = Communication(compression="bfloat16")
POWERSGD = Communication(compression="powersgd", powersgd_rank=2)


class Case(NamedTuple):
    """A function of rank and size, and with how many processes it is run."""

    run: Callable[[int, int], Tensors]
    sizes: tuple[int, ...] = (2,)
    is_slow: bool = False


class Given(nn.Module):
    """Its gradient is whatever is passed: the loss is Σ weight · given."""

    def __init__(self, *shapes: tuple[int, ...]) -> None:
        super().__init__()
        self.weights = nn.ParameterList([nn.Parameter(torch.zeros(shape)) for shape in shapes])

    def forward(self, *given: Tensor) -> Tensor:
        return sum(((weight * part).sum() for weight, part in zip(self.weights, given, strict=True)), torch.zeros(()))


class Words(nn.Module):
    """A table of which each batch looks up a few rows, and a layer."""

    def __init__(self, sparse: bool = True, rows: int = 200) -> None:
        super().__init__()
        self.bag = nn.EmbeddingBag(rows, 4, mode="sum", sparse=sparse)
        self.layer = nn.Linear(4, 16)

    def forward(self, ids: Tensor) -> Tensor:
        result: Tensor = self.layer(self.bag(ids))
        return result


def random(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def gradients(wrapped: DistributedDataParallel, *given: Tensor) -> list[Tensor]:
    """Those that the optimizer would see."""
    wrapped.zero_grad()
    wrapped(*given).backward()
    return [parameter.grad.clone() for parameter in wrapped.module.parameters()]


def compressed(module: nn.Module, options: Communication) -> tuple[DistributedDataParallel, Any]:
    wrapped = DistributedDataParallel(module, gradient_as_bucket_view=True)
    hook = make_hook(options, seed=7)
    assert hook is not None
    hook.register(wrapped)
    return wrapped, hook


def bfloat16(rank: int, size: int) -> Tensors:
    wrapped, hook = compressed(Given((1000,), (10, 10)), BFLOAT16)
    given = random(rank, 1000), random(100 + rank, 10, 10)
    found = gradients(wrapped, *given)
    return {
        "found": found[0],
        "matrix": found[1],
        "sent": torch.tensor([hook.traffic.sent_bytes, hook.traffic.reduced_bytes]),
    }


def powersgd(rank: int, size: int) -> Tensors:
    """A matrix and a vector; five steps."""
    wrapped, hook = compressed(Given(SHAPE, (3,)), POWERSGD)
    result: Tensors = {}
    for step in range(5):
        before = hook.state().get("error.weights.0", torch.zeros(SHAPE)).clone()
        matrix, vector = random(10 * step + rank, *SHAPE), random(1000 + 10 * step + rank, 3)
        sent = hook.traffic.sent_bytes
        found = gradients(wrapped, matrix, vector)
        result |= {
            f"wanted{step}": matrix + before,
            f"found{step}": found[0],
            f"error{step}": hook.state()["error.weights.0"].clone(),
            f"vector{step}": found[1],
            f"sent{step}": torch.tensor(hook.traffic.sent_bytes - sent),
        }
    return result | {"collectives": torch.tensor(hook.traffic.collectives)}


def powersgd_low_rank(rank: int, size: int) -> Tensors:
    """The sum of the gradients has rank 2, though each has rank 3: what they have beyond cancels out."""
    wrapped, _ = compressed(Given(SHAPE), POWERSGD)
    common = random(1, SHAPE[0], 2) @ random(2, 2, SHAPE[1])
    apart = random(3, SHAPE[0], 1) @ random(4, 1, SHAPE[1]) * (1 if rank % 2 else -1)
    return {"found": gradients(wrapped, common + apart)[0], "mean": common}


def powersgd_beside_torch(rank: int, size: int) -> Tensors:
    """The same matrices through torch's own hook, which begins to compress with its third step."""
    given = [random(50 * step + rank, *SHAPE) for step in range(6)]
    theirs = DistributedDataParallel(Given(SHAPE))
    state = torchs.PowerSGDState(None, matrix_approximation_rank=2, start_powerSGD_iter=2, random_seed=0)
    theirs.register_comm_hook(state, torchs.powerSGD_hook)
    wanted = [gradients(theirs, matrix)[0] for matrix in given]
    ours, hook = compressed(Given(SHAPE), POWERSGD)
    with torch.random.fork_rng():
        torch.manual_seed(np.random.RandomState(0).randint(1_000_000_000))
        hook.load({"q.weights.0": torch.randn(SHAPE[1], 2).T})
    found = [gradients(ours, matrix)[0] for matrix in given[2:]]
    return {"theirs": torch.stack(wanted[2:]), "ours": torch.stack(found)}


def powersgd_resumed(rank: int, size: int) -> Tensors:
    """Eight steps at once, and five, a checkpoint, a new process group's worth of objects, and three."""
    whole, _ = compressed(Given(SHAPE, (64, 20), (5,)), POWERSGD)
    begun, first = compressed(Given(SHAPE, (64, 20), (5,)), POWERSGD)
    later, second = compressed(Given(SHAPE, (64, 20), (5,)), POWERSGD)

    def given(step: int) -> list[Tensor]:
        return [random(1000 * step + 10 * rank + i, *shape) for i, shape in enumerate((SHAPE, (64, 20), (5,)))]

    wanted = [gradients(whole, *given(step)) for step in range(8)]
    for step in range(5):
        gradients(begun, *given(step))
    second.load({name: tensor.clone() for name, tensor in first.state().items()})
    found = [gradients(later, *given(step)) for step in range(5, 8)]
    pairs = [(a, b) for left, right in zip(wanted[5:], found, strict=True) for a, b in zip(left, right, strict=True)]
    return {f"{name}{i}": tensor for i, pair in enumerate(pairs) for name, tensor in zip("ab", pair, strict=True)}


def powersgd_of_nothing(rank: int, size: int) -> Tensors:
    """Gradients that are zero, then not: no NaN, and nothing is stuck."""
    wrapped, _ = compressed(Given(SHAPE), POWERSGD)
    nothing = gradients(wrapped, torch.zeros(SHAPE))[0]
    outer = random(1, SHAPE[0], 1) @ random(2, 1, SHAPE[1])
    return {"nothing": nothing, "found": gradients(wrapped, outer)[0], "mean": outer}


def sparse(rank: int, size: int) -> Tensors:
    """The gradients of a table and a layer under each hook, and under none."""
    result: Tensors = {}
    for name, options in (("exact", None), ("bfloat16", BFLOAT16), ("powersgd", POWERSGD)):
        torch.manual_seed(0)
        wrapped, hook = (DistributedDataParallel(Words()), None) if options is None else compressed(Words(), options)
        for step in range(3):  # buckets are laid out anew after the first
            wrapped.zero_grad()
            ids = torch.randint(0, 200, (16, 3), generator=torch.Generator().manual_seed(10 * step + rank))
            sent = hook.traffic.sent_bytes if hook else 0
            wrapped(ids).square().sum().backward()
        assert wrapped.module.bag.weight.grad.is_sparse
        result |= {f"{name}.table": wrapped.module.bag.weight.grad.to_dense(), f"{name}.rows": ids.unique()}
        result |= {f"{name}.sent": torch.tensor(hook.traffic.sent_bytes - sent if hook else 0)}
    return result


def regression(rank: int, num_steps: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of y = 3 x₀ − 2 x₁."""
    for step in range(num_steps):
        x = random(100 * step + rank, 32, 2)
        yield x, (3 * x[:, :1] - 2 * x[:, 1:])


def train(module: nn.Module, rank: int, after: Callable[[int], object], first: int = 0, num_steps: int = 12) -> None:
    optimizer = torch.optim.SGD(module.parameters(), lr=0.05)
    for step, (x, y) in enumerate(regression(rank, num_steps)):
        if step >= first:
            optimizer.zero_grad()
            (module(x) - y).square().mean().backward()
            optimizer.step()
            after(step + 1)


def small_net(rank: int) -> nn.Module:
    torch.manual_seed(rank)
    return nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 1))


def flat(module: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().reshape(-1) for parameter in module.parameters()])


def local_sgd(rank: int, size: int) -> Tensors:
    """Beside torch's averager of models."""
    ours, theirs = small_net(rank), small_net(0)
    outer = make_outer_steps(Communication(outer_steps=4), ours)
    assert outer is not None
    begun = flat(ours)
    agreed: list[bool] = []
    train(ours, rank, lambda step: agreed.append(outer.after_step(step, ours)), num_steps=10)
    before = flat(ours)
    outer.agree(ours)
    averager = PeriodicModelAverager(period=1)
    train(theirs, rank, lambda step: averager.average_parameters(theirs.parameters()) if step % 4 == 0 else None,
          num_steps=10)  # fmt: skip
    averager.average_parameters(theirs.parameters())
    return {
        "begun": begun,
        "before": before,
        "found": flat(ours),
        "theirs": flat(theirs),
        "running": ours[1].running_mean,
        "agreed": torch.tensor(agreed),
        "sent": torch.tensor([outer.traffic.sent_bytes, outer.traffic.collectives]),
    }


def outer_nesterov(rank: int, size: int) -> Tensors:
    """Beside torch's SGD over the common weights."""
    module, other = small_net(0), small_net(0)
    outer = make_outer_steps(Communication(outer_steps=3, outer_learn_rate=0.7, outer_momentum=0.9), module)
    assert outer is not None
    train(module, rank, lambda step: outer.after_step(step, module))
    common = [nn.Parameter(parameter.detach().clone()) for parameter in other.parameters()]
    optimizer = torch.optim.SGD(common, lr=0.7, momentum=0.9, nesterov=True)

    def after(step: int) -> None:
        if step % 3:
            return
        for one, parameter in zip(common, other.parameters(), strict=True):
            one.grad = one.detach() - parameter.detach()
            dist.all_reduce(one.grad)
            one.grad /= size
        optimizer.step()
        for one, parameter in zip(common, other.parameters(), strict=True):
            parameter.data.copy_(one.data)

    train(other, rank, after)
    return {"found": flat(module), "theirs": flat(other)}


def outer_bfloat16(rank: int, size: int) -> Tensors:
    result: Tensors = {"begun": flat(small_net(0))}
    for compression in ("none", "bfloat16"):
        module = small_net(0)
        outer = make_outer_steps(Communication(outer_steps=4, compression=compression), module)
        assert outer is not None
        train(module, rank, lambda step, outer=outer, module=module: outer.after_step(step, module), num_steps=4)
        result |= {compression: flat(module), f"{compression}.sent": torch.tensor(outer.traffic.sent_bytes)}
    return result


def outer_resumed(rank: int, size: int) -> Tensors:
    """Twelve steps at once, and seven (between two outer steps), a checkpoint, and five."""
    options = Communication(outer_steps=3, outer_learn_rate=0.7, outer_momentum=0.9)
    whole, begun, later = small_net(0), small_net(0), small_net(5)
    outer = [make_outer_steps(options, module) for module in (whole, begun, later)]
    train(whole, rank, lambda step: outer[0].after_step(step, whole))
    train(begun, rank, lambda step: outer[1].after_step(step, begun), num_steps=7)
    later.load_state_dict(begun.state_dict())
    outer[2].load({name: tensor.clone() for name, tensor in outer[1].state().items()}, later)
    train(later, rank, lambda step: outer[2].after_step(step, later), first=7)
    return {"wanted": flat(whole), "found": flat(later)}


class Killed(Exception):
    """A process that ends where no checkpoint is expected of it."""


def group_resumed(rank: int, size: int) -> Tensors:
    """Trainings by Hagane's loop that end behind step 13 and go on from what was saved at 8, and some that do not."""
    result: Tensors = {}
    folder = Path(os.environ["HAGANE_TEST_FOLDER"])
    kinds = {"none": Communication(), "bfloat16": BFLOAT16, "powersgd": POWERSGD,
             "outer": Communication(outer_steps=5, outer_momentum=0.9, outer_learn_rate=0.7)}  # fmt: skip
    for name, options in kinds.items():
        for ends_at, key in ((None, "whole"), (13, "begun"), (None, "resumed")):
            place = folder / f"{name}-{'whole' if key == 'whole' else 'ended'}-{rank}"
            policy = CheckpointPolicy(every_seconds=1e9, every_steps=8)
            module = small_net(rank)
            group = EndingGroup("cpu", local_rank=rank, communication=options, seed=3)
            group.ends_at = ends_at
            with suppress(Killed), Checkpointer(place, policy, Checkpoint) as checkpointer:
                loop.train_module(loop_task(module, rank, size), LoopSettings(max_epochs=2), group=group,
                             checkpointer=checkpointer)  # fmt: skip
            result |= {f"{name}.{key}": flat(module), f"{name}.{key}.steps": torch.tensor(group.num_steps)}
    return result


class Counting(ProcessGroup):
    """Counts the bytes of whole tensors that are alive at once."""

    alive = most = 0

    def whole(self, tensor: Tensor) -> Tensor:
        found = super().whole(tensor)
        if found is not tensor:
            self.alive += found.nbytes
            self.most = max(self.most, self.alive)
            weakref.finalize(found, self._gone, found.nbytes)
        return found

    def _gone(self, num_bytes: int) -> None:
        self.alive -= num_bytes


def group_holds(rank: int, size: int) -> Tensors:
    """What a process holds of a model in parts: while it is saved, and of its best state."""
    group = Counting("cpu", local_rank=rank, is_split=True)
    task = loop_task(small_net(0), rank, size)
    steps = Steps(task, LoopSettings(max_epochs=1), group)
    best, state = BestState(steps.module, group), RunState(watch=EarlyStopping(patience=1, min_rel_progress=0))
    steps.take(state)
    best.keep()
    kept = steps.module.state_dict()
    before = {name: group.whole(tensor).clone() for name, tensor in kept.items()}
    group.most = group.alive
    taken = Snapshots(steps, best).take(state)
    steps.take(state)
    best.put_back()
    parts = [tensor for tensor in best.tensors.values() if isinstance(tensor, DTensor)]
    return {
        "most_bytes": torch.tensor(group.most),
        "copied": torch.tensor(0 if taken is None else sum(each.nbytes for each in taken.tensors.values())),
        "num_own": torch.tensor(sum(part.to_local().numel() for part in parts)),
        "num_whole": torch.tensor(sum(part.numel() for part in parts)),
        "largest_bytes": torch.tensor(max(tensor.nbytes for tensor in before.values())),
    } | {f"before.{name}": tensor for name, tensor in before.items()} | {
        f"after.{name}": group.whole(tensor).clone() for name, tensor in steps.module.state_dict().items()
    }  # fmt: skip


class EndingGroup(CommunicatingGroup):
    """Ends behind a step."""

    ends_at: int | None = None
    num_steps = 0

    def after_step(self, step: int) -> None:
        super().after_step(step)
        self.num_steps += 1
        if step == self.ends_at:
            raise Killed


def loop_task(module: nn.Module, rank: int, size: int) -> Task:
    def batches(epoch: int, first: int) -> Iterator[TensorBatch]:
        for number in range(first, 12):
            x = random(100 * epoch + 10 * number + rank, 8, 2)
            yield TensorBatch((x,), 3 * x[:, 0] - 2 * x[:, 1], None, 8 * size)

    return Task(
        module=module,
        make_optimizers=lambda placed: (torch.optim.AdamW(placed.parameters(), lr=0.01),),
        loss=squared_error,
        train_batches=batches,
        num_batches=12,
        eval_batches=None,
        num_rows=12 * 8 * size,
    )


def outer_joined(rank: int, size: int) -> Tensors:
    """The last process has lost what it knew: all go on from the first one's weights, and agree."""
    module = small_net(rank)
    outer = make_outer_steps(Communication(outer_steps=4, outer_momentum=0.9), module)
    assert outer is not None
    train(module, rank, lambda step: outer.after_step(step, module), num_steps=6)
    before = flat(module)
    outer.load({} if rank == size - 1 else outer.state(), module)
    begun = flat(module)
    train(module, rank, lambda step: outer.after_step(step, module), first=6, num_steps=8)
    return {"before": before, "begun": begun, "found": flat(module)}


def outer_tables(rank: int, size: int) -> Tensors:
    """A table whose moved rows alone are sent, beside the same one sent whole."""
    result: Tensors = {}
    for name, is_sparse in (("rows", True), ("whole", False)):
        torch.manual_seed(0)
        module = Words(is_sparse, rows=5000)
        outer = make_outer_steps(Communication(outer_steps=2, outer_learn_rate=0.7, outer_momentum=0.9), module)
        assert outer is not None
        optimizer = torch.optim.SGD(module.parameters(), lr=0.01)
        for step in range(1, 7):
            ids = torch.randint(0, 5000, (16, 3), generator=torch.Generator().manual_seed(10 * step + rank))
            optimizer.zero_grad()
            module(ids).square().sum().backward()
            optimizer.step()
            outer.after_step(step, module)
        result |= {name: module.bag.weight.detach(), f"{name}.sent": torch.tensor(outer.traffic.sent_bytes)}
    return result


OPTIONS = {
    "exact": Communication(),
    "bfloat16": BFLOAT16,
    "powersgd": POWERSGD,
    "local_sgd": Communication(outer_steps=8, compression="bfloat16"),
    "diloco": Communication(outer_steps=8, outer_learn_rate=0.7, outer_momentum=0.9),
}
SEEDS = 3


def quality(rank: int, size: int) -> Tensors:
    """The logits of Adult's test rows after four epochs, for each option and seed."""
    train, test = (rows_of(part) for part in read_adult(Path(os.environ["HAGANE_SHARED_DATA"]) / "adult"))
    result: Tensors = {"label": test[1]}
    for name, options in OPTIONS.items():
        for seed in range(SEEDS):
            module = fitted(train, options, rank, size, seed)
            with torch.no_grad():
                result[f"{name}{seed}"] = module(test[0])[:, 0]
    return result


def rows_of(table: Any) -> tuple[Tensor, Tensor]:
    """Standardised numbers and one-hot categories, and the label."""
    return torch.from_numpy(table.scaled().one_hot().astype(np.float32)), torch.from_numpy(table.label)


def fitted(rows: tuple[Tensor, Tensor], options: Communication, rank: int, size: int, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    module = nn.Sequential(nn.Linear(rows[0].shape[1], 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
    outer = make_outer_steps(options, module)
    wrapped = module if outer else DistributedDataParallel(module)
    if (hook := make_hook(options, seed=seed)) is not None:
        hook.register(wrapped)
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.002)
    order, step = torch.Generator().manual_seed(seed), 0
    for _ in range(4):
        for batch in torch.randperm(len(rows[1]), generator=order).split(256):
            mine = batch[rank::size]
            optimizer.zero_grad()
            logits = wrapped(rows[0][mine])[:, 0]
            nn.functional.binary_cross_entropy_with_logits(logits, rows[1][mine].float()).backward()
            optimizer.step()
            step += 1
            if outer:
                outer.after_step(step, module)
    if outer:
        outer.agree(module)
    return module


CASES = {
    "bfloat16": Case(bfloat16, (2, 3)),
    "powersgd": Case(powersgd, (2, 3)),
    "powersgd_low_rank": Case(powersgd_low_rank),
    "powersgd_beside_torch": Case(powersgd_beside_torch),
    "powersgd_resumed": Case(powersgd_resumed, (2, 3)),
    "powersgd_of_nothing": Case(powersgd_of_nothing),
    "sparse": Case(sparse, (2, 3)),
    "local_sgd": Case(local_sgd, (2, 3)),
    "outer_nesterov": Case(outer_nesterov),
    "outer_bfloat16": Case(outer_bfloat16),
    "outer_resumed": Case(outer_resumed, (2, 3)),
    "group_resumed": Case(group_resumed, (2, 3)),
    "group_holds": Case(group_holds),
    "outer_joined": Case(outer_joined, (2, 3)),
    "outer_tables": Case(outer_tables, (2, 3)),
    "quality": Case(quality, is_slow=True),
}


def main(size: int, rank: int, folder: Path, names: list[str]) -> None:
    torch.set_num_threads(1)
    os.environ["HAGANE_TEST_FOLDER"] = str(folder)
    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=size, timeout=timedelta(seconds=120)
    )
    for name in names:
        try:
            found = {key: tensor.contiguous() for key, tensor in CASES[name].run(rank, size).items()}
            save_file(found, folder / f"{name}-{rank}.safetensors")
        except Exception:
            (folder / f"{name}-{rank}.txt").write_text(traceback.format_exc())
        dist.barrier()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # gloo's threads now and then abort an interpreter that ends


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
