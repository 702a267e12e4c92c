"""Ragged arrays: flat elements [t] and the row of each [t], ascending.

Legend: n rows of the batch, t elements of all rows, m the most elements of a row, V values of a vocabulary.

Nothing here depends on how many rows there are: sums run in the order of the elements (ScatterElements adds one after
another), and what is padded to [n, m] on the way (ONNX Runtime's splitters answer so) is made flat at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from hagane.features.emit import Emitter, element_type
from hagane.features.emit_logic import FLOAT64, both, cast, negate, where

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
    rows = e.node("Gather", e.node("NonZero", mask), e.constant(0, np.int64), axis=0)
    return Flat(e.node("Compress", vector(e, matrix), vector(e, mask), axis=0), rows)


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
    size = as_float64(e, sizes)
    is_nothing = e.node("Equal", size, e.constant([0.0]))
    return e.node("Div", as_float64(e, counts), where(e, is_nothing, e.constant([1.0]), size))


def as_float32(e: Emitter, tensor: str) -> str:
    """A tensor of numbers as float32."""
    return cast(e, tensor, FLOAT32)


def as_float64(e: Emitter, tensor: str) -> str:
    """A tensor of numbers as float64."""
    return cast(e, tensor, FLOAT64)
