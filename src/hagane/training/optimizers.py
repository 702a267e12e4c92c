"""The optimizers that `optimizer` names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch

from hagane.training.ftrl import Ftrl

INITIAL_ACCUMULATOR = 0.1
"""Of FTRL, as in TensorFlow: what Σ g² begins with; its β is 0 then."""


def _ftrl(parameters: Iterable[torch.nn.Parameter], rate: float) -> torch.optim.Optimizer:
    return Ftrl(parameters, lr=rate, beta=0.0, initial_accumulator=INITIAL_ACCUMULATOR)


OPTIMIZERS: dict[str, Callable[[Iterable[torch.nn.Parameter], float], torch.optim.Optimizer]] = {
    "adam": lambda parameters, rate: torch.optim.Adam(parameters, lr=rate, fused=True),
    "adamw": lambda parameters, rate: torch.optim.AdamW(parameters, lr=rate, weight_decay=0.01, fused=True),
    "adagrad": lambda parameters, rate: torch.optim.Adagrad(parameters, lr=rate, fused=True),
    "ftrl": _ftrl,
    "rmsprop": lambda parameters, rate: torch.optim.RMSprop(parameters, lr=rate),
    "sgd": lambda parameters, rate: torch.optim.SGD(parameters, lr=rate, momentum=0.9, nesterov=True, fused=True),
}
"""Name → (parameters, learning rate) → optimizer, with torch's defaults (ftrl: TensorFlow's); sgd has Nesterov momentum
of 0.9."""


def _lazy_adagrad(parameters: Iterable[torch.nn.Parameter], rate: float) -> torch.optim.Optimizer:
    torch.sparse.check_sparse_tensor_invariants.disable()  # the default, said aloud: else Adagrad warns of it
    return torch.optim.Adagrad(parameters, lr=rate)


LAZY_OPTIMIZERS: dict[str, Callable[[Iterable[torch.nn.Parameter], float], torch.optim.Optimizer]] = {
    "adam": lambda parameters, rate: torch.optim.SparseAdam(list(parameters), lr=rate),
    "adamw": lambda parameters, rate: torch.optim.SparseAdam(list(parameters), lr=rate),
    "adagrad": _lazy_adagrad,
    "ftrl": _ftrl,
    "rmsprop": lambda parameters, rate: torch.optim.SparseAdam(list(parameters), lr=rate, betas=(0.0, 0.99)),
    "sgd": lambda parameters, rate: torch.optim.SGD(parameters, lr=rate),
}
"""The same for tables of which a step moves only the rows that it looked up: no decay, and no momentum in sgd."""


def optimizers_for(
    name: str, module: torch.nn.Module, lazy: Sequence[torch.nn.Parameter], rate: float
) -> tuple[torch.optim.Optimizer, ...]:
    """The optimizer `name` over the module's parameters, with a lazy one beside it for those in `lazy`."""
    apart = {id(parameter) for parameter in lazy}
    rest = [parameter for parameter in module.parameters() if id(parameter) not in apart]
    made = [OPTIMIZERS[name](rest, rate)] if rest else []
    return (*made, LAZY_OPTIMIZERS[name](lazy, rate)) if lazy else tuple(made)
