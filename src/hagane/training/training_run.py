"""`TrainingRun`: where and under what circumstances a `TrainingJob` is done, apart from what it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from torch import nn

from hagane.memory_budget import MemoryBudget
from hagane.progress import SILENT, Progress
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.spec.strategy import Strategy
from hagane.training.loop import History
from hagane.training.preemption import Preemption


@dataclass(frozen=True, kw_only=True)
class TrainingRun:
    """What surrounds a training."""

    device: Literal["cpu", "cuda"] = "cpu"
    strategy: Strategy = field(default_factory=Strategy)
    memory: MemoryBudget = field(default_factory=MemoryBudget.of)
    """Of this machine."""
    progress: Progress = SILENT
    checkpoints: Path | None = None
    """The folder; None: nothing is saved."""
    checkpoint_policy: CheckpointPolicy = field(default_factory=CheckpointPolicy)
    preemption: Preemption | None = None


class Trained(NamedTuple):
    """The module in its best state, on the CPU, and how it came there."""

    module: nn.Module
    history: History
