"""`clip_gradients`: no step larger than a norm."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def clip_gradients(parameters: Iterable[nn.Parameter], max_norm: float) -> Tensor:
    """Scale all gradients down so that their common 2-norm is at most `max_norm`; the norm before.

    Pascanu, Mikolov and Bengio, arXiv 1211.5063. Unlike torch's own it takes sparse gradients too, whose rows that
    were not looked up are zero.

    >>> x = nn.Parameter(torch.tensor([1.0, 2.0]))
    >>> (3 * x[0] + 4 * x[1]).backward()
    >>> float(clip_gradients([x], 1.0)), [round(float(g), 3) for g in x.grad]
    (5.0, [0.6, 0.8])
    """
    gradients = [_values(parameter) for parameter in parameters if parameter.grad is not None]
    if not gradients:
        return torch.zeros(())
    norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(each) for each in gradients]))
    factor = torch.clamp(max_norm / (norm + 1e-6), max=1.0)
    for each in gradients:
        each.mul_(factor)
    return norm


def _values(parameter: nn.Parameter) -> Tensor:
    """The numbers of a gradient, each row once."""
    assert parameter.grad is not None
    if not parameter.grad.is_sparse:
        return parameter.grad
    parameter.grad = parameter.grad.coalesce()
    return parameter.grad.values()
