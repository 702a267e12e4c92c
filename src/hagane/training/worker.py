"""What a process of a training that several do together does, once `start_worker` has started it.

`FOLDER` holds what `training.processes` wrote there; torchelastic's variables (RANK, WORLD_SIZE, …) say which process
this is. The first process of each machine leaves the result there, or what went wrong.
"""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import NoReturn

import msgspec
import torch
import torch.distributed as dist

from hagane.errors import Fault, HaganeError, PreemptedError, TrainingInterruptedError
from hagane.features.encoded import Encoded
from hagane.progress import SILENT, Progress
from hagane.progress.event_log import EventLog
from hagane.training.checkpoint import Checkpoint
from hagane.training.checkpointer import Checkpointer
from hagane.training.communicating_group import CommunicatingGroup
from hagane.training.fault_channel import FaultChannel
from hagane.training.gather_json import gather_json
from hagane.training.loop import train_module
from hagane.training.preemption import Preemption
from hagane.training.process_group import ProcessGroup
from hagane.training.processes import EVENTS_FILE, Order, Outcome, read_order, read_outcome, write_outcome, write_result
from hagane.training.seeded import seeded
from hagane.training.training_job import Share

TIMEOUT = timedelta(seconds=120)
"""After which a machine that vanished without a word is given up."""


def main(folder: Path) -> NoReturn:
    """Train, and end without Python's own end, in which gloo's threads abort now and then."""
    _end(0 if read_outcome(folder) is not None else _exit_code(folder))


def _exit_code(folder: Path) -> int:
    """Of a process that has trained, or has given up: what no other attempt would change is told, and is no failure."""
    order, channel = read_order(folder), None
    try:
        with Preemption(insists=False) as preemption:
            device = _device(order)
            store, rank, size = next(dist.rendezvous("env://", timeout=TIMEOUT))
            channel = FaultChannel(store.clone(), rank=rank, size=size, on_heard=partial(_give_up, folder))
            backend = "cpu:gloo,cuda:nccl" if order.device == "cuda" else "gloo"
            dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=TIMEOUT)
            _train(folder, order, device, preemption)
    except PreemptedError as error:
        # By the notice of a machine, or because machines come or go; whoever started us knows which.
        return error.exit_code
    except HaganeError as error:
        outcome = Outcome(faults=error.faults, is_interrupted=isinstance(error, TrainingInterruptedError))
        write_outcome(folder, outcome)
        if channel is not None:
            channel.say(outcome)
    except Exception:
        if channel is None or (heard := channel.heard()) is None:
            traceback.print_exc()
            return 1
        write_outcome(folder, heard)
    return 0


def _give_up(folder: Path, outcome: Outcome) -> None:
    """Another process has given up, perhaps on another machine: say so on this one, too."""
    write_outcome(folder, outcome)
    _end(0)


def _end(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _device(order: Order) -> str:
    """This process's: it computes there from here on."""
    if order.device == "cpu":
        return "cpu"
    device = f"cuda:{os.environ['LOCAL_RANK']}"
    torch.cuda.set_device(device)
    return device


def _train(folder: Path, order: Order, device: str, preemption: Preemption) -> None:
    local_rank = int(os.environ["LOCAL_RANK"])
    _check_all_train_the_same(order)
    group = _group(order, device, local_rank)
    evaluation = Encoded.open(folder / "eval") if order.has_evaluation else None
    share = Share(Encoded.open(folder / "train"), evaluation, group.rank, group.size)
    with seeded(order.job.settings.seed, order.job.num_threads):
        task = order.job.make_task(share)
        with (
            nullcontext(SILENT) if local_rank else EventLog.at(folder / EVENTS_FILE) as progress,
            _checkpointer(order, group, progress) as checkpointer,
        ):
            history = train_module(task, order.job.settings, progress, group=group, checkpointer=checkpointer,
                                   preemption=preemption)  # fmt: skip
    state = group.whole_copies(task.module.state_dict(), is_kept=local_rank == 0)
    if local_rank == 0:
        write_result(folder, state, history)
    dist.barrier()


def _group(order: Order, device: str, local_rank: int) -> ProcessGroup:
    job = order.job
    if not job.communication.departs:
        return ProcessGroup(device, local_rank=local_rank, is_split=order.is_split)
    return CommunicatingGroup(device, local_rank=local_rank, communication=job.communication, seed=job.settings.seed)


def _checkpointer(
    order: Order, group: ProcessGroup, progress: Progress
) -> AbstractContextManager[Checkpointer[Checkpoint] | None]:
    """Processes that each remember things of their own have a folder each."""
    if order.checkpoints is None:
        return nullcontext()
    if not order.job.communication.departs:
        return Checkpointer(order.checkpoints, order.checkpoint_policy, Checkpoint, progress)
    policy = msgspec.structs.replace(order.checkpoint_policy, keep=max(order.checkpoint_policy.keep, 2))
    return Checkpointer(order.checkpoints / f"process-{group.rank}", policy, Checkpoint, progress)


def _check_all_train_the_same(order: Order) -> None:
    digests = gather_json(order.digest)
    if len(set(digests)) > 1:
        raise TrainingInterruptedError(
            Fault(
                what="the machines do not train the same model on the same rows",
                received=", ".join(f"process {rank}: {digest[:12]}" for rank, digest in enumerate(digests)),
                next_step="give each machine the same spec, data and version of Hagane",
            )
        )
