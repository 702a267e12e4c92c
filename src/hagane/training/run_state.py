"""`RunState`: all of a running training that is not in its tensors, as it stands between two steps."""

from __future__ import annotations

import msgspec

from hagane.training.early_stopping import EarlyStopping
from hagane.training.explosion import Explosion


class TrainingIteration(msgspec.Struct, frozen=True):
    """The steps from one evaluation to the next. Losses are weighted means over rows, penalties left out."""

    number: int
    step: int
    """Steps done at its end."""
    loss: float
    eval_loss: float | None
    metric: float | None
    """Of the eval rows, where early stopping watches one."""
    learn_rate: float
    duration_seconds: float


class RunState(msgspec.Struct, kw_only=True):
    """Where a training stands: what comes next, what was counted so far in this iteration, and what is best so far."""

    epoch: int = 0
    batch: int = 0
    """Batches of this epoch that are done."""
    step: int = 0
    """Optimizer steps that are done."""
    rows: int = 0
    """Rows that were trained on, all epochs together."""
    total_loss: float = 0.0
    total_weight: float = 0.0
    iterations: list[TrainingIteration] = []
    watch: EarlyStopping
    explosion: Explosion = msgspec.field(default_factory=Explosion)
    is_stopped: bool = False

    def advance(self, *, num_batches: int, num_rows: int, batches_per_epoch: int) -> None:
        """One more step is done, of so many batches of the epoch."""
        self.step += 1
        self.rows += num_rows
        self.batch += num_batches
        if self.batch >= batches_per_epoch:
            self.epoch, self.batch = self.epoch + 1, 0
