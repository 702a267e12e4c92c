"""`LeastHashes`: the registers of a `DistinctSketch`, filled batch by batch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.statistics.distinct_sketch import LOG_REGISTERS, DistinctSketch

Hashes = npt.NDArray[np.uint64]
_MULTIPLIER = np.uint64(0xD6E8FEB86659FD93)
_HALF, _LOW_BITS = np.uint64(32), np.uint64((1 << LOG_REGISTERS) - 1)
_NONE = np.iinfo(np.uint64).max


class LeastHashes:
    """The least hash that fell to each register, the values of all batches taken together.

    >>> least = LeastHashes()
    >>> for ages in ([17, 18], [18, 19]):
    ...     least.add(hash_numbers(np.array(ages)))
    >>> round(least.sketch().estimate())
    3
    """

    def __init__(self) -> None:
        self._least: Hashes = np.full(1 << LOG_REGISTERS, _NONE, np.uint64)
        self._most = _NONE

    def add(self, hashes: Hashes) -> None:
        """The hashes [n] of a batch's values. Once every register is filled nearly all are done with at a glance."""
        hashes = hashes[hashes < self._most] if self._most != _NONE else hashes
        places = (hashes & _LOW_BITS).view(np.int64)
        is_less = hashes < self._least[places]
        if is_less.any():
            np.minimum.at(self._least, places[is_less], hashes[is_less])
            self._most = self._least.max()

    def sketch(self) -> DistinctSketch:
        """Of all that was added."""
        return DistinctSketch.of(self._least[self._least != _NONE])


def hash_numbers(values: npt.NDArray[np.int64] | npt.NDArray[np.float64]) -> Hashes:
    """DuckDB's hash of BIGINT or DOUBLE values [n], so that sketches merge with those that `count_distinct` makes.

    Shifts and multiplications of 64 bits; -0.0 is 0.0. NaN is to be left out: it is no value.

    >>> int(hash_numbers(np.array([1]))[0])
    4717996019076358352
    """
    bits: Hashes = (values + 0.0 if values.dtype == np.float64 else values).view(np.uint64)
    shifted = bits >> _HALF
    mixed = bits ^ shifted
    for _ in range(2):
        np.multiply(mixed, _MULTIPLIER, out=mixed)
        np.right_shift(mixed, _HALF, out=shifted)
        np.bitwise_xor(mixed, shifted, out=mixed)
    return mixed
