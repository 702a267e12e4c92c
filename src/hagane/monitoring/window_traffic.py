"""`WindowTraffic`: how much came to a deployed model in a window, read without the rest of its summary."""

from __future__ import annotations

import msgspec

from hagane.monitoring.window_arrivals import WindowArrivals
from hagane.monitoring.window_summary import WindowSummary, decode_summary
from hagane.monitoring.windows import Window
from hagane.statistics.statistics import Statistics


class WindowTraffic(msgspec.Struct, frozen=True, kw_only=True):
    """Some fields of a `WindowSummary`.

    >>> came = WindowTraffic(window=Window(0, 9), deployed_model_id="a", model="late", version="1", num_rows=2,
    ...                      traffic=20.0)
    >>> came.num_came, came.silent(Window(9, 18)).is_silent
    (20.0, True)
    """

    window: Window
    deployed_model_id: str
    model: str
    version: str
    num_rows: int
    traffic: float
    arrivals: WindowArrivals | None = None

    @property
    def num_came(self) -> float:
        """Rows of the traffic, refused ones too where the server counted them."""
        return self.traffic if self.arrivals is None else float(max(self.arrivals.num_rows, self.num_rows))

    def silent(self, window: Window) -> WindowSummary:
        """Of another window, in which nothing came."""
        nothing = Statistics(num_rows=0, columns=())
        return WindowSummary(window=window, deployed_model_id=self.deployed_model_id, model=self.model,
                             version=self.version, num_rows=0, traffic=0.0, num_errors=0, inputs=nothing,
                             predictions=nothing)  # fmt: skip

    @staticmethod
    def from_bytes(content: bytes) -> WindowTraffic:
        """Of what `WindowSummary.to_bytes` made. Raises DataError."""
        return decode_summary(content, WindowTraffic)
