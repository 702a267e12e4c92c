"""`Family`: one metric, with its name, kind and unit by Prometheus' conventions."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]


class Family(NamedTuple):
    """A metric; its series differ by their labels alone."""

    name: str
    """In base units, without `_total`: `hagane_request_duration_seconds`."""
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()
    """A histogram's buckets: their upper bounds, ascending, without infinity."""
    merge: Literal["sum", "max"] = "sum"
    """What the processes' values of one series make together. Gauges of a process that has ended count no more."""

    @property
    def unit(self) -> str:
        """The unit that the name ends with, as OpenMetrics wants it told.

        >>> Family("a_duration_seconds", "histogram", "").unit, Family("a_requests", "counter", "").unit
        ('seconds', '')
        """
        last = self.name.rpartition("_")[2]
        return last if last in ("seconds", "bytes") else ""

    @property
    def num_cells(self) -> int:
        """How many numbers a series is: a histogram's are its buckets, infinity's too, and the sum."""
        return len(self.bounds) + 2 if self.kind == "histogram" else 1
