"""`emit_products`: the products of points with columns of weights, as nodes: what distances and projections are of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.features.emit import Emitter
from hagane.features.emit_table_sums import emit_table_sums
from hagane.features.feature import FeatureKind
from hagane.features.graph_ports import SparsePort
from hagane.models.feature_space import FeatureSpace
from hagane.models.sparse_graph import emit_entries, emit_row_sums

Floats = npt.NDArray[np.float64]


class Products(NamedTuple):
    """Names of tensors [n, c]; '' for what has no features."""

    dense: str
    slots: str


def emit_products(
    emitter: Emitter,
    space: FeatureSpace,
    weights: Floats,
    *,
    numbers: str | None,
    ids: str | None,
    sparse: Sequence[SparsePort] = (),
) -> Products:
    """Points times `weights` [w, c]: of the dense columns, and of the slots. `numbers` is `space.emit_numbers`."""
    d = space.num_dense
    dense = "" if numbers is None else emitter.node("MatMul", numbers, emitter.constant(weights[:d]))
    table = weights[d:] * space.kept[:, None]
    offsets = space.offsets.tolist()
    num_ids = sum(feature.kind is FeatureKind.ID for feature in space.features)
    parts = []
    if ids is not None and num_ids:
        parts.append(emit_table_sums(emitter, table, ids, offsets[:num_ids]))
    if sparse:
        entries = emit_entries(emitter, sparse, offsets[num_ids:])
        parts.append(emit_row_sums(emitter, entries, table))
    slots = parts[0] if parts else ""
    return Products(dense, emitter.node("Add", *parts) if len(parts) > 1 else slots)
