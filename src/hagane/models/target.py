"""`Target`: what a torch family is trained towards, and how its output becomes scores."""

from __future__ import annotations

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


class Target(msgspec.Struct, frozen=True):
    """`num_outputs` numbers under a loss; labels become (y − level) / scale.

    `link`: 'identity' (output times `scale` plus `level`), 'sigmoid' (one output) or 'softmax'.
    """

    num_outputs: int
    loss: str
    """One of `LOSSES`."""
    link: Literal["identity", "sigmoid", "softmax"]
    level: float = 0.0
    scale: float = 1.0

    @property
    def losses(self) -> Loss:
        """Output and label of n rows → their losses [n]."""
        return LOSSES[self.loss]

    @property
    def loss_unit(self) -> float:
        """What a loss is multiplied by to be in the label's own unit."""
        return self.scale**2

    @property
    def dtype(self) -> Float:
        """In what predictions are computed: a regressor's rounding is multiplied by the label's deviation."""
        return np.float64 if self.link == "identity" else np.float32

    def label(self, label: Array) -> Tensor:
        """Labels as the loss takes them."""
        if self.link == "identity":
            label = ((label.astype(np.float64) - self.level) / self.scale).astype(np.float32)
        return torch.from_numpy(label)

    def scores(self, output: Tensor) -> npt.NDArray[np.floating]:
        """Output [n, num_outputs] → scores: [n], or [n, c] probabilities."""
        if self.link == "softmax":
            return np.asarray(torch.softmax(output, dim=1).numpy())
        if self.link == "sigmoid":
            return np.asarray(torch.cat([torch.sigmoid(-output), torch.sigmoid(output)], dim=1).numpy())
        return np.asarray((output[:, 0] * self.scale + self.level).numpy())

    def emit_scores(self, emitter: Emitter, output: str) -> str:
        """The same as nodes."""
        if self.link == "softmax":
            return emitter.node("Softmax", output, axis=1)
        if self.link == "sigmoid":
            negative = emitter.node("Sigmoid", emitter.node("Neg", output))
            return emitter.node("Concat", negative, emitter.node("Sigmoid", output), axis=1)
        flat = emitter.node("Reshape", output, emitter.constant(np.array([-1], np.int64)))
        scaled = emitter.node("Mul", flat, emitter.constant(self.dtype(self.scale)))
        return emitter.node("Add", scaled, emitter.constant(self.dtype(self.level)))


def class_target(num_classes: int) -> Target:
    """Two classes have one logit, that of the second; more classes have one each.

    >>> class_target(2).link, class_target(3).num_outputs
    ('sigmoid', 3)
    """
    return Target(1, "binary_log_loss", "sigmoid") if num_classes == 2 else Target(num_classes, "log_loss", "softmax")
