"""`mean_of_rows`: sparse gradients of embedding tables, of which each process sends the rows that it looked up."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from hagane.training.communication.traffic import Traffic


def mean_of_rows(
    gradient: Tensor, group: Any, traffic: Traffic, dtype: torch.dtype | None = None
) -> torch.futures.Future[Tensor]:
    """The mean of a sparse gradient over the processes; its values travel as `dtype`, its indices as int64."""
    own = gradient.coalesce()
    values = own.values().to(dtype or own.dtype)
    sent = torch.sparse_coo_tensor(own.indices(), values, own.shape, is_coalesced=True, check_invariants=False)
    traffic.add_sparse(sent)
    work = dist.all_reduce(sent, group=group, async_op=True)
    return work.get_future().then(lambda done: done.value()[0].to(gradient.dtype) / traffic.num_processes)
