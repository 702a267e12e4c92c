"""`ProcessGroup`: a `Group` of several processes on torch.distributed, each with the whole model or a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel

from hagane.training.checkpoint import Checkpoint
from hagane.training.checkpointer import Checkpointer
from hagane.training.gather_json import gather_json
from hagane.training.group import Group


class ProcessGroup(Group):
    """Each process holds the model (DDP), or a part of it where it `is_split` (FSDP2).

    Gradients are the means over the processes. Batch normalisation counts each process's own rows; what it remembers is
    the first process's.
    """

    def __init__(self, device: str, *, local_rank: int, is_split: bool = False) -> None:
        self.device = device
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self.is_writer = local_rank == 0
        self.is_split = is_split
        self._wrapped: nn.Module | None = None

    def place(self, module: nn.Module) -> nn.Module:
        """The module on the device; its parameters in parts where they are split."""
        module = module.to(self.device)
        if self.is_split:
            for table in module.modules():
                if isinstance(table, nn.Embedding | nn.EmbeddingBag):
                    table.sparse = False  # a part of a table has no sparse gradient
            for part in _large_parts(module):
                fully_shard(part)
            fully_shard(module)
        return module

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module whose gradients are exchanged."""
        if not self.is_split:
            devices = None if self.device == "cpu" else [self.device]
            # without the search for unused parameters buckets are laid out anew after the first step, and of three
            # processes that go on from a checkpoint sums would have other bits
            module = DistributedDataParallel(
                module, device_ids=devices, gradient_as_bucket_view=True, find_unused_parameters=self.size > 2
            )
        self._wrapped = module
        return module

    def gradient(self, is_last: bool) -> AbstractContextManager[Any]:
        """Gradients are exchanged in the last batch of a step."""
        if isinstance(self._wrapped, FSDPModule):
            self._wrapped.set_requires_gradient_sync(is_last)
            return nullcontext()
        assert isinstance(self._wrapped, DistributedDataParallel)
        return nullcontext() if is_last else self._wrapped.no_sync()

    def settle(self) -> None:
        """Give every process what the first one's layers remember besides weights."""
        if self._wrapped is not None:
            for buffer in self._wrapped.buffers():
                dist.broadcast(buffer, 0)

    def add_up(self, values: Sequence[float]) -> list[float]:
        """The sums over all processes, the same everywhere."""
        total = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(total)
        found: list[float] = total.tolist()
        return found

    def whole(self, tensor: Tensor) -> Tensor:
        """All of a tensor: its parts are gathered."""
        return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor

    def part(self, tensor: Tensor, like: Tensor) -> Tensor:
        """Its part, where `like` is in parts."""
        if not isinstance(like, DTensor):
            return super().part(tensor, like)
        return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements)

    def latest_checkpoint(self, checkpointer: Checkpointer[Checkpoint]) -> Checkpoint | None:
        """The newest one that any process has; those that lack it are sent it."""
        found = checkpointer.latest()
        steps = gather_json(-1 if found is None else found.step)
        newest = max(steps)
        if newest < 0:
            return None
        if min(steps) == newest:
            return found
        holder = steps.index(newest)
        return _sent(found if self.rank == holder else None, holder)


def _large_parts(module: nn.Module) -> list[nn.Module]:
    """Layers worth being gathered one at a time: those with the more than a hundredth of all numbers."""
    sizes = {
        part: sum(parameter.numel() for parameter in part.parameters(recurse=False))
        for part in module.modules()
        if part is not module
    }
    total = sum(parameter.numel() for parameter in module.parameters())
    return [part for part, size in sizes.items() if 100 * size > total]


def _sent(found: Checkpoint | None, holder: int) -> Checkpoint:
    """The holder's checkpoint, in every process; what it alone remembers is left out."""
    step, facts, kinds = gather_json(None if found is None else (found.step, found.facts, _kinds(found)))[holder]
    tensors = {}
    for name, (shape, dtype) in kinds.items():
        tensors[name] = torch.empty(shape, dtype=getattr(torch, dtype)) if found is None else found.tensors[name]
        dist.broadcast(tensors[name], holder)
    return Checkpoint(step, tensors if found is None else found.tensors, facts)


def _kinds(found: Checkpoint) -> dict[str, tuple[list[int], str]]:
    """Shape and type of each tensor that is not of one process alone: `float32`."""
    return {
        name: (list(tensor.shape), str(tensor.dtype).removeprefix("torch."))
        for name, tensor in found.tensors.items()
        if not name.startswith("own.")
    }
