"""`sparsemax`: the projection of a row onto the simplex, which unlike softmax gives exact zeros.

Martins and Astudillo 2016 (arXiv 1602.02068), Algorithm 1: of z sorted downwards, the support is the longest stretch
with 1 + k z_(k) > Σ_{j ≤ k} z_(j), the threshold τ = (Σ_support z − 1) / |support|, the answer max(z − τ, 0).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from hagane.features.emit import Emitter, element_type


def sparsemax(z: Tensor) -> Tensor:
    """[n, f] → [n, f]: each row at least 0, of sum 1. Its gradient is that of the threshold's own support.

    >>> sparsemax(torch.tensor([[0.0, 0.5, 2.0], [0.0, 0.0, 0.0]])).tolist()[0]
    [0.0, 0.0, 1.0]
    """
    z = z - z.amax(dim=1, keepdim=True)
    with torch.no_grad():
        in_order = z.sort(dim=1, descending=True).values
        places = torch.arange(1, z.shape[1] + 1, device=z.device, dtype=z.dtype)
        size = (1 + places * in_order > in_order.cumsum(dim=1)).sum(dim=1, keepdim=True)
        support = (z >= in_order.gather(1, size - 1)).to(z.dtype)
    threshold = ((z * support).sum(dim=1, keepdim=True) - 1) / support.sum(dim=1, keepdim=True)
    return torch.clamp(z - threshold, min=0)


def emit_sparsemax(emitter: Emitter, z: str, width: int) -> str:
    """The same as nodes, for float64 `z` [n, width]: a sort by row, a running sum by row, so no row sees another."""
    axis = emitter.constant([1], np.int64)
    z = emitter.node("Sub", z, emitter.node("ReduceMax", z, axis, keepdims=1))
    in_order, _ = emitter.nodes(
        "TopK", z, emitter.constant([width], np.int64), num_outputs=2, axis=1, largest=1, sorted=1
    )
    places = emitter.constant(np.arange(1, width + 1, dtype=np.float64)[None, :])
    edge = emitter.node("Add", emitter.node("Mul", places, in_order), emitter.constant(np.float64(1)))
    inside = emitter.node("Greater", edge, emitter.node("CumSum", in_order, emitter.constant(1, np.int64)))
    support = emitter.node("Cast", inside, to=element_type(np.float64))
    size = emitter.node("ReduceSum", support, axis, keepdims=1)
    total = emitter.node("ReduceSum", emitter.node("Mul", in_order, support), axis, keepdims=1)
    threshold = emitter.node("Div", emitter.node("Sub", total, emitter.constant(np.float64(1))), size)
    return emitter.node("Relu", emitter.node("Sub", z, threshold))
