"""Losses of torch models: one a row, float32 [n], from the model's output and the label."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from hagane.training.task import Loss


def binary_log_loss(output: Tensor, label: Tensor) -> Tensor:
    """Log loss of one logit [n, 1] for labels 0 and 1 [n]."""
    return functional.binary_cross_entropy_with_logits(output[:, 0], label.to(output.dtype), reduction="none")


def log_loss(output: Tensor, label: Tensor) -> Tensor:
    """Log loss of logits [n, c] for labels 0 … c - 1 [n]."""
    return functional.cross_entropy(output, label, reduction="none")


def squared_error(output: Tensor, label: Tensor) -> Tensor:
    """Squared error of [n, 1] for labels [n]."""
    return functional.mse_loss(output[:, 0], label.to(output.dtype), reduction="none")


LOSSES: dict[str, Loss] = {
    "binary_log_loss": binary_log_loss,
    "log_loss": log_loss,
    "squared_error": squared_error,
}
"""Name → loss."""
