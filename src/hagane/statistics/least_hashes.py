"""`LeastHashes`: the registers of a `DistinctSketch`, filled batch by batch."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt

from hagane.statistics.distinct_sketch import LOG_REGISTERS, DistinctSketch

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64] | npt.NDArray[np.float64]
_MULTIPLIER = np.uint64(0xD6E8FEB86659FD93)
_HALF, _LOW_BITS = np.uint64(32), np.uint64((1 << LOG_REGISTERS) - 1)
_NONE = np.iinfo(np.uint64).max
_FEW_PASS = 2**62
"""Where the largest register is below this a glance at it settles most hashes."""
_VALUES_A_STEP = 16_384
"""So few that what is made of them on the way stays in the processor's cache."""


class _Rooms(threading.local):
    """Of each thread, used again and again: fresh memory costs more than the hashes."""

    def __init__(self) -> None:
        self.mixed: Hashes = np.empty(_VALUES_A_STEP, np.uint64)
        self.shifted: Hashes = np.empty(_VALUES_A_STEP, np.uint64)


_ROOMS = _Rooms()


class LeastHashes:
    """The least hash that fell to each register, the values of all batches taken together.

    >>> least = LeastHashes()
    >>> for ages in ([17, 18], [18, 19]):
    ...     least.add_numbers(np.array(ages))
    >>> round(least.sketch().estimate())
    3
    """

    def __init__(self) -> None:
        self._least: Hashes = np.full(1 << LOG_REGISTERS, _NONE, np.uint64)
        self._most = int(_NONE)

    def add_numbers(self, values: Numbers) -> None:
        """A batch's values [n], hashed as by `hash_numbers`: a step at a time."""
        for start in range(0, len(values), _VALUES_A_STEP):
            step = values[start : start + _VALUES_A_STEP]
            mixed, shifted = _ROOMS.mixed[: len(step)], _ROOMS.shifted[: len(step)]
            _hash_into(step, mixed, shifted)
            self.add(mixed)

    def add(self, hashes: Hashes) -> None:
        """The hashes [n] of a batch's values. Once every register is filled most are done with at a glance."""
        if self._most < _FEW_PASS:
            hashes = hashes.take(np.flatnonzero(hashes < np.uint64(self._most)))
        places = (hashes & _LOW_BITS).view(np.int64)
        less = np.flatnonzero(hashes < self._least.take(places))
        if len(less):
            np.minimum.at(self._least, places.take(less), hashes.take(less))
            self._most = int(self._least.max())

    def sketch(self) -> DistinctSketch:
        """Of all that was added."""
        return DistinctSketch.of(self._least[self._least != _NONE])


def hash_numbers(values: Numbers) -> Hashes:
    """DuckDB's hash of BIGINT or DOUBLE values [n], so that sketches merge with those that `count_distinct` makes.

    Shifts and multiplications of 64 bits; -0.0 is 0.0. NaN is to be left out: it is no value.

    >>> int(hash_numbers(np.array([1]))[0])
    4717996019076358352
    """
    mixed, shifted = np.empty(len(values), np.uint64), np.empty(len(values), np.uint64)
    _hash_into(values, mixed, shifted)
    return mixed


def _hash_into(values: Numbers, mixed: Hashes, shifted: Hashes) -> None:
    """The hashes into `mixed` [n]; `shifted` [n] is room for what is made on the way."""
    if values.dtype == np.float64:
        np.add(values, 0.0, out=mixed.view(np.float64))
    else:
        mixed[:] = values.view(np.uint64)
    for turn in range(3):
        if turn:
            np.multiply(mixed, _MULTIPLIER, out=mixed)
        np.right_shift(mixed, _HALF, out=shifted)
        np.bitwise_xor(mixed, shifted, out=mixed)
