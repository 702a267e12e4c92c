"""`add_penalty_gradient`: what a penalty on the weights adds to the gradients."""

from __future__ import annotations

import torch


def add_penalty_gradient(module: torch.nn.Module, l1_reg: float, l2_reg: float) -> None:
    """Add the gradient of l1_reg Σ|w| + ½ l2_reg Σ w² over the weights of linear layers.

    Biases, normalisation and embeddings are left out. In closed form and behind the exchange of gradients, so that no
    process sends it.

    >>> layer = torch.nn.Linear(1, 1)
    >>> _ = torch.nn.init.constant_(layer.weight, -2.0)
    >>> layer.weight.grad = torch.zeros(1, 1)
    >>> add_penalty_gradient(layer, 0.5, 0.25)
    >>> layer.weight.grad.item()
    -1.0
    """
    if not l1_reg and not l2_reg:
        return
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, torch.nn.Linear) and layer.weight.grad is not None:
                if l1_reg:
                    layer.weight.grad.add_(layer.weight.sign(), alpha=l1_reg)
                if l2_reg:
                    layer.weight.grad.add_(layer.weight, alpha=l2_reg)
