"""FTRL-Proximal against the published algorithm, written out by the coordinate, and against what it must find."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from hagane.training.ftrl import Ftrl

rates = st.sampled_from([0.01, 0.1, 1.0])
penalties = st.sampled_from([0.0, 0.1, 1.0])


def published(gradients: np.ndarray, alpha: float, beta: float, l1: float, l2: float) -> list[float]:
    """Algorithm 1 of the paper for one coordinate: the weight before each of the gradients, and after the last."""
    z = n = 0.0
    weights = []
    for gradient in [*gradients, None]:
        w = 0.0 if abs(z) <= l1 else -1 / ((beta + math.sqrt(n)) / alpha + l2) * (z - math.copysign(l1, z))
        weights.append(w)
        if gradient is None:
            return weights
        sigma = (math.sqrt(n + gradient**2) - math.sqrt(n)) / alpha
        z += gradient - sigma * w
        n += gradient**2
    raise AssertionError


@given(
    gradients=st.lists(st.floats(-10, 10, allow_subnormal=False), min_size=1, max_size=20),
    alpha=rates,
    beta=st.sampled_from([0.5, 1.0]),
    l1=penalties,
    l2=penalties,
)
def test_the_published_update(gradients: list[float], alpha: float, beta: float, l1: float, l2: float) -> None:
    w = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = Ftrl([w], lr=alpha, beta=beta, l1=l1, l2=l2)
    found = [0.0]
    for gradient in gradients:
        w.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        found.append(float(w.detach()))
    assert found == pytest.approx(published(np.array(gradients), alpha, beta, l1, l2), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("l1", [0.0, 0.3])
def test_sparse_gradients_give_the_same_bits(l1: float) -> None:
    """Also while the rate changes: a row that is not looked up stays as it is."""
    random = torch.Generator().manual_seed(0)
    start = torch.randn(40, 2, generator=random)
    tables = [torch.nn.Embedding(40, 2, sparse=sparse) for sparse in (False, True)]
    for table in tables:
        table.weight.data.copy_(start)
    optimizers = [Ftrl(table.parameters(), lr=0.3, l1=l1, l2=0.1) for table in tables]
    assert torch.equal(tables[0].weight, start)
    for step in range(12):
        rows, pull = torch.randint(0, 40, (15,), generator=random), torch.randn(15, 2, generator=random)
        for table, optimizer in zip(tables, optimizers, strict=True):
            optimizer.param_groups[0]["lr"] = 0.3 * (1 - step / 12)
            optimizer.zero_grad()
            (table(rows) * pull).sum().backward()
            optimizer.step()
    assert torch.equal(tables[0].weight, tables[1].weight)


def test_a_changing_rate_is_gradient_descent_with_that_rate() -> None:
    w = torch.nn.Parameter(torch.tensor([2.0], dtype=torch.float64))
    optimizer = Ftrl([w], lr=0.5, initial_accumulator=0.1, beta=0.0)
    expected, total = 2.0, 0.1
    for step, gradient in enumerate([1.0, -0.5, 3.0, 0.2]):
        rate = 0.5 / (1 + step)
        optimizer.param_groups[0]["lr"] = rate
        w.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        total += gradient**2
        expected -= rate / math.sqrt(total) * gradient
    assert float(w.detach()) == pytest.approx(expected, rel=1e-12)
    before = w.detach().clone()
    optimizer.param_groups[0]["lr"] = 0.0
    optimizer.step()
    assert torch.equal(w, before)


def test_l1_gives_zeros_and_without_it_the_weights_are_those_of_logistic_regression() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 8))
    y = (x[:, 0] - 0.5 * x[:, 1] + random.normal(size=400) > 0).astype(np.int64)
    features, label = torch.from_numpy(x), torch.from_numpy(y).double()

    def fitted(l1: float, steps: int) -> np.ndarray:
        w = torch.nn.Parameter(torch.zeros(8, dtype=torch.float64))
        optimizer = Ftrl([w], lr=1.0, l1=l1)
        for _ in range(steps):
            optimizer.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(features @ w, label).backward()
            optimizer.step()
        return np.asarray(w.detach())

    oracle = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=1000).fit(x, y)
    assert fitted(0.0, 400) == pytest.approx(oracle.coef_[0], abs=1e-3)
    assert np.flatnonzero(fitted(8.0, 100)).tolist() == [0, 1]


def test_its_state_goes_through_a_checkpoint() -> None:
    w = torch.nn.Parameter(torch.ones(3))
    optimizer = Ftrl([w], lr=0.1)
    w.grad = torch.tensor([1.0, -2.0, 0.0])
    optimizer.step()
    again = torch.nn.Parameter(w.detach().clone())
    restored = Ftrl([again], lr=0.1)
    restored.load_state_dict(optimizer.state_dict())
    for each, what in ((w, optimizer), (again, restored)):
        each.grad = torch.tensor([0.5, 0.5, 0.5])
        what.step()
    assert torch.equal(w, again)


@pytest.mark.parametrize("wrong", [{"lr": 0.0}, {"l1": -1.0}, {"beta": 0.0}])
def test_what_is_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="lr"):
        Ftrl([torch.zeros(1)], **{"lr": 0.1, **wrong})
