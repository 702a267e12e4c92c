"""`Bfloat16`: gradients travel in half the bytes, as bfloat16 (float32's range, 8 bits of precision)."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from hagane.spec.communication import Communication
from hagane.training.communication.gradient_hook import register_hook
from hagane.training.communication.mean_of_rows import mean_of_rows
from hagane.training.communication.traffic import Traffic


class Bfloat16:
    """Each process's gradient is rounded, the sum too: the mean of n is off by n · 2⁻⁸ of their mean magnitude at most.

    Nothing is kept from step to step. Buckets are sent while the backward pass goes on.
    """

    def __init__(self, options: Communication, group: Any = None, seed: int = 0) -> None:
        self._group = group
        self.traffic = Traffic(dist.get_world_size(group))

    def register(self, wrapped: nn.parallel.DistributedDataParallel) -> None:
        """Take the place of the all-reduce."""
        register_hook(self, wrapped)

    def hook(self, bucket: dist.GradBucket) -> torch.futures.Future[Tensor]:
        """The bucket's mean, rounded on its way."""
        buffer, size = bucket.buffer(), self.traffic.num_processes
        if buffer.is_sparse:
            return mean_of_rows(buffer, self._group, self.traffic, torch.bfloat16)
        sent = buffer.to(torch.bfloat16)
        self.traffic.add_all_reduce(sent.numel() * sent.element_size())
        work = dist.all_reduce(sent, group=self._group, async_op=True)
        return work.get_future().then(lambda done: buffer.copy_(done.value()[0]).div_(size))

    def state(self) -> dict[str, Tensor]:
        """Nothing."""
        return {}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Nothing."""
