"""`Group`: the processes that train one model together. This one trains alone; strategies have others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

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

    def whole(self, tensor: Tensor) -> Tensor:
        """All of a tensor of which each process may hold a part: every process calls it."""
        return tensor

    def part(self, tensor: Tensor, like: Tensor) -> Tensor:
        """Of a whole tensor what this process holds of `like`, on that one's device: every process calls it."""
        return tensor.to(like.device)

    def whole_copies(self, tensors: Mapping[str, Tensor], *, is_kept: bool) -> dict[str, Tensor]:
        """Whole tensors, copied to the CPU one by one; none where they are not to be kept here.

        Every process calls it. One whole tensor at a time is all that a process holds that does not keep them.
        """
        copies = {}
        for name, tensor in tensors.items():
            if is_kept:
                copies[name] = self.whole(tensor.detach()).to("cpu", copy=True).contiguous()
            else:
                self.whole(tensor.detach())
        return copies

    def latest_checkpoint(self, checkpointer: Checkpointer[Checkpoint]) -> Checkpoint | None:
        """The newest one that all processes can go on from."""
        return checkpointer.latest()

    def own_state(self) -> dict[str, Tensor]:
        """What exchanging gradients remembers in this process alone, by name."""
        return {}

    def load_own_state(self, tensors: dict[str, Tensor]) -> None:
        """Go on with what `own_state` gave."""
