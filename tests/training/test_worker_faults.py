"""Several processes of one training: what one of them says all say, at once, and a notice to end is heard early."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist

from hagane.errors import Fault, PreemptedError, TrainingError
from hagane.features.encoded import Encoded, EncodedWriter
from hagane.features.feature import Feature, FeatureKind
from hagane.progress import SILENT, Phase
from hagane.progress.events import Event
from hagane.spec.strategy import Strategy
from hagane.training import fault_channel
from hagane.training.fault_channel import FaultChannel
from hagane.training.preemption import Preemption
from hagane.training.processes import Outcome
from hagane.training.strategies.mirrored import train_mirrored
from hagane.training.task import LoopSettings
from hagane.training.training_job import Share, TrainingJob
from hagane.training.training_run import TrainingRun


class Recorder:
    """Keeps what is told, and what this process's environment is meanwhile."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.environments: list[dict[str, str]] = []

    def phase(self, name: str, **about: Any) -> Phase:
        return SILENT.phase(name, **about)

    def note(self, text: str) -> None:
        raise AssertionError(text)

    def tell(self, event: Event) -> None:
        self.events.append(event)
        self.environments.append(dict(os.environ))


@pytest.fixture
def rows(tmp_path: Path) -> Encoded:
    writer = EncodedWriter(tmp_path / "rows", (Feature(name="a", kind=FeatureKind.DENSE, columns=("a",)),))
    writer.append([torch.ones(8).numpy(), torch.ones(8).numpy()])
    return writer.close()


def job(**arguments: float) -> TrainingJob:
    given = {"faulty": -1, "wait_seconds": 0.0, **arguments}
    return TrainingJob(make="fault_cases:make_task", arguments=given, settings=LoopSettings(max_epochs=2))


def a_run(**more: Any) -> TrainingRun:
    return TrainingRun(strategy=Strategy(type="mirrored", num_processes=2), **more)


@pytest.mark.parametrize("faulty", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_the_error_of_one_ends_all_though_they_wait_for_something_else(rows: Encoded, faulty: int) -> None:
    """As in NCCL, where a process learns of another's end after minutes; whoever started them hears that one error."""
    sys.path.insert(0, str(Path(__file__).parent))
    progress, environment, began = Recorder(), dict(os.environ), time.monotonic()
    with pytest.raises(TrainingError) as raised:
        train_mirrored(job(faulty=faulty, wait_seconds=300), Share(rows, None), a_run(progress=progress))
    assert time.monotonic() - began < 100
    assert raised.value.faults == (Fault(what="a row of process 'naïve' cannot be read", where="rows.parquet"),)
    assert not [each for each in progress.events if type(each).__name__ == "WorkerDied"]
    assert os.environ == environment
    own = {name for each in progress.environments for name in each.items() ^ environment.items()}
    assert own <= {("TORCH_DISABLE_SHARE_RDZV_TCP_STORE", "1")}


def test_a_notice_from_before_the_processes_were_started_is_heard(rows: Encoded) -> None:
    """SIGTERM while the training was prepared: nothing of torchelastic listened yet."""
    notice, handler = Preemption(), signal.getsignal(signal.SIGTERM)
    notice.requested = True
    with pytest.raises(PreemptedError, match="told to end"):
        train_mirrored(job(wait_seconds=300), Share(rows, None), a_run(preemption=notice))
    assert signal.getsignal(signal.SIGTERM) is handler


@pytest.mark.slow
def test_a_notice_reaches_a_training_in_another_thread_and_signals_keep_their_handlers(rows: Encoded) -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    notice, progress, raised = Preemption(), Recorder(), []

    def train() -> None:
        with pytest.raises(PreemptedError) as found:
            train_mirrored(job(wait_seconds=1), Share(rows, None), a_run(preemption=notice, progress=progress))
        raised.append(found)

    thread = threading.Thread(target=train)
    thread.start()
    while not progress.events:
        time.sleep(0.05)
    notice.requested = True
    thread.join(60)
    assert raised


def test_all_processes_hear_the_first_that_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that keeps the store ends last."""
    monkeypatch.setattr(fault_channel, "GRACE_SECONDS", 0.0)
    first = dist.TCPStore("localhost", 0, is_master=True, wait_for_workers=False)
    stores = [first, *(dist.TCPStore("localhost", first.port, wait_for_workers=False) for _ in range(2))]
    heard: dict[int, list[Outcome]] = {rank: [] for rank in range(3)}
    channels = [
        FaultChannel(store.clone(), rank=rank, size=3, on_heard=heard[rank].append) for rank, store in enumerate(stores)
    ]
    assert channels[1].heard() is None
    said = Outcome(faults=(Fault(what="“no”, says 2"),), is_interrupted=True)
    channels[2].say(said)
    channels[0].say(Outcome(faults=(Fault(what="no, says 0, too late"),)))
    assert heard[1] or channels[1].heard() == said  # 0 has come back: all others have heard
    until = time.monotonic() + 20
    while not all(heard.values()) and time.monotonic() < until:
        time.sleep(0.05)
    assert heard == {rank: [said] for rank in range(3)}
