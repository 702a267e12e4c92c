"""`TorchOptions`: what every family that is trained by gradient steps can be told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from hagane.errors import Fault
from hagane.features.feature import Feature
from hagane.models.eval_metric import metric_faults
from hagane.models.options import FamilyOptions
from hagane.training.task import LoopSettings


class TorchOptions(FamilyOptions, frozen=True, kw_only=True):
    """Names are BigQuery ML's where it has one, else the field's."""

    batch_size: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] | None = None
    """Rows of a batch, of all processes together. null: the power of two nearest to a 128th of the rows, 32 … 1024."""
    max_iterations: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 20
    """Epochs, at most."""
    optimizer: Literal["adam", "adamw", "adagrad", "ftrl", "rmsprop", "sgd"] = "adamw"
    learn_rate: Annotated[float, msgspec.Meta(gt=0, le=10)] = 0.002
    learn_rate_schedule: Literal["constant", "cosine", "linear", "exponential"] = "cosine"
    """How the rate falls over all steps of `max_iterations` epochs: not, to zero (cosine, linear), to a hundredth."""
    warmup_steps: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 0
    """Steps over which the rate rises before that."""
    max_gradient_norm: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """Gradients are scaled down to this norm."""
    accumulate_batches: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1
    """Batches whose gradients make one step."""
    l1_reg: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    l2_reg: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    early_stop: bool = True
    patience: Annotated[int, msgspec.Meta(ge=1)] = 5
    """Evaluations without progress on the eval rows after which training stops."""
    min_rel_progress: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0
    """Progress is a gain of what is watched (`eval_metric`) by more than this share."""
    eval_metric: str | None = None
    """Which figure of the eval rows stops the training and picks the state. null: the eval loss."""
    eval_every_steps: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Steps from one evaluation to the next. null: an epoch."""

    def feature_faults(self, features: Sequence[Feature], num_classes: int, num_labels: int = 1) -> Sequence[Fault]:
        """A metric that so many classes do not have."""
        return metric_faults(self.eval_metric, num_classes)

    def batch_rows(self, num_rows: int) -> int:
        """Rows of a step of `num_rows` training rows.

        >>> [TorchOptions().batch_rows(rows) for rows in (10, 30_000, 5_000_000)]
        [32, 256, 1024]
        """
        return self.batch_size or min(1024, max(32, 2 ** round(math.log2(max(num_rows, 1) / 128))))

    def loop_settings(self, *, seed: int, bfloat16: bool = False, compiled: bool = False) -> LoopSettings:
        """The same for the loop."""
        return LoopSettings(
            max_epochs=self.max_iterations,
            eval_every_steps=self.eval_every_steps,
            early_stop=self.early_stop,
            patience=self.patience,
            min_rel_progress=self.min_rel_progress,
            l1_reg=self.l1_reg,
            l2_reg=self.l2_reg,
            max_gradient_norm=self.max_gradient_norm,
            schedule=self.learn_rate_schedule,
            warmup_steps=self.warmup_steps,
            accumulate_batches=self.accumulate_batches,
            bfloat16=bfloat16,
            compiled=compiled,
            seed=seed,
        )
