"""`Target`: what a torch family is trained towards, and how its output becomes scores."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from hagane.features.emit import Emitter
from hagane.models.family import Array
from hagane.training.losses import LOSSES
from hagane.training.task import Loss

Float = type[np.float32] | type[np.float64]
MOST_LOG_RATE = 700.0
"""exp of more would leave float64's range."""


class Target(msgspec.Struct, frozen=True, tag="one_label"):
    """`num_outputs` numbers under a loss; labels become (y − level) / scale.

    `link`: 'identity' (output times `scale` plus `level`), 'exp' (the same of exp of the output), 'sigmoid' (one
    output) or 'softmax'.
    """

    num_outputs: int
    loss: str
    """One of `LOSSES`."""
    link: Literal["identity", "exp", "sigmoid", "softmax"]
    level: float = 0.0
    scale: float = 1.0
    quantile_level: float = 0.5
    """Of loss `quantile`."""
    huber_delta: float = 1.0
    """Of loss `huber`, in the label's own unit."""

    @property
    def losses(self) -> Loss:
        """Output and label of n rows → their losses [n]."""
        return partial(LOSSES[self.loss], **self.loss_numbers)

    @property
    def loss_unit(self) -> float:
        """What a loss is multiplied by to be in the label's own unit."""
        if self.loss in ("absolute_error", "quantile", "poisson"):
            return self.scale
        return self.scale**2 * (min(self._scaled_delta, 1.0) if self.loss == "huber" else 1.0)

    @property
    def is_number(self) -> bool:
        """Whether a number is predicted, not classes."""
        return self.link in ("identity", "exp")

    @property
    def score_unit(self) -> float | npt.NDArray[np.float64]:
        """What float32 rounds numbers relative to, by label where there are several; 1 for probabilities."""
        return self.scale

    @property
    def units(self) -> tuple[list[float], list[float]]:
        """[labels] by what outputs are multiplied, and what is added, to be in each label's own unit."""
        return [self.scale], [self.level]

    @property
    def num_labels(self) -> int:
        """Labels that are predicted at once."""
        return 1

    @property
    def num_classes(self) -> int:
        """Classes of the label; 0 for a number."""
        return 0 if self.is_number else max(self.num_outputs, 2)

    def by_label(self, output: Tensor, label: Tensor) -> Iterator[tuple[Target, Tensor, Tensor]]:
        """Target, output [n, outputs] and label [n] of each label that is predicted."""
        yield self, output, label

    def in_unit_of(self, other: Target) -> Target:
        """The same for labels scaled as those of `other` are."""
        return msgspec.structs.replace(self, level=other.level, scale=other.scale)

    @property
    def dtype(self) -> Float:
        """In what predictions are computed: a regressor's rounding is multiplied by the label's deviation."""
        return np.float64 if self.is_number else np.float32

    def label(self, label: Array) -> Tensor:
        """Labels as the loss takes them."""
        if self.is_number:
            label = ((label.astype(np.float64) - self.level) / self.scale).astype(np.float32)
        return torch.from_numpy(label)

    def own_label(self, label: Tensor) -> Array:
        """What `label` gave, in the label's own unit again."""
        return np.asarray(label.double() * self.scale + self.level if self.is_number else label)

    def scores(self, output: Tensor) -> npt.NDArray[np.floating]:
        """Output [n, num_outputs] → scores: [n], or [n, c] probabilities."""
        if self.link == "softmax":
            return np.asarray(torch.softmax(output, dim=1).numpy())
        if self.link == "sigmoid":
            return np.asarray(torch.cat([torch.sigmoid(-output), torch.sigmoid(output)], dim=1).numpy())
        number = output[:, 0] if self.link == "identity" else torch.exp(output[:, 0].clamp(max=MOST_LOG_RATE))
        return np.asarray((number * self.scale + self.level).numpy())

    def emit_scores(self, emitter: Emitter, output: str) -> str:
        """The same as nodes."""
        if self.link == "softmax":
            return emitter.node("Softmax", output, axis=1)
        if self.link == "sigmoid":
            negative = emitter.node("Sigmoid", emitter.node("Neg", output))
            return emitter.node("Concat", negative, emitter.node("Sigmoid", output), axis=1)
        number = emitter.node("Reshape", output, emitter.constant(np.array([-1], np.int64)))
        if self.link == "exp":
            number = emitter.node("Exp", emitter.node("Min", number, emitter.constant(self.dtype(MOST_LOG_RATE))))
        scaled = emitter.node("Mul", number, emitter.constant(self.dtype(self.scale)))
        return emitter.node("Add", scaled, emitter.constant(self.dtype(self.level)))

    @property
    def _scaled_delta(self) -> float:
        return max(self.huber_delta / self.scale, 1e-30)

    @property
    def loss_numbers(self) -> Mapping[str, float]:
        """What the loss takes besides output and label."""
        if self.loss == "huber":
            return {"delta": self._scaled_delta}
        if self.loss == "quantile":
            return {"level": self.quantile_level}
        return {"log_unit": math.log(self.scale)} if self.loss == "poisson" else {}


def class_target(num_classes: int) -> Target:
    """Two classes have one logit, that of the second; more classes have one each.

    >>> class_target(2).link, class_target(3).num_outputs
    ('sigmoid', 3)
    """
    return Target(1, "binary_log_loss", "sigmoid") if num_classes == 2 else Target(num_classes, "log_loss", "softmax")
