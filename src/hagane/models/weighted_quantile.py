"""`weighted_quantile`: a quantile of numbers that come in blocks, in bounded memory, exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Blocks = Callable[[], Iterable[tuple[Floats, Floats]]]
"""Each call: values [n] and weights [n], block after block."""
BITS = 16
ROUNDING = 1e-12
"""Share of the weights by which sums of them may fall short."""


def weighted_quantile(blocks: Blocks, share: float) -> float:
    """The lowest value up to which `share` of the weights lie; finite values, some of them of weight above 0.

    It is a value at which the pinball loss of `share` is least. Four passes: each finds 16 more bits of it, in the
    order in which the bits of a float64 rise with its value.

    >>> values = np.array([3.0, -1.0, 2.0, 10.0])
    >>> [weighted_quantile(lambda: [(values, np.ones(4))], share) for share in (0.25, 0.5, 0.9, 1.0)]
    [-1.0, 2.0, 10.0, 10.0]
    """
    wanted = share * sum(float(weights.sum()) for _, weights in blocks()) * (1 - ROUNDING)
    prefix = 0
    for shift in range(64 - BITS, -1, -BITS):
        weight_at = np.zeros(1 << BITS)
        for values, weights in blocks():
            keys = _rising(values) >> np.uint64(shift)
            inside = (keys >> np.uint64(BITS)) == prefix
            places = (keys[inside] & np.uint64((1 << BITS) - 1)).astype(np.int64)
            weight_at += np.bincount(places, weights[inside], 1 << BITS)
        below = np.cumsum(weight_at)
        place = min(int(np.searchsorted(below, wanted)), int(np.flatnonzero(weight_at)[-1]))
        wanted -= float(below[place] - weight_at[place])
        prefix = (prefix << BITS) | place
    return _value(prefix)


def _rising(values: Floats) -> npt.NDArray[np.uint64]:
    """[n] whole numbers in the order of the values."""
    bits = np.ascontiguousarray(values + 0.0).view(np.uint64)  # -0.0 becomes 0.0
    sign = np.uint64(1 << 63)
    return np.where(bits & sign != 0, ~bits, bits | sign)


def _value(key: int) -> float:
    sign = 1 << 63
    bits = key ^ sign if key & sign else ~key & ((1 << 64) - 1)
    return float(np.array([bits], np.uint64).view(np.float64)[0])
