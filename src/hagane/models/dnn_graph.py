"""The dnn families' network as ONNX nodes.

Shapes as in `tabular_net`. A hidden layer costs a product, a sum and its activation. ONNX Runtime lacks float64 kernels
for Elu and Selu, so both are spelled out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import nn

from hagane.features.emit import Emitter
from hagane.features.graph_ports import SparsePort
from hagane.models.features_graph import emit_columns
from hagane.models.tabular_net import TabularNet

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
"""Klambauer et al. 2017, §2."""


def emit_net(
    emitter: Emitter,
    net: TabularNet,
    dense: str | None,
    ids: str | None,
    sparse: Sequence[SparsePort] = (),
    *,
    dtype: type[np.floating[Any]],
) -> str:
    """Add the folded network computed in `dtype`; the name of its output [n, c]."""
    return emit_layers(emitter, net, emit_columns(emitter, net, dense, ids, sparse, dtype=dtype), dtype=dtype)


def emit_layers(emitter: Emitter, net: TabularNet, x: str, *, dtype: type[np.floating[Any]]) -> str:
    """Add the layers behind the columns `x` [n, w] in `dtype`; the name of their output [n, c]."""
    for layer in net.layers:
        if isinstance(layer, nn.Linear):
            weight, bias = layer.weight.detach().numpy().astype(dtype), layer.bias.detach().numpy().astype(dtype)
            x = emitter.node("Add", emitter.node("MatMul", x, emitter.constant(weight.T)), emitter.constant(bias))
        else:
            x = EMITTED[net.activation](emitter, x, dtype)
    return x


def _relu6(emitter: Emitter, x: str, dtype: Any) -> str:
    return emitter.node("Min", emitter.node("Relu", x), emitter.constant(dtype(6)))


def _crelu(emitter: Emitter, x: str, dtype: Any) -> str:
    return emitter.node("Concat", emitter.node("Relu", x), emitter.node("Relu", emitter.node("Neg", x)), axis=1)


def _elu(emitter: Emitter, x: str, dtype: Any, alpha: float = 1.0) -> str:
    negative = emitter.node("Exp", emitter.node("Min", x, emitter.constant(dtype(0))))
    part = emitter.node(
        "Mul", emitter.node("Sub", negative, emitter.constant(dtype(1))), emitter.constant(dtype(alpha))
    )
    return emitter.node("Add", emitter.node("Relu", x), part)


def _selu(emitter: Emitter, x: str, dtype: Any) -> str:
    return emitter.node("Mul", _elu(emitter, x, dtype, SELU_ALPHA), emitter.constant(dtype(SELU_SCALE)))


def _silu(emitter: Emitter, x: str, dtype: Any) -> str:
    return emitter.node("Mul", x, emitter.node("Sigmoid", x))


EMITTED: dict[str, Callable[[Emitter, str, Any], str]] = {
    "relu": lambda emitter, x, dtype: emitter.node("Relu", x),
    "relu6": _relu6,
    "crelu": _crelu,
    "elu": _elu,
    "selu": _selu,
    "silu": _silu,
    "sigmoid": lambda emitter, x, dtype: emitter.node("Sigmoid", x),
    "tanh": lambda emitter, x, dtype: emitter.node("Tanh", x),
}
"""Activation → its nodes."""
