"""The optimizers that `optimizer` names."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch

OPTIMIZERS: dict[str, Callable[[Iterable[torch.nn.Parameter], float], torch.optim.Optimizer]] = {
    "adam": lambda parameters, rate: torch.optim.Adam(parameters, lr=rate, fused=True),
    "adamw": lambda parameters, rate: torch.optim.AdamW(parameters, lr=rate, weight_decay=0.01, fused=True),
    "adagrad": lambda parameters, rate: torch.optim.Adagrad(parameters, lr=rate, fused=True),
    "rmsprop": lambda parameters, rate: torch.optim.RMSprop(parameters, lr=rate),
    "sgd": lambda parameters, rate: torch.optim.SGD(parameters, lr=rate, momentum=0.9, nesterov=True, fused=True),
}
"""Name → (parameters, learning rate) → optimizer, with torch's defaults; sgd has Nesterov momentum of 0.9."""
