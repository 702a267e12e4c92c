"""`Magnitudes`: how large some numbers are, in little room: count, mean and largest exactly, quantiles within 1 %.

Numbers fall into buckets whose bounds grow by a constant factor (DDSketch: Masson, Rim and Lee, "DDSketch: A Fast and
Fully-Mergeable Quantile Sketch with Relative-Error Guarantees", VLDB 2019), so that those of two servers can be merged.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

RELATIVE_ERROR = 0.01
SMALLEST = 1e-12
"""What is smaller counts as zero."""
_FACTOR = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)


class Magnitudes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of numbers from 0 on.

    >>> some = Magnitudes.of(np.arange(1, 1001) / 1000)
    >>> some.count, some.mean, some.largest, round(some.quantile(0.5), 2), round(some.quantile(0.99), 2)
    (1000, 0.5005, 1.0, 0.5, 0.99)
    """

    count: int = 0
    total: float = 0.0
    largest: float = 0.0
    zeros: int = 0
    buckets: dict[int, int] = {}

    @classmethod
    def of(cls, numbers: npt.NDArray[np.floating]) -> Magnitudes:
        """Of the finite ones among `numbers`, [n]."""
        finite = numbers[np.isfinite(numbers)].astype(np.float64)
        if not finite.size:
            return cls()
        above = finite[finite >= SMALLEST]
        places, counts = np.unique(np.ceil(np.log(above) / math.log(_FACTOR)).astype(np.int64), return_counts=True)
        return cls(
            count=finite.size,
            total=float(finite.sum()),
            largest=float(finite.max()),
            zeros=finite.size - above.size,
            buckets=dict(zip(places.tolist(), counts.tolist(), strict=True)),
        )

    @property
    def mean(self) -> float:
        """NaN of none."""
        return self.total / self.count if self.count else math.nan

    def quantile(self, share: float) -> float:
        """The number below which `share` of them are, within 1 % of itself; NaN of none."""
        if not self.count:
            return math.nan
        left = share * (self.count - 1) - self.zeros
        if left < 0:
            return 0.0
        for place in sorted(self.buckets):
            left -= self.buckets[place]
            if left < 0:
                return float(min(2 * _FACTOR**place / (_FACTOR + 1), self.largest))
        return self.largest

    def merged(self, other: Magnitudes) -> Magnitudes:
        """Of both."""
        buckets = self.buckets | {place: self.buckets.get(place, 0) + count for place, count in other.buckets.items()}
        return Magnitudes(
            count=self.count + other.count,
            total=self.total + other.total,
            largest=max(self.largest, other.largest),
            zeros=self.zeros + other.zeros,
            buckets=buckets,
        )
