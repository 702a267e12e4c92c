"""Ragged arrays: flat elements [t] and the row of each [t], ascending.

Legend: n rows of the batch, t elements of all rows, m the most elements of a row, V values of a vocabulary.

Nothing here depends on how many rows there are: sums run in the order of the elements (ScatterElements adds one after
another), and what is padded to [n, m] on the way (ONNX Runtime's splitters answer so) is made flat at once.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.features.emit import Emitter, element_type
from hagane.features.emit_logic import FLOAT64, INT64, both, cast, negate, where

FLOAT32 = element_type(np.float32)
CHARACTER_PADDING = "\0\0"
"""No single character is equal to it."""


class Flat(NamedTuple):
    """Elements and their rows."""

    data: str
    """[t]."""
    rows: str
    """[t] int64, ascending."""


def vector(e: Emitter, tensor: str) -> str:
    """A tensor as [t]."""
    return e.node("Reshape", tensor, e.constant([-1], np.int64))


def size(e: Emitter, tensor: str) -> str:
    """[1] int64: the first dimension."""
    return e.node("Shape", tensor, start=0, end=1)


def filled(e: Emitter, value: float | str, dtype: Any, count: str) -> str:
    """[count] of one value."""
    return e.node("Expand", e.constant([value], dtype), count)


def keep(e: Emitter, tensor: str, mask: str) -> str:
    """The entries of a [t] tensor where `mask` [t] is true."""
    return e.node("Compress", tensor, mask, axis=0)


def true_places(e: Emitter, mask: str) -> str:
    """[u] int64: where a [t] mask is true."""
    return vector(e, e.node("NonZero", mask))


def flatten(e: Emitter, matrix: str, mask: str) -> Flat:
    """The entries of `matrix` [n, m] where `mask` [n, m] is true, row by row."""
    places = e.node("NonZero", mask)
    rows = e.node("Gather", places, e.constant(0, np.int64), axis=0)
    return Flat(e.node("GatherND", matrix, e.node("Transpose", places)), rows)


def of_row(e: Emitter, tensor: str, rows: str) -> str:
    """[t]: each element's own row of a tensor [n]."""
    return e.node("Gather", tensor, rows, axis=0)


def sums(e: Emitter, values: str, rows: str, dtype: type[np.generic]) -> str:
    """[n]: the sum of each row's values [t], in their order."""
    zeros = filled(e, 0, dtype, e.num_rows())
    return e.node("ScatterElements", zeros, rows, values, axis=0, reduction="add")


def lengths(e: Emitter, rows: str) -> str:
    """[n] int64: how many elements each row has."""
    return sums(e, filled(e, 1, np.int64, size(e, rows)), rows, np.int64)


def starts(e: Emitter, rows: str) -> str:
    """[n] int64: the place of each row's first element."""
    return e.node("CumSum", lengths(e, rows), e.constant(0, np.int64), exclusive=1)


def repeated_rows(e: Emitter, count: int) -> str:
    """[n * count] int64: every row's number `count` times."""
    zero, one = e.constant(0, np.int64), e.constant(1, np.int64)
    rows = e.node("Range", zero, e.node("Squeeze", e.num_rows()), one)
    return vector(
        e, e.node("Expand", e.node("Unsqueeze", rows, e.constant([1], np.int64)), e.constant([1, count], np.int64))
    )


def split(e: Emitter, text: str, delimiter: str) -> Flat:
    """The parts of each text [n, 1] between the delimiters; the characters where that is empty. '' has one part, ''.

    StringSplit finds no part in '': so each text is split behind a delimiter, and the part before that left out.
    """
    if not delimiter:
        return _characters(e, text)
    longer = e.node("StringConcat", e.constant([delimiter], object), vector(e, text))
    parts, counts = e.nodes("StringSplit", longer, num_outputs=2, delimiter=delimiter)
    place = _places(e, parts)
    is_part = e.node("Less", place, e.node("Unsqueeze", counts, e.constant([1], np.int64)))
    return flatten(e, parts, both(e, is_part, e.node("Greater", place, e.constant([0], np.int64))))


def _characters(e: Emitter, text: str) -> Flat:
    """A row of text is appended, since Tokenizer answers nothing where there is no character at all."""
    longer = e.node("Concat", vector(e, text), e.constant(["x"], object), axis=0)
    tokens = e.node("Tokenizer", longer, domain="com.microsoft", mark=0, mincharnum=1, pad_value=CHARACTER_PADDING,
                    separators=[""])  # fmt: skip
    ends = e.constant([0], np.int64), e.constant([-1], np.int64), e.constant([0], np.int64)
    tokens = e.node("Slice", tokens, *ends)
    is_padding = e.node("Equal", tokens, e.constant([CHARACTER_PADDING], object))
    is_first = e.node("Equal", _places(e, tokens), e.constant([0], np.int64))
    blank = both(e, is_padding, is_first)
    tokens = e.node("Where", blank, e.constant([""], object), tokens)
    return flatten(e, tokens, e.node("Or", negate(e, is_padding), blank))


def words(e: Emitter, text: str, **how: Any) -> Flat:
    """What Tokenizer finds in each text [n, 1]: by `tokenexp`, or between `separators`; nothing empty."""
    tokens = e.node("Tokenizer", vector(e, text), domain="com.microsoft", mark=0, mincharnum=1, pad_value="", **how)
    return flatten(e, tokens, negate(e, e.node("Equal", tokens, e.constant([""], object))))


def ngrams(e: Emitter, flat: Flat, valid: str | None, sizes: range, separator: str) -> tuple[Flat, str | None]:
    """Neighbours joined, by start, then by size; and where all of them are valid ([u] bool, None: everywhere).

    One column a size, filled with what follows in other rows too, of which those within one row are kept.
    """
    longest = sizes[-1]
    parts = [_shifted(e, flat.data, "", offset, longest) for offset in range(longest)]
    last_rows = [_shifted(e, flat.rows, -1, offset, longest) for offset in range(longest)]
    valids = None if valid is None else [_shifted(e, valid, False, offset, longest) for offset in range(longest)]
    joined, known, columns, masks, knowns = parts[0], valids[0] if valids else None, [], [], []
    for offset in range(longest):
        if offset:
            between = (e.constant([separator], object),) if separator else ()
            joined = functools.reduce(lambda a, b: e.node("StringConcat", a, b), (joined, *between, parts[offset]))
            known = both(e, known, valids[offset]) if known is not None and valids else None
        if offset + 1 in sizes:
            columns.append(joined)
            masks.append(e.node("Equal", last_rows[offset], flat.rows))
            knowns.append(known)
    mask = _columns(e, masks)
    found = flatten(e, _columns(e, columns), mask)
    rows = of_row(e, flat.rows, found.rows)
    there = None if valids is None else flatten(e, _columns(e, [k for k in knowns if k is not None]), mask).data
    return Flat(found.data, rows), there


def _shifted(e: Emitter, tensor: str, padding: str | int | bool, offset: int, longest: int) -> str:
    """[t]: the entry `offset` places behind each one, `padding` behind the last."""
    if not offset:
        return tensor
    dtype = object if isinstance(padding, str) else np.bool_ if isinstance(padding, bool) else np.int64
    longer = e.node("Concat", tensor, e.constant([padding] * longest, dtype), axis=0)
    start = e.constant([offset], np.int64)
    return e.node("Slice", longer, start, e.node("Add", size(e, tensor), start))


def _columns(e: Emitter, tensors: Sequence[str]) -> str:
    """Tensors [t] as the columns of one [t, k]."""
    return e.node("Concat", *(e.node("Unsqueeze", x, e.constant([1], np.int64)) for x in tensors), axis=1)


def element(e: Emitter, flat: Flat, positions: Sequence[int], blank: npt.ArrayLike) -> tuple[str, str, str]:
    """[n, g]: the element number k from 0 of each row, whether there is one, and its place among the flat ones.

    `blank` is appended, so that there is always something to take.
    """
    k = e.row(np.array(positions, np.int64))
    column = e.constant([1], np.int64)
    count = e.node("Unsqueeze", lengths(e, flat.rows), column)
    is_there = e.full(e.node("Less", k, count), len(positions))
    place = e.node("Add", e.node("Unsqueeze", starts(e, flat.rows), column), k)
    place = where(e, is_there, place, size(e, flat.data))
    longer = e.node("Concat", flat.data, e.constant(np.atleast_1d(np.asarray(blank))), axis=0)
    return e.node("Gather", longer, place, axis=0, width=len(positions)), is_there, place


def concat_order(e: Emitter, rows: Sequence[str]) -> Flat:
    """The arrays of each row one after another: places in the concatenation of all the flat elements, and rows."""
    counts = [lengths(e, each) for each in rows]
    total = functools.reduce(lambda a, b: e.node("Add", a, b), counts)
    before = e.node("CumSum", total, e.constant(0, np.int64), exclusive=1)
    targets = []
    for each, count in zip(rows, counts, strict=True):
        shift = e.node("Sub", before, e.node("CumSum", count, e.constant(0, np.int64), exclusive=1))
        targets.append(e.node("Add", of_row(e, shift, each), _range(e, each)))
        before = e.node("Add", before, count)
    target, all_rows = e.node("Concat", *targets, axis=0), e.node("Concat", *rows, axis=0)
    order = e.node("ScatterElements", all_rows, target, _range(e, all_rows), axis=0)
    return Flat(order, of_row(e, all_rows, order))


def reverse_order(e: Emitter, rows: str) -> str:
    """[t] int64: the place of the element that comes in each place when every row is turned round."""
    first, count = starts(e, rows), lengths(e, rows)
    ends = e.node("Sub", e.node("Add", e.node("Add", first, first), count), e.constant([1], np.int64))
    return e.node("Sub", of_row(e, ends, rows), _range(e, rows))


def _range(e: Emitter, tensor: str) -> str:
    """[t] int64: 0, 1, …"""
    count = e.node("Squeeze", size(e, tensor))
    return e.node("Range", e.constant(0, np.int64), count, e.constant(1, np.int64))


def any_of(e: Emitter, condition: str, rows: str) -> str:
    """[n] bool: whether the condition [t] holds for an element of the row."""
    counted = sums(e, cast(e, condition, INT64), rows, np.int64)
    return e.node("Greater", counted, e.constant([0], np.int64))


def norm(e: Emitter, values: str, rows: str, degree: float) -> str:
    """[n] float64: each row's norm of values [t]."""
    magnitudes = e.node("Abs", values)
    if degree == math.inf:
        zeros = filled(e, 0, np.float64, e.num_rows())
        return e.node("ScatterElements", zeros, rows, magnitudes, axis=0, reduction="max")
    if degree == 1:
        return sums(e, magnitudes, rows, np.float64)
    if degree == 2:
        return e.node("Sqrt", sums(e, e.node("Mul", values, values), rows, np.float64))
    return _power(e, sums(e, _power(e, magnitudes, degree), rows, np.float64), 1 / degree)


def _power(e: Emitter, values: str, exponent: float) -> str:
    """[t]: each value to a power, computed four times over: a tensor's last elements are treated apart otherwise."""
    four = e.node("Expand", e.node("Unsqueeze", values, e.constant([1], np.int64)), e.constant([1, 4], np.int64))
    powers = e.node("Pow", four, e.constant(exponent, np.float64))
    return e.node("Gather", powers, e.constant(0, np.int64), axis=1)


def divided(e: Emitter, values: str, divisors: str) -> str:
    """[t]: values divided by divisors [t]; the values themselves where that is 0."""
    is_zero = e.node("Equal", divisors, e.constant([0.0]))
    return e.node("Div", values, where(e, is_zero, e.constant([1.0]), divisors))


def partners(e: Emitter, rows: str, other_rows: str, values: str) -> str:
    """[t]: of another array of the same row, the value [u] at each element's own offset; 0 where it has none."""
    offset = e.node("Sub", _range(e, rows), of_row(e, starts(e, rows), rows))
    has_one = e.node("Less", offset, of_row(e, lengths(e, other_rows), rows))
    place = e.node("Add", of_row(e, starts(e, other_rows), rows), offset)
    longer = e.node("Concat", values, e.constant([0.0]), axis=0)
    return e.node("Gather", longer, where(e, has_one, place, size(e, values)), axis=0)


def distance(e: Emitter, a: str, b: str, rows: str, kind: str) -> tuple[str, str | None]:
    """[n] float64 between the pairs a, b [t] of each row, and where that failed (None: nowhere)."""
    if kind != "COSINE":
        return norm(e, e.node("Sub", a, b), rows, 1 if kind == "MANHATTAN" else 2), None
    norms = e.node("Mul", norm(e, a, rows, 2), norm(e, b, rows, 2))
    similarity = divided(e, sums(e, e.node("Mul", a, b), rows, np.float64), norms)
    return e.node("Sub", e.constant([1.0]), similarity), e.node("Equal", norms, e.constant([0.0]))


def _places(e: Emitter, matrix: str) -> str:
    """[m]: 0, 1, … by the columns of a matrix [n, m]."""
    width = e.node("Squeeze", e.node("Shape", matrix, start=1, end=2))
    return e.node("Range", e.constant(0, np.int64), width, e.constant(1, np.int64))


def position(e: Emitter, data: str, vocabulary: Sequence[str | int]) -> str:
    """[t] int64: each element's place in the vocabulary, from 1; 0 where it is not there."""
    if not vocabulary:
        return filled(e, 0, np.int64, size(e, data))
    keys = "keys_strings" if isinstance(vocabulary[0], str) else "keys_int64s"
    places = list(range(1, len(vocabulary) + 1))
    table: dict[str, Any] = {keys: list(vocabulary), "values_int64s": places, "default_int64": 0}
    return e.node("LabelEncoder", data, domain="ai.onnx.ml", **table)


def distinct(e: Emitter, slots: Flat, cardinality: int) -> tuple[Flat, str]:
    """Each row's slots once, ascending, and how often each occurs ([u] int64)."""
    width = e.constant([cardinality], np.int64)
    keys = e.node("Add", e.node("Mul", slots.rows, width), slots.data)
    found, _, _, counts = e.nodes("Unique", keys, num_outputs=4, sorted=1)
    return Flat(e.node("Mod", found, width, fmod=0), e.node("Div", found, width)), counts


def term_frequency(e: Emitter, counts: str, sizes: str) -> str:
    """[u] float64: counts [u] divided by sizes [u], both int64; by 1 where the size is 0."""
    return divided(e, as_float64(e, counts), as_float64(e, sizes))


def as_float32(e: Emitter, tensor: str) -> str:
    """A tensor of numbers as float32."""
    return cast(e, tensor, FLOAT32)


def as_float64(e: Emitter, tensor: str) -> str:
    """A tensor of numbers as float64."""
    return cast(e, tensor, FLOAT64)
