"""The dnn families' network as ONNX nodes.

Shapes as in `tabular_net`. A table costs four nodes whatever the number of its features; a sparse feature a look-up, a
product and a sum by row; a hidden layer a product, a sum and its activation. The embeddings of a row's words are added
in float64, so that their order leaves no trace in float32. ONNX Runtime lacks float64 kernels for Elu and Selu, so both
are spelled out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import nn

from hagane.features.emit import Emitter, element_type
from hagane.features.graph_ports import SparsePort
from hagane.models.sparse_graph import emit_entries, emit_row_sums
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
    parts = [emitter.node("Cast", dense, to=element_type(dtype))] if dense is not None and net.num_dense else []
    for group, table in zip(net.groups, net.tables, strict=True):
        assert ids is not None
        assert isinstance(table, nn.Embedding)
        chosen = emitter.node("Gather", ids, emitter.constant(np.array(group.columns, np.int64)), axis=1)
        slots = emitter.node("Add", chosen, emitter.constant(np.array(group.offsets, np.int64)))
        rows = emitter.node("Gather", emitter.constant(table.weight.detach().numpy().astype(dtype)), slots, axis=0)
        shape = emitter.constant(np.array([-1, len(group.columns) * group.width], np.int64))
        parts.append(emitter.node("Reshape", rows, shape))
    for port, bag in zip(sparse, net.bags, strict=True):
        assert isinstance(bag, nn.EmbeddingBag)
        table = bag.weight.detach().numpy().astype(np.float64)
        added = emit_row_sums(emitter, emit_entries(emitter, [port], [0]), table)
        parts.append(emitter.node("Cast", added, to=element_type(dtype)))
    x = parts[0] if len(parts) == 1 else emitter.node("Concat", *parts, axis=1)
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
