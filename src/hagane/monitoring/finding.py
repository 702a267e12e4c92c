"""`Finding`: one thing that was looked at in one window, and whether it is as it should be."""

from __future__ import annotations

import msgspec

from hagane.monitoring.watched import Subject, Watched

MARGIN = 0.8
"""What lies below this part of its threshold is back: not only a hair below."""


class Finding(Watched, frozen=True, kw_only=True, omit_defaults=True):
    """One figure of one window beside its threshold.

    >>> found = Finding.of_distance("input", "fare", measure="L_INFTY", value=0.27, threshold=0.3, num_rows=500)
    >>> found.is_anomaly, found.is_back, found.place
    (False, False, 'input/fare/L_INFTY')
    """

    value: float
    threshold: float
    is_anomaly: bool
    """Whether the value is on the wrong side of the threshold."""
    is_back: bool
    """Whether it is so far on the right side that what was wrong is over."""
    num_rows: int
    """Logged rows that were looked at."""
    is_judged: bool = True
    """False: too few rows; the figure is shown, and says nothing."""
    low: float | None = None
    """Of an estimate: where its 95 % interval begins."""
    high: float | None = None
    sketch_error: float | None = None
    """Of a distance out of sketches: how far it may be off at most (`hagane.monitoring.sketch_error`)."""
    change: str = ""
    """What has changed most, in words: `mean 12.1 → 15.4`, `'card' 40 % → 62 %`."""

    @staticmethod
    def of_distance(
        of: Subject,
        name: str,
        *,
        measure: str,
        value: float,
        threshold: float,
        num_rows: int,
        is_judged: bool = True,
        change: str = "",
    ) -> Finding:
        """Of a distance, which is wrong above its threshold."""
        return Finding(of=of, name=name, measure=measure, value=value, threshold=threshold, num_rows=num_rows,
                       is_anomaly=value > threshold, is_back=value < MARGIN * threshold, is_judged=is_judged,
                       change=change)  # fmt: skip

    def at_threshold(self, threshold: float) -> Finding:
        """The same distance beside another threshold."""
        return msgspec.structs.replace(self, threshold=threshold, is_anomaly=self.value > threshold,
                                       is_back=self.value < MARGIN * threshold)  # fmt: skip

    @property
    def excess(self) -> float:
        """How far it lies from its threshold, for an order: 1 at it, more where it is wrong."""
        if self.value == self.threshold:
            return 1.0
        ratio = self.value / self.threshold if self.threshold else float("inf")
        return ratio if (self.value > self.threshold) == self.is_anomaly else 1.0 / ratio if ratio else float("inf")
