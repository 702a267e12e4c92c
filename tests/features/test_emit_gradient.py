"""Gradients of emitted graphs, beside torch's own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from hagane.features.emit import Emitter
from hagane.features.emit_gradient import NoGradientError, emit_gradient
from hagane.models.dnn_graph import EMITTED, emit_layers
from hagane.models.sparsemax import emit_sparsemax, sparsemax
from hagane.models.tabular_net import TabularNet
from hagane.runtime.session import Session

ROWS = np.random.default_rng(5).normal(scale=2.0, size=(40, 6))
SEED = np.random.default_rng(6).normal(size=(40, 6))


def gradient(emit: Callable[[Emitter, str], str], rows: np.ndarray = ROWS, seed: np.ndarray = SEED) -> np.ndarray:
    """Of what `emit` makes of [n, w], in the rows."""
    e = Emitter()
    x = e.input("x", np.float64, ("n", rows.shape[1]))
    y = emit(e, x)
    e.output("y", y, np.float64, ("n", seed.shape[1]))
    s = e.input("seed", np.float64, ("n", seed.shape[1]))
    e.output("gradient", emit_gradient(e, y, x, s), np.float64, ("n", rows.shape[1]))
    found = Session(e.model().SerializeToString()).run({"x": rows, "seed": seed}, ["gradient"])["gradient"]
    assert found.shape == rows.shape
    return np.asarray(found)


def torchs(function: Callable[[Tensor], Tensor], rows: np.ndarray = ROWS, seed: np.ndarray = SEED) -> np.ndarray:
    x = torch.tensor(rows, requires_grad=True)
    (found,) = torch.autograd.grad(function(x), x, torch.tensor(seed))
    return np.asarray(found.numpy())


@pytest.mark.parametrize("activation", EMITTED)
@pytest.mark.parametrize("num_outputs", [1, 3])
def test_every_activation_of_a_network(activation: str, num_outputs: int) -> None:
    torch.manual_seed(3)
    net = TabularNet(6, [], num_outputs, widths=[], hidden_units=[7, 5], activation=activation, dropout=0.0,
                     batch_norm=False).double()  # fmt: skip
    seed = SEED[:, :num_outputs]
    found = gradient(lambda e, x: emit_layers(e, net, x, dtype=np.float64), seed=seed)
    np.testing.assert_allclose(found, torchs(net.layers, seed=seed), rtol=1e-9, atol=1e-12)


def test_sparsemax() -> None:
    found = gradient(lambda e, x: emit_sparsemax(e, x, 6))
    np.testing.assert_allclose(found, torchs(sparsemax), rtol=1e-9, atol=1e-12)


def test_what_broadcasts() -> None:
    """[n, 1] against [n, k], in sums, products and quotients."""

    def emit(e: Emitter, x: str) -> str:
        total = e.node("ReduceSum", e.node("Exp", x), e.constant([1], np.int64), keepdims=1)
        share = e.node("Div", e.node("Exp", x), total)
        return e.node("Add", e.node("Mul", share, total), e.node("Sub", total, share))

    def expected(x: Tensor) -> Tensor:
        total = x.exp().sum(1, keepdim=True)
        share = x.exp() / total
        return share * total + (total - share)

    np.testing.assert_allclose(gradient(emit), torchs(expected), rtol=1e-9, atol=1e-12)


def test_columns_taken_apart_and_put_together() -> None:
    places = np.array([3, 0, 0, 5], np.int64)

    def emit(e: Emitter, x: str) -> str:
        left, _ = e.nodes("Split", x, e.constant(np.array([2, 4], np.int64)), num_outputs=2, axis=1)
        return e.node("Concat", e.node("Tanh", left), e.node("Gather", x, e.constant(places), axis=1), axis=1)

    expected = torchs(lambda x: torch.cat([torch.tanh(x[:, :2]), x[:, places]], dim=1))
    np.testing.assert_allclose(gradient(emit), expected, rtol=1e-12)


def test_what_the_source_has_no_part_in_is_0() -> None:
    found = gradient(lambda e, x: e.node("Cast", e.node("Greater", x, e.constant(np.float64(0))), to=11))
    assert not found.any()


def test_an_operator_without_a_rule_is_named() -> None:
    with pytest.raises(NoGradientError, match="Erf"):
        gradient(lambda e, x: e.node("Erf", x))
