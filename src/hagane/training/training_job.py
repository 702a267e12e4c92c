"""`TrainingJob`: a training as any process can be told to do it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from safetensors.torch import load_file

from hagane.features.encoded import Encoded
from hagane.spec.communication import Communication
from hagane.training.task import LoopSettings, Task


class Share(NamedTuple):
    """What a process trains on: its part of the batches of these rows."""

    train: Encoded
    evaluation: Encoded | None
    rank: int = 0
    size: int = 1


MakeTask = Callable[[dict[str, Any], Share], Task]
"""Makes the same module in every process: torch's random numbers are seeded before."""


class TrainingJob(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be made, from what JSON can say, and how it is trained."""

    make: str
    """`module:function`, a `MakeTask`."""
    arguments: dict[str, Any]
    settings: LoopSettings
    communication: Communication = Communication()
    """Of several processes."""
    num_threads: int = 0
    """0: all of the process's."""
    initial_state: str = ""
    """A file of safetensors with the state in which the module begins; empty: as it is made."""

    def make_task(self, share: Share) -> Task:
        """The task, for one process."""
        module, _, name = self.make.partition(":")
        make: MakeTask = getattr(importlib.import_module(module), name)
        task = make(self.arguments, share)
        if self.initial_state:
            task.module.load_state_dict(load_file(self.initial_state))
        return task
