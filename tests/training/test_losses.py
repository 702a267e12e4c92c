"""Every loss against torch's own, scikit-learn's and its formula; slopes at the ends of what floats hold."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.metrics import mean_pinball_loss
from torch import Tensor, nn

from hagane.training.losses import LOSSES, MOST_LOG_RATE
from hagane.training.task import Loss

NUMBERS: dict[str, Loss] = {
    "squared_error": LOSSES["squared_error"],
    "absolute_error": LOSSES["absolute_error"],
    "huber, wide": partial(LOSSES["huber"], delta=1.5),
    "huber, narrow": partial(LOSSES["huber"], delta=0.2),
    "poisson": partial(LOSSES["poisson"], log_unit=0.0),
    "quantile": partial(LOSSES["quantile"], level=0.8),
}
TORCH: dict[str, nn.Module] = {
    "squared_error": nn.MSELoss(reduction="none"),
    "absolute_error": nn.L1Loss(reduction="none"),
    "huber, wide": nn.HuberLoss(reduction="none", delta=1.5),
    "huber, narrow": nn.SmoothL1Loss(reduction="none", beta=0.2),
    "poisson": nn.PoissonNLLLoss(log_input=True, full=False, reduction="none"),
}


def rows(n: int = 500) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    return 2 * torch.randn(n, 1, generator=random), torch.randint(0, 6, (n,), generator=random).float()


@pytest.mark.parametrize("name", TORCH)
def test_it_is_torch_s_own(name: str) -> None:
    output, label = rows()
    torch.testing.assert_close(NUMBERS[name](output, label), TORCH[name](output[:, 0], label))


def test_the_pinball_loss_is_scikit_learn_s() -> None:
    output, label = rows()
    for level in (0.05, 0.5, 0.9):
        found = LOSSES["quantile"](output, label, level=level)
        expected = mean_pinball_loss(label.numpy(), output[:, 0].numpy(), alpha=level)
        assert float(found.mean()) == pytest.approx(expected, rel=1e-6)


def test_a_poisson_loss_in_another_unit_is_that_of_the_label() -> None:
    output, label = rows()
    unit = 250.0
    found = LOSSES["poisson"](output, label, log_unit=math.log(unit)) * unit
    own = output[:, 0].double() + math.log(unit)
    torch.testing.assert_close(found.double(), own.exp() - unit * label.double() * own, rtol=1e-5, atol=1e-2)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("label", [0.0, 1e-30, 1.0, 1e12])
def test_losses_and_slopes_are_finite_at_the_extremes(name: str, label: float) -> None:
    output = torch.tensor([[0.0], [1e-30], [-1e4], [80.0], [1e4], [-1e12], [1e12]], requires_grad=True)
    losses = NUMBERS[name](output, torch.full((7,), label))
    losses.sum().backward()
    assert torch.isfinite(losses).all()
    assert output.grad is not None
    assert torch.isfinite(output.grad).all()


def test_a_poisson_slope_is_the_rate_up_to_a_bound_and_stays_there() -> None:
    output = torch.tensor([[-3.0], [5.0], [MOST_LOG_RATE - 1], [MOST_LOG_RATE + 40]], requires_grad=True)
    NUMBERS["poisson"](output, torch.zeros(4)).sum().backward()
    assert output.grad is not None
    expected = np.exp([-3.0, 5.0, MOST_LOG_RATE - 1, MOST_LOG_RATE])
    np.testing.assert_allclose(output.grad[:, 0].numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("delta", [1e-30, 1e-9])
def test_a_narrow_huber_slope_is_that_of_the_absolute_error(delta: float) -> None:
    output, label = rows()
    slopes = []
    for loss in (partial(LOSSES["huber"], delta=delta), LOSSES["absolute_error"]):
        leaf = output.clone().requires_grad_()
        loss(leaf, label).sum().backward()
        slopes.append(leaf.grad)
    torch.testing.assert_close(*slopes)
