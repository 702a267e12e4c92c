"""`MonitorView`: all that is drawn of an endpoint's windows, as plain data of a bounded size."""

from __future__ import annotations

import msgspec

from hagane.monitoring.view.series import Series
from hagane.monitoring.view.shown_alert import ShownAlert
from hagane.monitoring.view.shown_window import ShownWindow
from hagane.monitoring.view.then_and_now import ThenAndNow
from hagane.monitoring.watched import Subject


class MonitorView(msgspec.Struct, frozen=True, kw_only=True):
    """For the terminal, the page, and what else shows it; round-trips through JSON.

    >>> view = MonitorView(endpoint="late", against="the rows of training", every="day", time_zone="UTC", min_rows=100)
    >>> MonitorView.from_json(view.to_json()) == view
    True
    """

    endpoint: str
    against: str
    """What the windows are held against, in words: `the rows of training`, `2025-01`."""
    every: str
    """The windows: `day`, `5000 rows`, … (`Windows.every`)."""
    time_zone: str
    min_rows: int
    """Windows of fewer logged rows are judged by nothing."""
    verdict: str = ""
    """In one sentence."""
    windows: tuple[ShownWindow, ...] = ()
    """The earliest first; of a deployed model each."""
    latest: int | None = None
    """The window that `columns` shows: the last that is judged, else the last; of several the one with most traffic."""
    series: tuple[Series, ...] = ()
    """What is watched: what is wrong now first, then by how far it is off."""
    columns: tuple[ThenAndNow, ...] = ()
    """Of raw columns, answers and what else is watched column by column, in the order of their series."""
    then: dict[Subject, str] = {}
    """Subject → what `then` is of its columns, in words: answers may be held against other rows than inputs are."""
    alerts: tuple[ShownAlert, ...] = ()
    """Those that are open, by how far they are off, then those that are over, the latest first."""
    notes: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    """What estimates take for granted."""
    num_left_out: int = 0
    """Series that are not among `series`, since there are so many: those that are farthest from their thresholds."""

    @property
    def open_alerts(self) -> tuple[ShownAlert, ...]:
        """Those that are not over."""
        return tuple(alert for alert in self.alerts if alert.until is None)

    def to_html(self) -> str:
        """As one self-contained page."""
        from hagane.monitoring.report.monitor_html import monitor_html

        return monitor_html(self)

    def _repr_html_(self) -> str:
        from hagane.page.markup import element

        return element("iframe", srcdoc=self.to_html(), sandbox="", title=f"{self.endpoint}, watched",
                       style="width:100%;height:640px;border:0")  # fmt: skip

    def to_json(self) -> bytes:
        """As JSON, which `from_json` reads back equal."""
        return msgspec.json.encode(self)

    @staticmethod
    def from_json(text: bytes | str) -> MonitorView:
        """From what `to_json` wrote. Raises msgspec.ValidationError for anything else."""
        return msgspec.json.decode(text, type=MonitorView)
