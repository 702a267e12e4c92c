"""`LogAxis`: a range on which each step is as many times the one before."""

from __future__ import annotations

import dataclasses
import functools
import math

from hagane.page.frame import Axis
from hagane.page.number_text import tick_text

MANY_DECADES = 6
FEW_DECADES = 1.5


@dataclasses.dataclass(frozen=True)
class LogAxis(Axis):
    """An axis of positive numbers, 0 < low < high, spaced by their logarithms.

    >>> axis = LogAxis("rate", 0.001, 1.0)
    >>> round(axis.share(0.1), 6), [text for _, text in axis.marks]
    (0.666667, ['0.001', '0.01', '0.1', '1'])
    """

    def share(self, value: float) -> float:
        """How far along; nothing positive lies before the low end by more than all of the axis."""
        least = self.low * self.low / self.high
        return math.log(max(value, least) / self.low) / math.log(self.high / self.low)

    def ticks(self) -> list[float]:
        """Powers of ten; between few of them also 2 and 5 times those, over many only some.

        >>> LogAxis("n", 8, 100).ticks(), LogAxis("n", 1e-9, 1.0).ticks()
        ([10.0, 20.0, 50.0, 100.0], [1e-08, 1e-06, 0.0001, 0.01, 1.0])
        """
        low, high = math.log10(self.low), math.log10(self.high)
        powers = range(math.floor(low), math.ceil(high) + 1)
        every = math.ceil((high - low) / MANY_DECADES)
        times = (1, 2, 5) if high - low <= FEW_DECADES else (1,)
        found = [float(f"{each}e{power}") for power in powers if power % every == 0 for each in times]
        within = [tick for tick in found if -1e-9 <= self.share(tick) <= 1 + 1e-9]
        return within if len(within) > 1 else [self.low, self.high]

    @functools.cached_property
    def marks(self) -> list[tuple[float, str]]:
        """Ticks and their texts."""
        return [(tick, tick_text(tick)) for tick in self.ticks()]
