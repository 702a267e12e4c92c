"""`train_in_processes`: processes that torchelastic starts, watches and, where one dies, starts again.

All of them then go on from the newest checkpoint. Machines that join or leave are met the same way.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import torch
from torch import nn

from hagane.errors import Fault, PreemptedError, TrainingError, TrainingInterruptedError
from hagane.progress.follow_events import follow_events
from hagane.signal_name import signal_name
from hagane.spec.communication import Communication
from hagane.training.checkpoint_folder import newest_step
from hagane.training.machines import Machines
from hagane.training.processes import EVENTS_FILE, Order, digest_of, read_outcome, read_result, write_order
from hagane.training.seeded import seeded
from hagane.training.training_job import Share, TrainingJob
from hagane.training.training_run import Trained, TrainingRun
from hagane.usable_cores import usable_cores

BYTES_A_WEIGHT = 16
"""float32, its gradient, and two numbers that Adam keeps."""
LAST_LINES = 20
PREFIX = "processes-"


def train_in_processes(job: TrainingJob, share: Share, run: TrainingRun, machines: Machines) -> Trained:
    """Train `job` in this machine's processes, and with those of others. Raises TrainingError and PreemptedError."""
    num_processes = run.strategy.num_processes or default_processes(run.device)
    if not job.num_threads:
        threads = max(usable_cores() // num_processes, 1)
        job = msgspec.structs.replace(job, num_threads=threads)
    with seeded(job.settings.seed):
        module = job.make_task(share).module
    order = Order(
        job=job,
        device=run.device,
        is_split=_is_split(run, module, num_processes, job.communication),
        has_evaluation=share.evaluation is not None,
        digest=digest_of(job, share),
        checkpoints=run.checkpoints,
        checkpoint_policy=run.checkpoint_policy,
    )
    with _folder_of(run) as folder:
        write_order(folder, order, share)
        with follow_events(folder / EVENTS_FILE, run.progress):
            _launch(folder, run, machines, num_processes)
        return _result(folder, module)


def default_processes(device: str) -> int:
    """One a GPU, or one a core where there is none."""
    return torch.cuda.device_count() if device == "cuda" else usable_cores()


def _is_split(run: TrainingRun, module: nn.Module, num_processes: int, communication: Communication) -> bool:
    if run.strategy.sharding != "auto" or communication.departs:
        return run.strategy.sharding == "full"
    if run.device == "cuda":
        room = int(torch.cuda.get_device_properties(0).total_memory)
    else:
        room = run.memory.num_bytes // num_processes
    num_weights = sum(int(parameter.numel()) for parameter in module.parameters())
    return BYTES_A_WEIGHT * num_weights > room


@contextmanager
def _folder_of(run: TrainingRun) -> Iterator[Path]:
    """A folder of this training's own, on the disk of its checkpoints where it has any."""
    parent = None if run.checkpoints is None else run.checkpoints.parent
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
        for left in parent.glob(f"{PREFIX}*"):  # by a process that was killed: nobody else uses this folder
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _launch(folder: Path, run: TrainingRun, machines: Machines, num_processes: int) -> None:
    """Until every process has ended. Raises TrainingError where they died too often, PreemptedError at a notice."""
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.rendezvous import RendezvousError

    from hagane.training.launch_workers import launch_workers

    try:
        ended = launch_workers(folder, run, machines, num_processes)
    except SignalException as error:
        if error.sigval == signal.SIGINT:  # it came while torchelastic had its own handler
            raise KeyboardInterrupt from None
        raise PreemptedError(_told_to_end(run)) from None
    except RendezvousError as error:
        raise TrainingInterruptedError(_did_not_meet(machines, error)) from None
    if ended is not None and read_outcome(folder) is None:
        raise TrainingInterruptedError(_died(folder, ended.exit_code, run))


def _result(folder: Path, module: nn.Module) -> Trained:
    outcome, found = read_outcome(folder), read_result(folder)
    if outcome is not None:
        raise (TrainingInterruptedError if outcome.is_interrupted else TrainingError)(*outcome.faults)
    if found is None:
        raise TrainingInterruptedError(Fault(what="the processes of the training ended without a result"))
    state, history = found
    module.load_state_dict(state)
    return Trained(module, history)


def _died(folder: Path, code: int, run: TrainingRun) -> Fault:
    logs = sorted((folder / "logs").rglob("stderr.log"), key=lambda path: path.stat().st_mtime)
    texts = [text for path in logs if (text := path.read_text(errors="replace").strip())]
    lines = texts[-1].splitlines()[-LAST_LINES:] if texts else []
    return Fault(
        what=f"a process of the training died {run.strategy.max_restarts + 1} times",
        where="training.strategy",
        received=signal_name(-code) if code < 0 else f"exit code {code}" + "".join(f"\n    {line}" for line in lines),
        next_step="run the same command again: it goes on from the last checkpoint; look at the machine's memory",
    )


def _told_to_end(run: TrainingRun) -> Fault:
    if run.checkpoints is None:
        return Fault(what="training was told to end", next_step="start it again")
    found = newest_step(run.checkpoints)
    if not found:
        return Fault(what="training was told to end before anything was saved", next_step="start it again")
    step = "run the same command again: it goes on from there"
    return Fault(what="training was told to end, and its state is saved", where=f"step {found:,}", next_step=step)


def _did_not_meet(machines: Machines, error: Exception) -> Fault:
    return Fault(
        what="the machines did not meet",
        where="training.strategy.rendezvous",
        expected=f"{machines.least} machines at {machines.rendezvous} within {machines.timeout_seconds // 60} minutes",
        received=str(error).splitlines()[0] if str(error) else type(error).__name__,
        next_step="start the same command on each machine; the host of `rendezvous` must be one of them, its port open",
    )
