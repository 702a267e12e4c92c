"""Sparse features in a model's graph: what their entries add up to, row by row.

Shapes: t entries, n rows, s slots, c columns. The entries of a row are added one after another in their own order
(ScatterND on one thread), so that a row's sum does not depend on the rows beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.features.emit import Emitter, element_type
from hagane.features.graph_ports import SparsePort


class Entries(NamedTuple):
    """Names of the tensors `rows` [t], `slots` [t] (in one table), `weights` [t] and `num_rows` [1]."""

    rows: str
    slots: str
    weights: str
    num_rows: str


def emit_entries(emitter: Emitter, ports: Sequence[SparsePort], offsets: Sequence[int]) -> Entries:
    """The entries of all features, one feature after another, feature i's slots beginning at `offsets[i]`."""
    slots = [
        emitter.node("Add", port.ids, emitter.constant(np.int64(offset))) if offset else port.ids
        for port, offset in zip(ports, offsets, strict=True)
    ]
    if len(ports) == 1:
        return Entries(ports[0].rows, slots[0], ports[0].weights, ports[0].num_rows)
    rows = emitter.node("Concat", *(port.rows for port in ports), axis=0)
    weights = emitter.node("Concat", *(port.weights for port in ports), axis=0)
    return Entries(rows, emitter.node("Concat", *slots, axis=0), weights, ports[0].num_rows)


def emit_row_sums(emitter: Emitter, entries: Entries, table: npt.NDArray[Any]) -> str:
    """[n, c] in the type of `table` [s, c]: Σ over the row's entries of weight · table[slot]."""
    weights = _column(emitter, emitter.node("Cast", entries.weights, to=element_type(table.dtype)))
    added = emitter.node("Mul", emitter.node("Gather", emitter.constant(table), entries.slots, axis=0), weights)
    rows = _column(emitter, entries.rows)
    return emitter.node(
        "ScatterND", _zeros(emitter, entries.num_rows, table.shape[1], table.dtype), rows, added, reduction="add"
    )


def emit_square_sums(emitter: Emitter, entries: Entries, table: npt.NDArray[np.float64]) -> str:
    """[n, 1]: Σ over the row's slots of (weight · table[slot])²; a slot that a row has twice has both weights.

    `table` [s]. Entries are told apart by row and slot, and those of one cell added in their own order.
    """
    width = emitter.constant(np.int64(len(table)))
    cells = emitter.node("Add", emitter.node("Mul", entries.rows, width), entries.slots)
    distinct, _, inverse, _ = emitter.nodes("Unique", cells, num_outputs=4, sorted=1)
    weights = emitter.node("Cast", entries.weights, to=element_type(np.float64))
    scaled = emitter.node("Mul", weights, emitter.node("Gather", emitter.constant(table), entries.slots, axis=0))
    none = emitter.node(
        "Mul", emitter.node("Cast", distinct, to=element_type(np.float64)), emitter.constant(0.0, np.float64)
    )
    sums = emitter.node("ScatterND", none, _column(emitter, inverse), scaled, reduction="add")
    rows = emitter.node("Div", distinct, width)
    squared = _column(emitter, emitter.node("Mul", sums, sums))
    zeros = _zeros(emitter, entries.num_rows, 1, np.dtype(np.float64))
    return emitter.node("ScatterND", zeros, _column(emitter, rows), squared, reduction="add")


def emit_chosen_slots(emitter: Emitter, entries: Entries, slots: npt.NDArray[np.int64], num_slots: int) -> str:
    """[n, c] float64: the row's weight in each of the chosen `slots` [c], 0 where it has none of it."""
    places = np.full(num_slots, len(slots), np.int64)
    places[slots] = np.arange(len(slots))
    place = emitter.node("Gather", emitter.constant(places), entries.slots, axis=0)
    cells = emitter.node("Concat", _column(emitter, entries.rows), _column(emitter, place), axis=1)
    weights = emitter.node("Cast", entries.weights, to=element_type(np.float64))
    zeros = _zeros(emitter, entries.num_rows, len(slots) + 1, np.dtype(np.float64))
    filled = emitter.node("ScatterND", zeros, cells, weights, reduction="add")
    first, end, axis = (emitter.constant([value], np.int64) for value in (0, len(slots), 1))
    return emitter.node("Slice", filled, first, end, axis)


def _column(emitter: Emitter, tensor: str) -> str:
    """[t] → [t, 1]."""
    return emitter.node("Unsqueeze", tensor, emitter.constant([1], np.int64))


def _zeros(emitter: Emitter, num_rows: str, width: int, dtype: np.dtype[Any]) -> str:
    shape = emitter.node("Concat", num_rows, emitter.constant([width], np.int64), axis=0)
    return emitter.node("Expand", emitter.constant(np.zeros((1, 1), dtype)), shape)
