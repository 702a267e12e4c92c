"""`Group`: the processes that train one model together. This one trains alone; strategies have others."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from hagane.training.checkpoint import Checkpoint
from hagane.training.checkpointer import Checkpointer


class Group:
    """What the loop knows of other processes. Each calls the same methods in the same order.

    >>> Group().add_up([1.5, 2.0])
    [1.5, 2.0]
    """

    rank: int = 0
    """Number of this process, from 0."""
    size: int = 1
    """Processes."""
    device: str = "cpu"
    """Where this process computes: `cpu`, `cuda:0`."""
    is_split: bool = False
    """Whether each process holds a part of the model, so that all of them call it equally often."""
    is_writer: bool = True
    """Whether this process writes the checkpoints of its machine."""

    def place(self, module: nn.Module) -> nn.Module:
        """The module on the device, split up where the strategy splits; what optimizers are made for."""
        return module.to(self.device)

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module as it is called in training: its gradients are the means over the processes."""
        return module

    def gradient(self, is_last: bool) -> AbstractContextManager[Any]:
        """Around a batch's forward and backward pass; gradients are exchanged in the `is_last` of a step alone."""
        return nullcontext()

    def after_step(self, step: int) -> None:
        """An optimizer step is done, number `step` from 1."""

    def settle(self) -> None:
        """Every process has the same weights from here on."""

    def add_up(self, values: Sequence[float]) -> list[float]:
        """The sums over all processes, the same everywhere."""
        return list(values)

    def agree(self, values: Sequence[float]) -> list[float]:
        """The first process's numbers, everywhere: others may differ in the last bits, and must not decide."""
        return self.add_up([value if self.rank == 0 else 0.0 for value in values])

    def module_state(self, module: nn.Module) -> dict[str, Tensor]:
        """The whole state of a module that was `place`d."""
        return dict(module.state_dict())

    def load_module_state(self, module: nn.Module, state: dict[str, Tensor]) -> None:
        """Give a `place`d module that state."""
        module.load_state_dict(state)

    def optimizer_state(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        """The whole state of an optimizer over parameters of the `place`d module."""
        return dict(optimizer.state_dict())

    def load_optimizer_state(self, module: nn.Module, optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
        """Give the optimizer that state."""
        optimizer.load_state_dict(state)

    def latest_checkpoint(self, checkpointer: Checkpointer) -> Checkpoint | None:
        """The newest one that all processes can go on from."""
        return checkpointer.latest()

    def own_state(self) -> dict[str, Tensor]:
        """What exchanging gradients remembers in this process alone, by name."""
        return {}

    def load_own_state(self, tensors: dict[str, Tensor]) -> None:
        """Go on with what `own_state` gave."""
