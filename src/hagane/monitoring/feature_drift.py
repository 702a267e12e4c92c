"""`FeatureDrift`: how far one feature has moved, and whether that is too far."""

from __future__ import annotations

import msgspec


class FeatureDrift(msgspec.Struct, frozen=True, kw_only=True):
    """One feature's distance from the baseline."""

    input: str
    """The column."""
    metric: str
    """A name of `hagane.monitoring.measures.MEASURES`."""
    threshold: float
    value: float

    @property
    def is_anomaly(self) -> bool:
        """Whether the value is above the threshold.

        >>> FeatureDrift(input="age", metric="JENSEN_SHANNON_DIVERGENCE", threshold=0.3, value=0.3).is_anomaly
        False
        """
        return self.value > self.threshold
