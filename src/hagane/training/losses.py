"""Losses of torch models: one a row, float32 [n], from the model's output and the label.

| name | output [n, c] | label [n] | loss of a row, z its output |
| --- | --- | --- | --- |
| binary_log_loss | logit, c = 1 | 0 or 1 | -ln of the label's probability |
| log_loss | logits | 0 … c - 1 | -ln of the label's probability |
| squared_error | number, c = 1 | number | (y - z)² |
| absolute_error | number, c = 1 | number | abs(y - z) |
| huber | number, c = 1 | number | (y - z)² / 2 up to `delta`, delta (abs(y - z) - delta / 2) beyond, / min(delta, 1) |
| poisson | ln of the rate, c = 1 | y >= 0 | exp z - y (z + `log_unit`) |
| quantile | number, c = 1 | number | `level` (y - z) where that is >= 0, else (level - 1) (y - z) |
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

MOST_LOG_RATE = 30.0
"""Beyond it a Poisson loss rises evenly, so that neither it nor its gradient leaves float32's range."""


def binary_log_loss(output: Tensor, label: Tensor) -> Tensor:
    """Log loss of one logit [n, 1] for labels 0 and 1 [n]."""
    return functional.binary_cross_entropy_with_logits(output[:, 0], label.to(output.dtype), reduction="none")


def log_loss(output: Tensor, label: Tensor) -> Tensor:
    """Log loss of logits [n, c] for labels 0 … c - 1 [n]."""
    return functional.cross_entropy(output, label, reduction="none")


def squared_error(output: Tensor, label: Tensor) -> Tensor:
    """Squared error of [n, 1] for labels [n]."""
    return functional.mse_loss(output[:, 0], label.to(output.dtype), reduction="none")


def absolute_error(output: Tensor, label: Tensor) -> Tensor:
    """Absolute error of [n, 1] for labels [n]: least at the median."""
    return functional.l1_loss(output[:, 0], label.to(output.dtype), reduction="none")


def huber(output: Tensor, label: Tensor, delta: float) -> Tensor:
    """Huber's loss of [n, 1] for labels [n] (Huber 1964), divided by min(`delta`, 1).

    However small `delta` is, optimizers see slopes of a size that they are made for.
    """
    found = functional.huber_loss(output[:, 0], label.to(output.dtype), reduction="none", delta=delta)
    return found / min(delta, 1.0)


def poisson(output: Tensor, label: Tensor, log_unit: float) -> Tensor:
    """Negative log likelihood of counts, but for what depends on them alone, of ln rates [n, 1] for labels [n] >= 0.

    Both are in a unit whose logarithm is `log_unit`: times the unit it is the loss of what they stand for.
    """
    log_rate = output[:, 0]
    beyond = (log_rate - MOST_LOG_RATE).clamp(min=0.0)
    rate = torch.exp(log_rate.clamp(max=MOST_LOG_RATE)) * (1.0 + beyond)
    return rate - label.to(output.dtype) * (log_rate + log_unit)


def quantile(output: Tensor, label: Tensor, level: float) -> Tensor:
    """Pinball loss of [n, 1] for labels [n]: least at the quantile of `level` (Koenker and Bassett 1978)."""
    distance = label.to(output.dtype) - output[:, 0]
    return torch.maximum(level * distance, (level - 1.0) * distance)


LOSSES: dict[str, Callable[..., Tensor]] = {
    "binary_log_loss": binary_log_loss,
    "log_loss": log_loss,
    "squared_error": squared_error,
    "absolute_error": absolute_error,
    "huber": huber,
    "poisson": poisson,
    "quantile": quantile,
}
"""Name → loss, which may take a number more."""
