"""`OuterSteps`: every process trains by itself, and the weights are made to agree every H steps.

DiLoCo (Douillard et al., arXiv 2311.08105): the inner optimizer is the model's own, its state never travels; every H
steps the mean difference between the common weights of before and what each process has made of them is taken for a
gradient, by which an outer SGD with Nesterov momentum moves the common weights:

    d = mean(common − weights); v = μ v + d; common = common − η (d + μ v); weights = common

With η = 1 and μ = 0 the common weights are the mean: local SGD (Stich, arXiv 1805.09767). Statistics of batch
normalisation are averaged as they are.

Of an embedding table with `sparse=True` only the rows that some process has moved are sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from hagane.spec.communication import Communication
from hagane.training.communication.traffic import Traffic

MAX_MESSAGE_BYTES = 2**26
"""Tensors are sent side by side up to this size, so that a large model is not copied whole."""
_COMMON, _MOMENTUM, _SINCE = "common.", "momentum.", "since"


class OuterSteps:
    """Makes the weights of one module agree. Every process must call it at the same steps."""

    def __init__(self, options: Communication, module: nn.Module, group: Any = None) -> None:
        self.options = options
        self.traffic = Traffic(dist.get_world_size(group))
        self._group = group
        self._tables = _sparse_tables(module)
        self._since = 0
        self._common: dict[str, Tensor] = {}
        self._momentum: dict[str, Tensor] = {}
        self._begin(module)

    def after_step(self, step: int, module: nn.Module) -> bool:
        """Call it after every step of the inner optimizer, with the number of those done; whether weights agree now."""
        self._since += 1
        if step % self.options.outer_steps == 0:
            self.agree(module)
        return self._since == 0

    def agree(self, module: nn.Module) -> None:
        """Take an outer step now, unless nothing has been done since the last one.

        Before each evaluation, and at the end: what is measured and kept is then one model.
        """
        if not self._since:
            return
        with torch.no_grad():
            parameters = dict(_trained(module))
            for name, difference in self._mean_differences(parameters).items():
                self._move(name, difference)
                parameters[name].copy_(self._common[name])
            self._average_buffers(module)
        self._since = 0

    def state(self) -> dict[str, Tensor]:
        """The common weights, their momentum, and the steps since they were agreed on; the same in all processes."""
        return (
            {_COMMON + name: tensor for name, tensor in self._common.items()}
            | {_MOMENTUM + name: tensor for name, tensor in self._momentum.items()}
            | {_SINCE: torch.tensor(self._since)}
        )

    def load(self, tensors: dict[str, Tensor], module: nn.Module) -> None:
        """Go on from what `state` gave, in every process at once, the weights of `module` being restored already.

        Where a process has nothing (it has joined), all begin anew from the first one's weights.
        """
        has_state = torch.tensor(int(_SINCE in tensors), device=_device(module))
        dist.all_reduce(has_state, op=dist.ReduceOp.MIN, group=self._group)
        if not has_state:
            self._begin(module)
            return
        for prefix, held in ((_COMMON, self._common), (_MOMENTUM, self._momentum)):
            for name, tensor in held.items():
                tensor.copy_(tensors[prefix + name])
        self._since = int(tensors[_SINCE])

    def _begin(self, module: nn.Module) -> None:
        """All processes with the weights of the first."""
        for tensor in (*module.parameters(), *module.buffers()):
            dist.broadcast(tensor.detach(), group=self._group, group_src=0)
        self._common = {name: tensor.detach().clone() for name, tensor in _trained(module)}
        moving = self._common if self.options.outer_momentum else {}
        self._momentum = {name: torch.zeros_like(tensor) for name, tensor in moving.items()}
        self._since = 0

    def _mean_differences(self, parameters: dict[str, Tensor]) -> dict[str, Tensor]:
        """By name, common − weights, averaged over the processes."""
        differences = {name: self._common[name] - parameter for name, parameter in parameters.items()}
        for message in _messages([differences[name] for name in differences if name not in self._tables]):
            self._average(message)
        for name in (name for name in differences if name in self._tables):  # a set has no order to agree on
            self._average_rows(differences[name])
        return differences

    def _move(self, name: str, difference: Tensor) -> None:
        momentum, rate = self.options.outer_momentum, self.options.outer_learn_rate
        if momentum:
            velocity = self._momentum[name].mul_(momentum).add_(difference)
            difference = difference.add_(velocity, alpha=momentum)
        self._common[name].sub_(difference, alpha=rate)

    def _average_rows(self, difference: Tensor) -> None:
        """The rows that are not zero in some process, averaged in place; the others are zero in all."""
        moved = (difference != 0).any(1).to(torch.uint8)
        self.traffic.add_all_reduce(moved.numel())
        dist.all_reduce(moved, op=dist.ReduceOp.MAX, group=self._group)
        rows = moved.nonzero()[:, 0]
        sent = difference.index_select(0, rows)
        self._average([sent])
        difference.index_copy_(0, rows, sent)

    def _average_buffers(self, module: nn.Module) -> None:
        floats = [buffer for buffer in module.buffers() if buffer.is_floating_point()]
        for message in _messages(floats):
            self._average(message, exact=True)

    def _average(self, tensors: list[Tensor], *, exact: bool = False) -> None:
        """The mean of each over the processes, in place, in one collective."""
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        sent = flat.to(torch.bfloat16) if self.options.compression == "bfloat16" and not exact else flat
        if not sent.numel():
            return
        self.traffic.add_all_reduce(sent.numel() * sent.element_size())
        dist.all_reduce(sent, group=self._group)
        parts = sent.to(flat.dtype).div_(self.traffic.num_processes).split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))


def _trained(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    return ((name, parameter) for name, parameter in module.named_parameters() if parameter.requires_grad)


def _device(module: nn.Module) -> Any:
    return next(iter(module.parameters())).device


def _sparse_tables(module: nn.Module) -> set[str]:
    """The names of the parameters whose gradients are sparse."""
    tables = {id(part.weight) for part in module.modules() if getattr(part, "sparse", False) is True}
    return {name for name, parameter in module.named_parameters() if id(parameter) in tables}


def _messages(tensors: list[Tensor]) -> Iterator[list[Tensor]]:
    """The tensors in order, side by side as long as they have one type and are not too large together."""
    message: list[Tensor] = []
    num_bytes = 0
    for tensor in tensors:
        size = tensor.numel() * tensor.element_size()
        if message and (num_bytes + size > MAX_MESSAGE_BYTES or tensor.dtype != message[0].dtype):
            yield message
            message, num_bytes = [], 0
        message.append(tensor)
        num_bytes += size
    if message:
        yield message
