"""Functions that make, measure or take apart arrays."""

from __future__ import annotations

from typing import cast as typed

import numpy as np

from hagane.features import emit_array
from hagane.features.emit import Emitter
from hagane.features.emit_array import Flat
from hagane.features.emit_logic import any_error, negate, side_by_side, where
from hagane.features.scalar.operation import Operation, strict
from hagane.features.value import ArrayValue, Value

# Shapes: n rows, t elements of all rows, u slots of all rows, g lanes.


def split(op: Operation) -> Value:
    """SPLIT(s, constant)."""
    text = op.arguments[0]
    flat = emit_array.split(op.emitter, op.emitter.full(text.data, 1), str(op.literal(1)))
    return ArrayValue(flat.data, text.valid, text.error, op.type, rows=flat.rows)


def array(op: Operation) -> Value:
    """[x, y, …]: never NULL itself."""
    e, elements = op.emitter, op.arguments
    data = emit_array.vector(e, side_by_side(e, [e.full(element.data, 1) for element in elements]))
    element_valid = None
    if any(element.valid is not None for element in elements):
        true = e.row(True)
        valid = side_by_side(e, [e.full(element.valid or true, 1) for element in elements])
        element_valid = emit_array.vector(e, valid)
    rows = emit_array.repeated_rows(e, len(elements))
    error = any_error(e, *(element.error for element in elements))
    return ArrayValue(data, None, error, op.type, rows=rows, element_valid=element_valid)


def array_length(op: Operation) -> Value:
    """ARRAY_LENGTH(array)."""
    e, array = op.emitter, array_of(op)
    lengths = e.node("Reshape", emit_array.lengths(e, array.rows), e.constant([-1, 1], np.int64), width=1)
    return strict(op, lengths, bound=2**31)


def slots(op: Operation) -> Value:
    """$MULTI_HOT, $BAG_OF_WORDS, $TF_IDF(array; vocabulary, idf): the slots of a sparse feature, and their weights.

    Slot 0 holds what is unknown or a NULL element, the last one stands in rows whose array is NULL. Each slot of a row
    comes once: for $MULTI_HOT with weight 1, else with how often it occurs, for $TF_IDF divided by the number of all
    elements and times the idf.
    """
    e, array = op.emitter, array_of(op)
    vocabulary, idf = typed("tuple[tuple[str | int, ...], tuple[float, ...]]", op.modifiers)
    cardinality = len(vocabulary) + 2
    flat = _there(e, array, emit_array.position(e, array.data, vocabulary))
    found, counts = emit_array.distinct(e, _with_null_rows(e, flat, array.valid, cardinality - 1), cardinality)
    return ArrayValue(found.data, None, array.error, op.type, rows=found.rows,
                      weights=_weights(op, found, counts, flat.rows, idf))  # fmt: skip


def array_of(op: Operation, index: int = 0) -> ArrayValue:
    """An argument that is an array."""
    array = op.arguments[index]
    assert isinstance(array, ArrayValue), f"{op.calls[0].function} takes an array at {index}"
    return array


def _there(e: Emitter, array: ArrayValue, places: str) -> Flat:
    """The places of the elements of arrays that are there; 0 where an element is NULL."""
    if array.element_valid is not None:
        places = where(e, array.element_valid, places, e.constant([0], np.int64))
    if array.valid is None:
        return Flat(places, array.rows)
    is_there = emit_array.of_row(e, emit_array.vector(e, e.full(array.valid, 1)), array.rows)
    return Flat(emit_array.keep(e, places, is_there), emit_array.keep(e, array.rows, is_there))


def _with_null_rows(e: Emitter, flat: Flat, valid: str | None, null_slot: int) -> Flat:
    """And an entry in each row whose array is NULL (out of order: the slots are sorted afterwards)."""
    if valid is None:
        return flat
    rows = emit_array.true_places(e, negate(e, emit_array.vector(e, e.full(valid, 1))))
    null_slots = emit_array.filled(e, null_slot, np.int64, emit_array.size(e, rows))
    return Flat(e.node("Concat", flat.data, null_slots, axis=0), e.node("Concat", flat.rows, rows, axis=0))


def _weights(op: Operation, found: Flat, counts: str, rows: str, idf: tuple[float, ...]) -> str:
    """[u] float32."""
    e = op.emitter
    match op.calls[0].function:
        case "$MULTI_HOT":
            return emit_array.filled(e, 1, np.float32, emit_array.size(e, found.data))
        case "$BAG_OF_WORDS":
            return emit_array.as_float32(e, counts)
    sizes = emit_array.of_row(e, emit_array.lengths(e, rows), found.rows)
    frequency = emit_array.term_frequency(e, counts, sizes)
    table = e.constant(np.array([*idf, 1.0], np.float64))
    return emit_array.as_float32(e, e.node("Mul", frequency, e.node("Gather", table, found.data, axis=0)))
