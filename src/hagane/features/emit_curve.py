"""Curves made of straight lines: a look-up of the piece, a product and a sum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hagane.features.emit import Emitter
from hagane.features.emit_integer import minus, whole
from hagane.features.emit_table import count_points, read

Points = tuple[Sequence[float], Sequence[float], Sequence[float]]
"""x (rising strictly), y, and the slope from each point to the next (0 from the last)."""


def emit_curves(e: Emitter, x: str, lanes: Sequence[Points]) -> str:
    """y of each lane's curve at x ([n, g] float64), as float64 [n, g].

    Level before the first point and behind the last; never above the y of the piece's right end, so that rounding
    makes no falling step.
    """
    ends = [e.row([lane[0][place] for lane in lanes], np.float64) for place in (0, -1)]
    inside = e.full(e.node("Min", e.node("Max", x, ends[0]), ends[1]), len(lanes))
    left = minus(e, count_points(e, inside, [lane[0] for lane in lanes]), whole(e, 1))
    start, value, slope = (read(e, left, [np.array(lane[part]) for lane in lanes], None) for part in range(3))
    right = read(e, left, [np.append(lane[1][1:], lane[1][-1]) for lane in lanes], None)
    reached = e.node("Add", e.node("Mul", e.node("Sub", inside, start), slope), value)
    return e.node("Min", reached, right)
