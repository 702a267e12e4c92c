"""`GradientHook`: what is done with gradients between the backward pass and the optimizer, on every process alike.

Rules for one. Collectives are started in calls of `hook` only, which DistributedDataParallel makes in the same order in
every process: one that is started from a future's callback races with those of other buckets, and where two processes
start two collectives in different orders, gloo adds up what does not belong together. State goes by the names of the
parameters, since buckets are laid out anew after the first step. A sparse gradient (of an embedding table with
`sparse=True`) is a bucket of its own.
"""

from __future__ import annotations

from typing import Protocol

import torch
import torch.distributed as dist
from torch import Tensor, nn

from hagane.training.communication.traffic import Traffic


class GradientHook(Protocol):
    """Compresses what is averaged. Every process must hold the same weights and call it as often."""

    traffic: Traffic

    def register(self, wrapped: nn.parallel.DistributedDataParallel) -> None:
        """Take the place of its all-reduce; once."""

    def hook(self, bucket: dist.GradBucket) -> torch.futures.Future[Tensor]:
        """Average a bucket over the processes."""

    def state(self) -> dict[str, Tensor]:
        """All that the next step depends on, of this process (others hold others); to be copied before that step."""

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Go on from what `state` gave; what is missing begins anew, as for a process that has joined."""


def register_hook(hook: GradientHook, wrapped: nn.parallel.DistributedDataParallel) -> dict[int, str]:
    """Register `hook` with the wrapped module; the names of its parameters by their id."""
    # what is registered may have no annotations that are texts, as all of this module's are: a lambda has none
    wrapped.register_comm_hook(hook, lambda state, bucket: state.hook(bucket))
    return {id(parameter): name for name, parameter in wrapped.module.named_parameters()}
