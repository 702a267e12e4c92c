"""Functions that make, measure or take apart arrays."""

from __future__ import annotations

from typing import cast as typed

import numpy as np

from hagane.features import emit_array, emit_text
from hagane.features.emit import Emitter
from hagane.features.emit_array import Flat
from hagane.features.emit_logic import all_valid, any_error, both, negate, side_by_side, where
from hagane.features.scalar.operation import Operation, strict
from hagane.features.value import ArrayValue, Value
from hagane.sql.functions.arrays import LOG_SEPARATORS
from hagane.sql.regex.extraction import plan_tokens
from hagane.types import SqlType

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
    return strict(op, _column(e, emit_array.lengths(e, array.rows)), bound=2**31)


def element(op: Operation) -> Value:
    """array[OFFSET(k)]; the modifier k of each lane."""
    e, array = op.emitter, array_of(op)
    positions = [typed(int, call.modifiers[0]) for call in op.calls]
    flat = Flat(array.data, array.rows)
    blank = "" if op.type is SqlType.STRING else np.nan if op.type is SqlType.FLOAT64 else 0
    dtype = object if op.type is SqlType.STRING else None
    data, is_there, place = emit_array.element(e, flat, positions, np.asarray([blank], dtype))
    valid = all_valid(e, array.valid, is_there)
    if array.element_valid is not None:
        longer = e.node("Concat", array.element_valid, e.constant([False]), axis=0)
        valid = all_valid(e, valid, e.node("Gather", longer, place, axis=0, width=op.width))
    failed = negate(e, is_there) if array.valid is None else both(e, array.valid, negate(e, is_there))
    return Value(data, valid, any_error(e, array.error, failed), op.type, op.width)


def array_concat(op: Operation) -> Value:
    """ARRAY_CONCAT(a, b, …): NULL where one is."""
    e = op.emitter
    arrays = [array_of(op, index) for index in range(len(op.arguments))]
    order = emit_array.concat_order(e, [array.rows for array in arrays])
    data = e.node("Gather", e.node("Concat", *(array.data for array in arrays), axis=0), order.data, axis=0)
    element_valid = None
    if any(array.element_valid is not None for array in arrays):
        valids = [array.element_valid or emit_array.filled(e, True, np.bool_, emit_array.size(e, array.rows))
                  for array in arrays]  # fmt: skip
        element_valid = e.node("Gather", e.node("Concat", *valids, axis=0), order.data, axis=0)
    return ArrayValue(data, all_valid(e, *(array.valid for array in arrays)),
                      any_error(e, *(array.error for array in arrays)), op.type, rows=order.rows,
                      element_valid=element_valid)  # fmt: skip


def array_reverse(op: Operation) -> Value:
    """ARRAY_REVERSE(array)."""
    e, array = op.emitter, array_of(op)
    order = emit_array.reverse_order(e, array.rows)
    valid = array.element_valid and e.node("Gather", array.element_valid, order, axis=0)
    data = e.node("Gather", array.data, order, axis=0)
    return ArrayValue(data, array.valid, array.error, op.type, rows=array.rows, element_valid=valid)


def in_unnest(op: Operation) -> Value:
    """x IN UNNEST(array): NULL where x is, or where nothing is equal and an element is NULL; of no elements FALSE."""
    e, x, array = op.emitter, op.arguments[0], array_of(op, 1)
    own = emit_array.of_row(e, emit_array.vector(e, e.full(x.data, 1)), array.rows)
    equal = e.node("Equal", array.data, own)
    unknown = None if array.element_valid is None else negate(e, array.element_valid)
    if array.element_valid is not None:
        equal = both(e, equal, array.element_valid)
    found = _column(e, emit_array.any_of(e, equal, array.rows))
    doubt = (
        None if unknown is None else both(e, _column(e, emit_array.any_of(e, unknown, array.rows)), negate(e, found))
    )
    if x.valid is not None:
        has_elements = e.node("Greater", _column(e, emit_array.lengths(e, array.rows)), e.constant([[0]], np.int64))
        found = both(e, found, x.valid)
        doubt = any_error(e, doubt, both(e, has_elements, negate(e, x.valid)))
    if array.valid is not None:
        found = both(e, found, array.valid)
        doubt = None if doubt is None else both(e, doubt, array.valid)
    valid = None if doubt is None else negate(e, doubt)
    return Value(found, valid, any_error(e, x.error, array.error), op.type)


def text_analyze(op: Operation) -> Value:
    """TEXT_ANALYZE(s; analyzer, pattern, whether letters are made small)."""
    e, text = op.emitter, op.arguments[0]
    analyzer, pattern, is_lower = op.modifiers
    data = e.full(text.data, 1)
    if is_lower:
        data = emit_text.change_case(e, data, "LOWER", emit_text.find_locale())
    if analyzer == "NO_OP_ANALYZER":
        flat = Flat(emit_array.vector(e, data), emit_array.repeated_rows(e, 1))
    elif analyzer == "PATTERN_ANALYZER":
        flat = emit_array.words(e, data, tokenexp=plan_tokens(str(pattern)))
    else:
        flat = emit_array.words(e, data, separators=[LOG_SEPARATORS])
    return ArrayValue(flat.data, text.valid, text.error, op.type, rows=flat.rows)


def ngrams(op: Operation) -> Value:
    """ML.NGRAMS(tokens; least, most, separator): one with a NULL token is NULL."""
    array = array_of(op)
    least, most, separator = typed("tuple[int, int, str]", op.modifiers)
    flat = Flat(array.data, array.rows)
    found, known = emit_array.ngrams(op.emitter, flat, array.element_valid, range(least, most + 1), separator)
    return ArrayValue(found.data, array.valid, array.error, op.type, rows=found.rows, element_valid=known)


def lp_norm(op: Operation) -> Value:
    """ML.LP_NORM(array; p)."""
    e, array = op.emitter, array_of(op)
    norm = emit_array.norm(e, _numbers(e, array), array.rows, typed(float, op.modifiers[0]))
    return strict(op, _column(e, norm), failed=_has_null(e, array))


def normalizer(op: Operation) -> Value:
    """ML.NORMALIZER(array; p)."""
    e, array = op.emitter, array_of(op)
    numbers = _numbers(e, array)
    norm = emit_array.norm(e, numbers, array.rows, typed(float, op.modifiers[0]))
    data = emit_array.divided(e, numbers, emit_array.of_row(e, norm, array.rows))
    whole = strict(op, _column(e, norm), failed=_has_null(e, array))
    return ArrayValue(data, whole.valid, whole.error, op.type, rows=array.rows)


def distance(op: Operation) -> Value:
    """ML.DISTANCE(a, b; type)."""
    e, a, b = op.emitter, array_of(op), array_of(op, 1)
    one, other = emit_array.lengths(e, a.rows), emit_array.lengths(e, b.rows)
    failed = any_error(e, negate(e, _column(e, e.node("Equal", one, other))), _has_null(e, a), _has_null(e, b))
    pairs = emit_array.partners(e, a.rows, b.rows, _numbers(e, b))
    found, undefined = emit_array.distance(e, _numbers(e, a), pairs, a.rows, str(op.modifiers[0]))
    failed = any_error(e, failed, None if undefined is None else _column(e, undefined))
    return strict(op, _column(e, found), failed=failed)


def _numbers(e: Emitter, array: ArrayValue) -> str:
    """[t] float64, 0 where an element is NULL."""
    numbers = array.data if array.type is SqlType.ARRAY_FLOAT64 else emit_array.as_float64(e, array.data)
    return numbers if array.element_valid is None else where(e, array.element_valid, numbers, e.constant([0.0]))


def _has_null(e: Emitter, array: ArrayValue) -> str | None:
    """[n, 1] bool: whether an element of the row is NULL; None: none is."""
    if array.element_valid is None:
        return None
    return _column(e, emit_array.any_of(e, negate(e, array.element_valid), array.rows))


def _column(e: Emitter, tensor: str) -> str:
    """[n] as [n, 1]."""
    return e.node("Reshape", tensor, e.constant([-1, 1], np.int64), width=1)


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
