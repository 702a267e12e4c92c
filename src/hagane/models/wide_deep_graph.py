"""A wide and deep model as ONNX nodes. Shapes as in `wide_deep_net`.

The wide part is a product for the numbers, a look-up and a sum for all categories, and a look-up and a sum by row for
words, in float64 (its weights are few, and a sum over a thousand categories should not depend on their order).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from hagane.features.emit import Emitter, element_type
from hagane.features.emit_table_sums import emit_table_sums
from hagane.features.graph_ports import SparsePort
from hagane.models.dnn_graph import emit_layers, emit_net
from hagane.models.features_graph import emit_columns
from hagane.models.sparse_graph import emit_entries, emit_row_sums
from hagane.models.wide_deep_net import WideDeepNet, WidePart

_DOUBLE = element_type(np.float64)


def emit_wide_deep(
    emitter: Emitter,
    net: WideDeepNet,
    dense: str | None,
    ids: str | None,
    sparse: Sequence[SparsePort] = (),
    *,
    dtype: type[np.floating[Any]],
) -> str:
    """Add both parts, the deep one computed in `dtype`; the name of their sum [n, c] in `dtype`."""
    deep = emit_net(emitter, net.deep, *_deep_features(emitter, net, dense, ids, sparse), dtype=dtype)
    wide = net.wide
    parts = _wide_parts(
        emitter,
        wide,
        _chosen(emitter, dense, wide.dense, net.num_dense),
        _chosen(emitter, ids, wide.ids, net.num_ids),
        [sparse[place] for place in wide.sparse],
    )
    if not parts:
        return deep
    total = parts[0]
    for part in parts[1:]:
        total = emitter.node("Add", total, part)
    return emitter.node("Add", deep, emitter.node("Cast", total, to=element_type(dtype)))


def emit_terms(
    emitter: Emitter,
    net: WideDeepNet,
    dense: str | None,
    ids: str | None,
    sparse: Sequence[SparsePort] = (),
    *,
    dtype: type[np.floating[Any]],
) -> str:
    """[n, w] float64: what each feature of the wide part adds to each output, then the columns of the deep part."""
    wide, flat = net.wide, emitter.constant(np.array([0, -1], np.int64))
    parts = []
    if wide.weight is not None and dense is not None:
        numbers = emitter.node("Cast", _chosen(emitter, dense, wide.dense, net.num_dense) or dense, to=_DOUBLE)
        apart = emitter.node("Unsqueeze", numbers, emitter.constant(np.array([2], np.int64)))
        terms = emitter.node("Mul", apart, emitter.constant(wide.weight.detach().double().numpy()))
        parts.append(emitter.node("Reshape", terms, flat))
    if wide.table is not None and ids is not None:
        chosen = _chosen(emitter, ids, wide.ids, net.num_ids) or ids
        slots = emitter.node("Add", chosen, emitter.constant(np.array(wide.offsets, np.int64)))
        rows = emitter.node("Gather", emitter.constant(_table(wide.table)), slots, axis=0)
        parts.append(emitter.node("Reshape", rows, flat))
    for place, bag in zip(wide.sparse, wide.bags, strict=True):
        parts.append(emit_row_sums(emitter, emit_entries(emitter, [sparse[place]], [0]), _table(bag)))
    deep = emit_columns(emitter, net.deep, *_deep_features(emitter, net, dense, ids, sparse), dtype=dtype)
    return emitter.node("Concat", *parts, emitter.node("Cast", deep, to=_DOUBLE), axis=1)


def emit_of_terms(emitter: Emitter, net: WideDeepNet, columns: str) -> str:
    """The output [n, c] float64 that follows from `emit_terms`."""
    num_outputs = net.deep.layers[-1].out_features
    num_terms, width = len(_term_owners(net)) * num_outputs, net.deep.width
    if not num_terms:
        return emit_layers(emitter, net.deep, columns, dtype=np.float64)
    parts = emitter.constant(np.array([num_terms, width], np.int64))
    terms, deep = emitter.nodes("Split", columns, parts, num_outputs=2, axis=1)
    added = emitter.node("MatMul", terms, emitter.constant(np.tile(np.eye(num_outputs), (num_terms // num_outputs, 1))))
    return emitter.node("Add", emit_layers(emitter, net.deep, deep, dtype=np.float64), added)


def owners_of_terms(net: WideDeepNet) -> list[int]:
    """[w] the feature (dense, then ids, then sparse ones) of each column of `emit_terms`."""
    num_outputs = net.deep.layers[-1].out_features
    first_sparse = net.num_dense + net.num_ids
    deep = [*net.deep_dense, *(net.num_dense + place for place in net.deep_ids)]
    deep += [first_sparse + place for place in net.deep_sparse]
    wide = [owner for owner in _term_owners(net) for _ in range(num_outputs)]
    return [*wide, *(deep[feature] for feature in net.deep.feature_of_column)]


def _deep_features(
    emitter: Emitter, net: WideDeepNet, dense: str | None, ids: str | None, sparse: Sequence[SparsePort]
) -> tuple[str | None, str | None, list[SparsePort]]:
    """What the deep part takes of each."""
    return (
        _chosen(emitter, dense, net.deep_dense, net.num_dense),
        _chosen(emitter, ids, net.deep_ids, net.num_ids),
        [sparse[place] for place in net.deep_sparse],
    )


def _term_owners(net: WideDeepNet) -> list[int]:
    """The features of the wide part, in the order of their terms."""
    first_sparse = net.num_dense + net.num_ids
    owners = [*net.wide.dense, *(net.num_dense + place for place in net.wide.ids)]
    return [*owners, *(first_sparse + place for place in net.wide.sparse)]


def _wide_parts(
    emitter: Emitter, wide: WidePart, dense: str | None, ids: str | None, sparse: Sequence[SparsePort]
) -> list[str]:
    """[n, c] float64 of the part's own numbers, categories and words, of those that there are."""
    parts = []
    if dense is not None and wide.weight is not None:
        numbers = emitter.node("Cast", dense, to=element_type(np.float64))
        weight: npt.NDArray[np.float64] = wide.weight.detach().double().numpy()
        parts.append(emitter.node("MatMul", numbers, emitter.constant(weight)))
    if ids is not None and wide.table is not None:
        parts.append(emit_table_sums(emitter, _table(wide.table), ids, wide.offsets))
    if sparse:
        tables = [_table(bag) for bag in wide.bags]
        offsets = [sum(len(table) for table in tables[:index]) for index in range(len(tables))]
        parts.append(emit_row_sums(emitter, emit_entries(emitter, sparse, offsets), np.concatenate(tables)))
    return parts


def _table(module: nn.Module) -> npt.NDArray[np.float64]:
    """[slots, c] in float64."""
    assert isinstance(module, nn.Embedding | nn.EmbeddingBag)
    table: npt.NDArray[np.float64] = module.weight.detach().double().numpy()
    return table


def _chosen(emitter: Emitter, columns: str | None, places: Sequence[int], num_columns: int) -> str | None:
    """The columns in these places, of `num_columns`; None for none."""
    if columns is None or not places:
        return None
    if tuple(places) == tuple(range(num_columns)):
        return columns
    return emitter.node("Gather", columns, emitter.constant(np.array(places, np.int64)), axis=1)
