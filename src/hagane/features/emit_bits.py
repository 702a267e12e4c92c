"""The bits of INT64: shifts through uint64 (BitShift takes no signed numbers), and counting."""

from __future__ import annotations

import numpy as np

from hagane.features.emit import Emitter, element_type
from hagane.features.emit_integer import INT64_MAX, modulo, whole
from hagane.features.emit_logic import INT64, both, cast, where

_UINT64 = element_type(np.uint64)
_WIDTH = 64
_STEPS = ((1, 0x5555555555555555), (2, 0x3333333333333333), (4, 0x0F0F0F0F0F0F0F0F))


def shift(e: Emitter, a: str, by: str, direction: str) -> tuple[str, str]:
    """a shifted LEFT or RIGHT, zeros coming in; 0 from 64 on; fails for by < 0."""
    zero = whole(e, 0)
    is_negative = e.node("Less", by, zero)
    is_within = both(e, e.node("Not", is_negative), e.node("Less", by, whole(e, _WIDTH)))
    places = cast(e, where(e, is_within, by, zero), _UINT64)
    shifted = e.node("BitShift", cast(e, a, _UINT64), places, direction=direction)
    return where(e, is_within, cast(e, shifted, INT64), zero), is_negative


def count(e: Emitter, a: str) -> str:
    """Bits that are set, by sums in parallel (Warren, Hacker's Delight, section 5-1); the sign bit by itself."""
    sums = e.node("BitwiseAnd", a, whole(e, INT64_MAX))
    for places, mask in _STEPS:
        low = e.node("BitwiseAnd", sums, whole(e, mask))
        high = e.node("BitwiseAnd", e.node("Div", sums, whole(e, 2**places)), whole(e, mask))
        sums = e.node("Add", low, high)
    sign = cast(e, e.node("Less", a, whole(e, 0)), INT64)
    return e.node("Add", modulo(e, sums, 255), sign)
