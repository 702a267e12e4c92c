"""`QuantileSketch`: the distribution of a column's numbers in a few kilobytes, mergeable with that of other rows."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from datasketches import kll_doubles_sketch

LARGEST_K, SMALLEST_K = 512, 128
"""Values kept at the top level of a sketch; a ratio of ranks is off by about 2.3 / k."""
_MIN_LEVEL_SIZE = 8
_CONFIDENCE = math.sqrt(math.log(2 / 0.01) / 2)


class QuantileSketch(msgspec.Struct, frozen=True):
    """A KLL sketch (Karnin, Lang and Liberty, Optimal Quantile Approximation in Streams, 2016) of Apache DataSketches.

    Made from sorted values it rounds nothing by chance: the same values give the same bytes. A merge goes through the
    library, whose coins cannot be seeded: two merges of the same sketches may differ within `rank_error`.

    >>> halves = [QuantileSketch.of(np.arange(start, start + 500.0), 500) for start in (0, 500)]
    >>> abs(halves[0].merge(halves[1]).quantiles([0.5])[0] - 500) < 10
    True
    """

    kll: bytes
    """Serialised as every library of Apache DataSketches reads it (`kll_doubles_sketch`)."""
    rank_error: float
    """With 99 % confidence the rank of every quantile is off by no more than this share of the values."""
    sampling_error: float = 0.0
    """The part of it that comes from having looked at a sample of the rows."""

    def __repr__(self) -> str:
        return f"<QuantileSketch: {self.count:,} values, ranks within {100 * self.rank_error:.2f} %>"

    @staticmethod
    def of(
        ordered: npt.NDArray[np.float64], count: int, *, k: int = LARGEST_K, is_sample: bool = True
    ) -> QuantileSketch | None:
        """From ascending finite values, all `count` of them or a uniform sample; None where there are none.

        Fewer than `count` with `is_sample=False` are the exact values at even ranks. The error of a sample is
        Dvoretzky, Kiefer, Wolfowitz and Massart's, of all quantiles at once.
        """
        if not len(ordered) or not count:
            return None
        kll = _serialized(ordered, count, k)
        sampling = _CONFIDENCE / math.sqrt(len(ordered)) if is_sample and len(ordered) < count else 0.0
        return QuantileSketch(kll, _read(kll).normalized_rank_error(False) + sampling, sampling)

    @property
    def count(self) -> int:
        """The number of values."""
        return int(_read(self.kll).n)

    @property
    def k(self) -> int:
        """How many values it keeps at its top level."""
        return int(_read(self.kll).k)

    def quantiles(self, fractions: Sequence[float]) -> tuple[float, ...]:
        """The values at these fractions of the ranks."""
        found = _read(self.kll).get_quantiles(list(fractions), True)
        return tuple(float(value) for value in found)

    def ranks(self, values: Sequence[float]) -> tuple[float, ...]:
        """The share of the values that are at most each of `values`."""
        sketch = _read(self.kll)
        return tuple(float(sketch.get_rank(value, True)) for value in values)

    def merge(self, other: QuantileSketch) -> QuantileSketch:
        """Of both sets of values together."""
        merged, theirs = _read(self.kll), _read(other.kll)
        counts = merged.n, theirs.n
        merged.merge(theirs)
        sampling = (self.sampling_error * counts[0] + other.sampling_error * counts[1]) / sum(counts)
        return QuantileSketch(merged.serialize(), merged.normalized_rank_error(False) + sampling, sampling)


def _read(kll: bytes) -> kll_doubles_sketch:
    from datasketches import kll_doubles_sketch

    return kll_doubles_sketch.deserialize(kll)


def _serialized(ordered: npt.NDArray[np.float64], count: int, k: int) -> bytes:
    """The sketch in the serial form of Apache DataSketches (kll_sketch.hpp, serial version 1).

    An item at level j stands for 2^j values. Level j is as high as leaves at most k items, each the middle one of 2^j
    neighbours in order; the few values left over (fewer than 2^j) have an item a binary digit.
    """
    level = max(0, math.ceil(math.log2(count / k)))
    groups = [(height, _middles(ordered, count, start, number, height)) for height, start, number in _cut(count, level)]
    levels, items = [], [np.empty(0)]
    free = _capacity(k, level + 1) - sum(len(values) for _, values in groups)
    by_height = dict(groups)
    for height in range(level + 1):
        levels.append(free)
        values = by_height.get(height, np.empty(0))
        items.append(values)
        free += len(values)
    if count == 1:
        return struct.pack("<BBBBHBBd", 2, 2, 15, 4, k, _MIN_LEVEL_SIZE, 0, ordered[0])
    sorted_flag = 2
    head = struct.pack("<BBBBHBBQHBB", 5, 1, 15, sorted_flag, k, _MIN_LEVEL_SIZE, 0, count, k, level + 1, 0)
    extremes = struct.pack("<dd", ordered[0], ordered[-1])
    return head + struct.pack(f"<{level + 1}I", *levels) + extremes + np.concatenate(items).astype("<f8").tobytes()


def _cut(count: int, level: int) -> Iterator[tuple[int, int, int]]:
    """(height, first value, items) of each group of neighbours that have one height, the highest first."""
    start = 0
    for height in range(level, -1, -1):
        number = (count - start) >> height
        if number:
            yield height, start, number
        start += number << height


def _middles(
    ordered: npt.NDArray[np.float64], count: int, start: int, number: int, height: int
) -> npt.NDArray[np.float64]:
    """The middle one of each 2^height neighbours, of `count` values of which `ordered` holds all or every so many."""
    middle = start + (np.arange(number, dtype=np.int64) << height) + ((1 << height) >> 1)
    places = ((middle + 0.5) * (len(ordered) / count)).astype(np.int64).clip(0, len(ordered) - 1)
    return np.asarray(ordered[places], np.float64)


def _capacity(k: int, num_levels: int) -> int:
    """Items that a sketch of so many levels has room for: k at the top, two thirds of that below, and so on."""
    return sum(max(_MIN_LEVEL_SIZE, _shrunk(k, depth)) for depth in range(num_levels))


def _shrunk(k: int, depth: int) -> int:
    """k · (2/3)^depth, rounded as the library does."""
    if depth > 30:
        return _shrunk(_shrunk(k, depth // 2), depth - depth // 2)
    return int((((2 * k) << depth) // 3**depth + 1) >> 1)
