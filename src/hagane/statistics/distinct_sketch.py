"""`DistinctSketch`: how many distinct values a column has, mergeable with that of other rows."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from datasketches import hll_sketch

LOG_REGISTERS = 12


class DistinctSketch(msgspec.Struct, frozen=True):
    """A HyperLogLog sketch of 4,096 registers (Flajolet, Fusy, Gandouet and Meunier, 2007), of Apache DataSketches.

    The registers come from DuckDB's hash, so sketches made by other means than this one must not be merged with it.

    >>> ages = DistinctSketch.of(np.array([17, 2**60, 17], np.uint64))
    >>> round(ages.estimate()), round(ages.merge(DistinctSketch.of(np.array([17, 5**20], np.uint64))).estimate())
    (2, 3)
    """

    hll: bytes
    """Serialised as every library of Apache DataSketches reads it (`hll_sketch`, type HLL_4)."""

    def __repr__(self) -> str:
        return f"<DistinctSketch: about {self.estimate():,.0f} values>"

    @staticmethod
    def of(hashes: npt.NDArray[np.uint64]) -> DistinctSketch:
        """From the hash of each value, or of the least of each register.

        The low bits of a hash choose its register, where the first 1 stands among the others is the rank.
        """
        from datasketches import hll_sketch, hll_union, tgt_hll_type

        ranks = np.zeros(1 << LOG_REGISTERS, np.uint8)
        places = (hashes & np.uint64(len(ranks) - 1)).astype(np.intp)
        _, bit_lengths = np.frexp((hashes >> np.uint64(LOG_REGISTERS)).astype(np.float64))
        np.maximum.at(ranks, places, (64 - LOG_REGISTERS + 1 - bit_lengths).astype(np.uint8))
        union = hll_union(LOG_REGISTERS)
        union.update(hll_sketch.deserialize(_serialized(ranks)))
        return DistinctSketch(union.get_result(tgt_hll_type.HLL_4).serialize_compact())

    def estimate(self) -> float:
        """How many distinct values there are, about."""
        return float(_read(self.hll).get_estimate())

    def bounds(self) -> tuple[float, float]:
        """The number lies between these with 99.7 % confidence (three standard deviations)."""
        sketch = _read(self.hll)
        return float(sketch.get_lower_bound(3)), float(sketch.get_upper_bound(3))

    def merge(self, other: DistinctSketch) -> DistinctSketch:
        """Of both sets of values together: exactly the sketch of the union."""
        from datasketches import hll_union, tgt_hll_type

        union = hll_union(LOG_REGISTERS)
        for sketch in (self, other):
            union.update(_read(sketch.hll))
        return DistinctSketch(union.get_result(tgt_hll_type.HLL_4).serialize_compact())


def _read(hll: bytes) -> hll_sketch:
    from datasketches import hll_sketch

    return hll_sketch.deserialize(hll)


def _serialized(registers: npt.NDArray[np.uint8]) -> bytes:
    """HLL_8 in the serial form of Apache DataSketches (HllArray, serial version 1), out of order: the estimate comes
    from the registers alone."""
    powers = np.exp2(-registers.astype(np.float64))
    low = registers < 32
    mode_hll, type_hll8, out_of_order = 2, 2, 16
    head = struct.pack("<8B", 10, 1, 7, LOG_REGISTERS, 0, out_of_order, 0, mode_hll | type_hll8 << 2)
    sums = struct.pack("<3d", 0.0, powers[low].sum(), powers[~low].sum())
    return head + sums + struct.pack("<2I", int((registers == 0).sum()), 0) + registers.tobytes()
