"""What networks begin with, as ONNX nodes.

A table costs four nodes whatever the number of its features; a sparse feature a look-up, a product and a sum by row.
The embeddings of a row's words are added in float64, so that their order leaves no trace in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from hagane.features.emit import Emitter, element_type
from hagane.features.graph_ports import SparsePort
from hagane.models.embedded_features import EmbeddedFeatures
from hagane.models.sparse_graph import emit_entries, emit_row_sums


def emit_columns(
    emitter: Emitter,
    features: EmbeddedFeatures,
    dense: str | None,
    ids: str | None,
    sparse: Sequence[SparsePort],
    *,
    dtype: type[np.floating[Any]],
) -> str:
    """[n, width] in `dtype`: what `EmbeddedFeatures.embed` computes."""
    parts = [emitter.node("Cast", dense, to=element_type(dtype))] if dense is not None and features.num_dense else []
    for group, table in zip(features.groups, features.tables, strict=True):
        assert ids is not None
        assert isinstance(table, nn.Embedding)
        chosen = emitter.node("Gather", ids, emitter.constant(np.array(group.columns, np.int64)), axis=1)
        slots = emitter.node("Add", chosen, emitter.constant(np.array(group.offsets, np.int64)))
        rows = emitter.node("Gather", emitter.constant(table.weight.detach().numpy().astype(dtype)), slots, axis=0)
        shape = emitter.constant(np.array([-1, len(group.columns) * group.width], np.int64))
        parts.append(emitter.node("Reshape", rows, shape))
    for port, bag in zip(sparse, features.bags, strict=True):
        assert isinstance(bag, nn.EmbeddingBag)
        table = bag.weight.detach().numpy().astype(np.float64)
        added = emit_row_sums(emitter, emit_entries(emitter, [port], [0]), table)
        parts.append(emitter.node("Cast", added, to=element_type(dtype)))
    return parts[0] if len(parts) == 1 else emitter.node("Concat", *parts, axis=1)
