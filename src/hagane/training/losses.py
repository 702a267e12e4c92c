"""Losses of torch models: one a row, float32 [n], from the model's output and the label."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def binary_log_loss(output: Tensor, label: Tensor) -> Tensor:
    """Log loss of one logit [n, 1] for labels 0 and 1 [n]."""
    return functional.binary_cross_entropy_with_logits(output[:, 0], label.to(output.dtype), reduction="none")


def log_loss(output: Tensor, label: Tensor) -> Tensor:
    """Log loss of logits [n, c] for labels 0 … c - 1 [n]."""
    return functional.cross_entropy(output, label, reduction="none")


def squared_error(output: Tensor, label: Tensor) -> Tensor:
    """Squared error of [n, 1] for labels [n]."""
    return functional.mse_loss(output[:, 0], label.to(output.dtype), reduction="none")


def weight_penalty(module: torch.nn.Module, l1_reg: float, l2_reg: float) -> Tensor:
    """l1_reg Σ|w| + ½ l2_reg Σ w² over the weights of linear layers (biases, normalisation and embeddings left out)."""
    weights = [layer.weight for layer in module.modules() if isinstance(layer, torch.nn.Linear)]
    total = torch.zeros(())
    for weight in weights:
        if l1_reg:
            total = total + l1_reg * weight.abs().sum()
        if l2_reg:
            total = total + 0.5 * l2_reg * weight.square().sum()
    return total
