"""Texts taken apart and put together again.

Legend: texts are [n, g], pieces [n, g, k], filled up with ''. k is what the text of most pieces needs, so pieces are
bounded: `MOST_PIECES` a text, lest one long row make a matrix that fills the memory.
"""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper

from hagane.features import emit_text
from hagane.features.emit import Emitter
from hagane.features.emit_integer import minus, whole
from hagane.features.emit_logic import both, where


def split(e: Emitter, text: str, delimiter: str, most: int) -> tuple[str, str]:
    """The pieces between the first `most` delimiters, a column of '' behind them, and their number (from 1)."""
    pieces, count = e.nodes("StringSplit", text, num_outputs=2, delimiter=delimiter, maxsplit=most,
                            width=e.extent(text).width)  # fmt: skip
    is_empty = e.node("Equal", count, whole(e, 0))  # StringSplit finds no piece in ''
    return emit_text.blank_behind(e, text, pieces), where(e, is_empty, whole(e, 1), count)


def piece(e: Emitter, text: str, delimiter: str, number: int) -> tuple[str, str]:
    """Piece `number`, from 0, and whether there is none."""
    pieces, count = split(e, text, delimiter, number + 1)
    last = minus(e, e.node("Shape", pieces, start=2, end=3), e.constant([1], np.int64))
    is_beyond = e.node("Less", last, e.constant([number], np.int64))
    place = where(e, is_beyond, last, e.constant([number], np.int64))
    found = e.node("Squeeze", e.node("Gather", pieces, place, axis=2), e.constant([2], np.int64))
    return _as(e, found, text), e.node("LessOrEqual", count, whole(e, number))


def replace(e: Emitter, text: str, old: str, new: str, most: int) -> tuple[str, str]:
    """The text with every `old` replaced, and whether there are `most` or more of them."""
    pieces, count = split(e, text, old, most)
    size = e.node("Squeeze", e.node("Shape", pieces, start=2, end=3), e.constant([0], np.int64))
    zero, one = e.constant(0, np.int64), e.constant(1, np.int64)
    number = e.node("Range", zero, size, one)
    is_inner = both(
        e,
        e.node("Greater", number, zero),
        e.node("Less", number, e.node("Unsqueeze", count, e.constant([2], np.int64))),
    )
    before = where(e, is_inner, e.constant(new, object), e.constant("", object))
    joined = join(e, e.node("StringConcat", before, pieces))
    return _as(e, joined, text), e.node("Greater", count, whole(e, most))


def reverse(e: Emitter, text: str, most: int) -> tuple[str, str]:
    """The code points in reverse order, and whether there are more than `most`."""
    is_long = e.node("Not", emit_text.matches(e, text, rf"(?s:.){{0,{most}}}"))
    short = where(e, is_long, e.constant([[""]], object), text)
    pieces = emit_text.characters(e, short)
    ends = (e.constant([value], np.int64) for value in (-1, -(2**62), 2, -1))
    return _as(e, join(e, e.node("Slice", pieces, *ends)), text), is_long


def join(e: Emitter, pieces: str) -> str:
    """The pieces (one at least) of each text, joined: neighbours in pairs, until one is left."""
    size = e.node("Shape", pieces, start=2, end=3)
    goes_on = e.node("Squeeze", e.node("Greater", size, e.constant([1], np.int64)), e.constant([0], np.int64))
    joined = e.node("Loop", "", goes_on, pieces, body=_pairs())
    return e.node("Squeeze", joined, e.constant([2], np.int64))


def repeat(e: Emitter, text: str, times: int) -> str:
    """The text so many times, by doubling."""
    if times <= 1:
        return text if times else e.constant([[""]], object)
    half = repeat(e, text, times // 2)
    twice = e.node("StringConcat", half, half)
    return e.node("StringConcat", twice, text) if times % 2 else twice


def _as(e: Emitter, tensor: str, text: str) -> str:
    """A tensor that has the columns of `text`."""
    return e.node("Reshape", tensor, e.node("Shape", text), width=e.extent(text).width)


def _pairs() -> object:
    """The body of the loop: pieces [n, g, k] → [n, g, ⌈k / 2⌉], and whether more than one is left."""
    inner = Emitter("join.")
    pieces = inner.input("pieces", str, ("n", "g", "k"))
    size = inner.node("Shape", pieces, start=2, end=3)
    two, one, axis = (inner.constant([value], np.int64) for value in (2, 1, 2))
    half = inner.node("Div", inner.node("Add", size, one), two)
    end = inner.node("Mul", half, two)
    shape = inner.node("Concat", inner.node("Shape", pieces, start=0, end=2), one, axis=0)
    padded = inner.node("Concat", pieces, inner.node("Expand", inner.constant([[[""]]], object), shape), axis=2)
    even = inner.node("Slice", padded, inner.constant([0], np.int64), end, axis, two)
    odd = inner.node("Slice", padded, one, end, axis, two)
    inner.output(
        "goes_on", inner.node("Squeeze", inner.node("Greater", half, one), inner.constant([0], np.int64)), bool, ()
    )
    inner.output("joined", inner.node("StringConcat", even, odd), str, ("n", "g", "h"))
    graph = inner.model().graph
    graph.input.insert(0, helper.make_tensor_value_info("goes_on_before", TensorProto.BOOL, ()))
    graph.input.insert(0, helper.make_tensor_value_info("round", TensorProto.INT64, ()))
    return graph
