"""Tasks for `test_worker_faults`: what a process does wrong, made in each process by name."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from hagane.errors import DataError, Fault
from hagane.training.losses import squared_error
from hagane.training.task import Task, TensorBatch
from hagane.training.training_job import Share

NUM_BATCHES = 6


def make_task(arguments: dict[str, Any], share: Share) -> Task:
    """One process (`faulty`) cannot read its rows at batch 3; the others wait there as long as for a broken network."""

    def batches(epoch: int, first: int) -> Iterator[TensorBatch]:
        for number in range(first, NUM_BATCHES):
            if number == 3 and share.rank == arguments["faulty"]:
                raise DataError(Fault(what="a row of process 'naïve' cannot be read", where="rows.parquet"))
            if number == 3:
                time.sleep(arguments["wait_seconds"])
            yield TensorBatch((torch.ones(4, 2),), torch.ones(4), None, 4 * share.size)

    return Task(
        module=nn.Linear(2, 1),
        make_optimizers=lambda module: (torch.optim.SGD(module.parameters(), lr=0.01),),
        loss=squared_error,
        train_batches=batches,
        num_batches=NUM_BATCHES,
        eval_batches=None,
        num_rows=24 * share.size,
    )
