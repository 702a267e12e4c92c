"""A network on all ranks with DistributedDataParallel, and an evaluator beside them.

    hagane launch --workers 1 --evaluators 1 examples/launch/pytorch_ddp.py --epochs 30

Ranks see what torchrun sets; the evaluator, which has no rank, knows itself by TF_CONFIG. It looks at every checkpoint
on rows that nobody trains on, and ends with the one that says that it is the last.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

ROWS = 4096
CHECKPOINT = Path(os.environ["AIP_CHECKPOINT_DIR"]) / "newest.pt"


def spiral(seed: int) -> tuple[Tensor, Tensor]:
    """Points [n, 2] on two arms of a spiral, and which arm [n]."""
    draw = torch.Generator().manual_seed(seed)
    arm = torch.randint(0, 2, (ROWS,), generator=draw)
    turn = torch.rand(ROWS, generator=draw) * 6 + 0.5
    angle = turn + torch.pi * arm
    noise = torch.randn(ROWS, 2, generator=draw) * 0.1
    return torch.stack([turn * angle.cos(), turn * angle.sin()], dim=1) / 4 + noise, arm


def network() -> nn.Module:
    """The same on every rank: DDP sends rank 0's weights to the others."""
    return nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2))


def train(epochs: int) -> None:
    """Each rank takes every WORLD_SIZE-th row; the gradients are averaged over the ranks."""
    dist.init_process_group("gloo")
    rank, size = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(0)
    model = DistributedDataParallel(network())
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    points, arms = (each[rank::size] for each in spiral(seed=1))
    for epoch in range(epochs):
        for rows in torch.randperm(len(points)).split(256 // size):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(points[rows]), arms[rows])
            loss.backward()
            optimizer.step()
        mean = loss.detach().clone()
        dist.all_reduce(mean)
        if rank == 0:
            print(f"epoch {epoch} loss {mean.item() / size:.4f}", flush=True)
            save(model.module, epoch, is_last=epoch == epochs - 1)
    total = torch.cat([parameter.detach().flatten() for parameter in model.parameters()]).double().sum()
    print(f"rank {rank} of {size} ends with weights that sum to {total.item():.12f}", flush=True)
    dist.barrier()
    if rank == 0:
        torch.save(model.module.state_dict(), Path(os.environ["AIP_MODEL_DIR"]) / "model.pt")


def save(model: nn.Module, epoch: int, *, is_last: bool) -> None:
    """Write aside, then rename: whoever reads it finds it whole."""
    partial = CHECKPOINT.with_suffix(".partial")
    torch.save({"model": model.state_dict(), "epoch": epoch, "is_last": is_last}, partial)
    partial.replace(CHECKPOINT)


def evaluate() -> None:
    """Look at each new checkpoint until the last."""
    points, arms = spiral(seed=2)
    model, seen = network(), -1
    while True:
        state = torch.load(CHECKPOINT, weights_only=True) if CHECKPOINT.exists() else {"epoch": -1}
        if state["epoch"] == seen:
            time.sleep(0.05)
            continue
        seen = state["epoch"]
        model.load_state_dict(state["model"])
        with torch.no_grad():
            accuracy = (model(points).argmax(1) == arms).float().mean().item()
        print(f"epoch {seen} accuracy {accuracy:.4f}", flush=True)
        if state["is_last"]:
            return


def main() -> None:
    """Do what this replica is for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=30)
    arguments = parser.parse_args()
    task = json.loads(os.environ["TF_CONFIG"])["task"]
    if task.get("type") == "evaluator":
        evaluate()
    else:
        train(arguments.epochs)
    sys.stdout.flush()
    os._exit(0)  # gloo's threads now and then abort an interpreter that takes its time to end


if __name__ == "__main__":
    main()
