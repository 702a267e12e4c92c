"""How a training is handed to processes, and what they hand back: files in one folder, no pickle.

`order.json`, the rows (`train`, `eval`, links to the encoded columns), then `outcome.json` or `result.safetensors` and
`history.json`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
from safetensors.torch import load_file, save_file
from torch import Tensor

from hagane.errors import Fault
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.training.loop import History
from hagane.training.run_state import TrainingIteration
from hagane.training.training_job import Share, TrainingJob
from hagane.write_aside import write_aside


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a process is told."""

    job: TrainingJob
    device: str
    """`cpu` or `cuda`."""
    is_split: bool
    """Whether each process holds a part of the model."""
    has_evaluation: bool
    digest: str
    """Of job and rows: the same in every process."""
    checkpoints: Path | None = None
    """The folder; None: nothing is saved."""
    checkpoint_policy: CheckpointPolicy = CheckpointPolicy()


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no result, and will be none."""

    faults: tuple[Fault, ...] = ()
    is_interrupted: bool = False
    """Whether the fault is of the circumstances, so that the training can go on in others."""


class _History(msgspec.Struct, frozen=True):
    iterations: tuple[TrainingIteration, ...]
    best_iteration: int


EVENTS_FILE = "events.jsonl"
"""Where the first process of the machine writes what happens, for the one that started it."""


def write_order(folder: Path, order: Order, share: Share) -> None:
    """Lay out all that processes need. Raises OSError."""
    share.train.link_to(folder / "train")
    if share.evaluation is not None:
        share.evaluation.link_to(folder / "eval")
    write_aside(folder / "order.json", msgspec.json.encode(order, enc_hook=str))


def read_order(folder: Path) -> Order:
    """What `write_order` wrote."""
    return msgspec.json.decode((folder / "order.json").read_bytes(), type=Order, dec_hook=lambda kind, text: kind(text))


def digest_of(job: TrainingJob, share: Share) -> str:
    """Of what is trained, and of the bytes of the rows and of the state to begin with, wherever they lie."""
    if job.initial_state:
        content = Path(job.initial_state).read_bytes()
        job = msgspec.structs.replace(job, initial_state=hashlib.sha256(content).hexdigest())
    rows = [part.checksums for part in (share.train, share.evaluation) if part is not None]
    return hashlib.sha256(msgspec.json.encode((job, rows), order="sorted")).hexdigest()


def write_outcome(folder: Path, outcome: Outcome) -> None:
    """Say why there is no result; the first who says so is heard."""
    if read_outcome(folder) is None:
        write_aside(folder / "outcome.json", msgspec.json.encode(outcome))


def read_outcome(folder: Path) -> Outcome | None:
    """Why there is no result; None where nobody has said so."""
    path = folder / "outcome.json"
    return msgspec.json.decode(path.read_bytes(), type=Outcome) if path.is_file() else None


def write_result(folder: Path, state: dict[str, Tensor], history: History) -> None:
    """Leave the module's best state, on the CPU, and how it came there."""
    tensors = {name: tensor.contiguous() for name, tensor in state.items()}
    write_aside(folder / "result.safetensors", lambda aside: save_file(tensors, aside))
    write_aside(folder / "history.json", msgspec.json.encode(_History(history.iterations, history.best_iteration)))


def read_result(folder: Path) -> tuple[dict[str, Tensor], History] | None:
    """What `write_result` left; None where it has not."""
    if not (folder / "history.json").is_file():
        return None
    history = msgspec.json.decode((folder / "history.json").read_bytes(), type=_History)
    return load_file(folder / "result.safetensors"), History(history.iterations, history.best_iteration)
