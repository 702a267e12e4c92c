"""TabNet as ONNX nodes, in float64: a mask is a step function's neighbour, and float64 leaves no doubt on which side.

Shapes as in `tabnet_net`. Normalisation is what it is in evaluation, a product and a sum. Asked for the output and for
the masks, an emitter makes the nodes that both need once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor, nn

from hagane.features.emit import Emitter
from hagane.features.graph_ports import SparsePort
from hagane.models.features_graph import emit_columns
from hagane.models.ghost_batch_norm import GhostBatchNorm
from hagane.models.sparsemax import emit_sparsemax
from hagane.models.tabnet_net import RESIDUAL_SCALE, AttentiveTransformer, FeatureTransformer, Glu, TabNet


class TabNetTensors(NamedTuple):
    """Names of the tensors that `emit_tabnet` made."""

    output: str
    """[n, c] float64."""
    masks: str
    """[n, f] float64."""


def emit_tabnet(
    emitter: Emitter, net: TabNet, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()
) -> TabNetTensors:
    """Add the network's nodes."""
    return emit_steps(emitter, net, emit_columns(emitter, net.features, dense, ids, sparse, dtype=np.float64))


def emit_steps(emitter: Emitter, net: TabNet, columns: str) -> TabNetTensors:
    """Add what stands behind the embedded columns [n, w] float64."""
    settings, axis = net.settings, emitter.constant([1], np.int64)
    x = _affine(emitter, columns, net.norm)
    _, attended = _halves(emitter, _transformed(emitter, net.first, x), settings.n_d, settings.n_a)
    prior, decided, masks = "", "", ""
    columns = emitter.constant(net.feature_of_column.numpy())
    for attentive, step in zip(net.attentive, net.steps, strict=True):
        mask = _mask(emitter, attentive, attended, prior)
        left = emitter.node("Sub", emitter.constant(np.float64(settings.gamma)), mask)
        prior = emitter.node("Mul", prior, left) if prior else left
        seen = emitter.node("Mul", x, emitter.node("Gather", mask, columns, axis=1))
        found, attended = _halves(emitter, _transformed(emitter, step, seen), settings.n_d, settings.n_a)
        decision = emitter.node("Relu", found)
        weighed = emitter.node("Mul", mask, emitter.node("ReduceSum", decision, axis, keepdims=1))
        decided = emitter.node("Add", decided, decision) if decided else decision
        masks = emitter.node("Add", masks, weighed) if masks else weighed
    total = emitter.node("ReduceSum", masks, axis, keepdims=1)
    one, zero = emitter.constant(np.float64(1)), emitter.constant(np.float64(0))
    divisor = emitter.node("Where", emitter.node("Greater", total, zero), total, one)
    product = emitter.node("MatMul", decided, _constant(emitter, net.last.weight.T))
    return TabNetTensors(
        emitter.node("Add", product, _constant(emitter, net.last.bias)), emitter.node("Div", masks, divisor)
    )


def _mask(emitter: Emitter, attentive: AttentiveTransformer, attended: str, prior: str) -> str:
    z = emitter.node("MatMul", attended, _constant(emitter, attentive.linear.weight.T))
    z = _affine(emitter, z, attentive.norm)
    return emit_sparsemax(emitter, emitter.node("Mul", z, prior) if prior else z, attentive.linear.out_features)


def _transformed(emitter: Emitter, transformer: FeatureTransformer, x: str) -> str:
    scale = emitter.constant(np.float64(RESIDUAL_SCALE))
    for number, block in enumerate(transformer.blocks):
        added = _glu(emitter, block, x)
        x = emitter.node("Mul", emitter.node("Add", x, added), scale) if number else added
    return x


def _glu(emitter: Emitter, block: Glu, x: str) -> str:
    width = block.linear.out_features // 2
    x = _affine(emitter, emitter.node("MatMul", x, _constant(emitter, block.linear.weight.T)), block.norm)
    value, gate = _halves(emitter, x, width, width)
    return emitter.node("Mul", value, emitter.node("Sigmoid", gate))


def _affine(emitter: Emitter, x: str, norm: GhostBatchNorm | nn.BatchNorm1d) -> str:
    scale, shift = scale_and_shift(norm)
    return emitter.node("Add", emitter.node("Mul", x, _constant(emitter, scale)), _constant(emitter, shift))


def scale_and_shift(norm: GhostBatchNorm | nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """[c] and [c] in float64: what normalisation multiplies by in evaluation, and then adds."""
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    return scale, norm.bias.double() - norm.running_mean.double() * scale


def _halves(emitter: Emitter, x: str, first: int, second: int) -> tuple[str, ...]:
    parts = emitter.constant(np.array([first, second], np.int64))
    return emitter.nodes("Split", x, parts, num_outputs=2, axis=1)


def _constant(emitter: Emitter, value: Tensor) -> str:
    return emitter.constant(np.ascontiguousarray(value.detach().double().numpy()))
