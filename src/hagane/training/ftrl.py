"""`Ftrl`: the FTRL-Proximal optimizer, for linear models over many rare categories.

McMahan et al. 2013, "Ad Click Prediction: a View from the Trenches", Algorithm 1. By coordinate, for gradient g, learn
rate α, and 1 / η = (β + √Σ g²) / α:

    z ← z + g − (1 / η' − 1 / η) w        with η' that of Σ g² after g was added
    w ← 0 where |z| ≤ λ1, else −(z − sgn(z) λ1) / (1 / η' + λ2)

The algorithm writes σ = (√Σ' − √Σ) / α for the difference of 1 / η, which is the same while α stays as it is. Written
so, a schedule may change α: without penalties a step is then w ← w − η' g, and a coordinate whose gradient is 0 stays.
Sparse gradients therefore give what dense ones give, to the bit, and cost their rows alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class Ftrl(torch.optim.Optimizer):  # type: ignore[misc]
    """FTRL-Proximal over dense or sparse gradients, kept in the parameters' type.

    `beta` and `initial_accumulator` (what Σ g² begins with) keep the first steps short: TensorFlow's Ftrl has 0 and
    0.1, the paper 1 and 0. `l1` and `l2` are λ1 and λ2. Raises ValueError for what is out of range.

    >>> w = torch.nn.Parameter(torch.zeros(2))
    >>> optimizer = Ftrl([w], lr=0.5, l1=1.0)
    >>> (w * torch.tensor([3.0, 0.5])).sum().backward()
    >>> optimizer.step()
    >>> [round(float(x), 4) for x in w]
    [-0.25, 0.0]
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.1,
        *,
        beta: float = 1.0,
        l1: float = 0.0,
        l2: float = 0.0,
        initial_accumulator: float = 0.0,
    ) -> None:
        if lr <= 0 or min(beta, l1, l2, initial_accumulator) < 0 or beta + initial_accumulator == 0:
            raise ValueError(f"lr {lr}, beta {beta}, l1 {l1}, l2 {l2}, initial_accumulator {initial_accumulator}")
        defaults = {"lr": lr, "beta": beta, "l1": l1, "l2": l2, "initial_accumulator": initial_accumulator}
        super().__init__(params, defaults)
        for group in self.param_groups:
            for parameter in group["params"]:
                self.state[parameter] = _first_state(parameter, group)

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One update of every parameter that has a gradient. A learn rate of 0 moves nothing."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None and group["lr"] > 0:
                    _update(parameter, self.state[parameter], group)
        return loss


def _first_state(parameter: Tensor, group: dict[str, Any]) -> dict[str, Tensor]:
    """A state from which the parameter's first values follow: z = −(1 / η + λ2) w − sgn(w) λ1."""
    with torch.no_grad():
        inverse = (group["beta"] + group["initial_accumulator"] ** 0.5) / group["lr"]
        return {
            "z": -(inverse + group["l2"]) * parameter - torch.sign(parameter) * group["l1"],
            "sum_of_squares": torch.full_like(parameter, group["initial_accumulator"]),
            "inverse_rate": torch.full_like(parameter, inverse),
        }


def _update(parameter: Tensor, state: dict[str, Tensor], group: dict[str, Any]) -> None:
    gradient = parameter.grad
    assert gradient is not None
    if not gradient.is_sparse:
        z, squares, inverse, value = _stepped(gradient, parameter, state, group)
        state["z"], state["sum_of_squares"], state["inverse_rate"] = z, squares, inverse
        parameter.copy_(value)
        return
    gradient = gradient.coalesce()
    rows, values = gradient.indices()[0], gradient.values()
    looked_up = {name: part.index_select(0, rows) for name, part in state.items()}
    *parts, value = _stepped(values, parameter.index_select(0, rows), looked_up, group)
    for name, part in zip(("z", "sum_of_squares", "inverse_rate"), parts, strict=True):
        state[name].index_copy_(0, rows, part)
    parameter.index_copy_(0, rows, value)


def _stepped(
    gradient: Tensor, value: Tensor, state: dict[str, Tensor], group: dict[str, Any]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """z, Σ g², 1 / η and the weights after a step; where the gradient is 0, what they were."""
    moved = gradient != 0
    squares = state["sum_of_squares"] + gradient.square()
    inverse = torch.where(moved, (group["beta"] + squares.sqrt()) / group["lr"], state["inverse_rate"])
    z = torch.where(moved, state["z"] + gradient - (inverse - state["inverse_rate"]) * value, state["z"])
    shrunk = torch.sign(z) * group["l1"] - z
    stepped = torch.where(z.abs() > group["l1"], shrunk / (inverse + group["l2"]), torch.zeros_like(z))
    return z, squares, inverse, torch.where(moved, stepped, value)
