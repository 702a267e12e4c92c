"""`ShownAlert`: an alert with the names of its windows, and where it lies in the pictures."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hagane.monitoring.alert import Alert
from hagane.monitoring.explanation_text import explanation_text
from hagane.monitoring.view.shown_window import ShownWindow
from hagane.monitoring.windows import Windows


class ShownAlert(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of windows on the wrong side of a threshold."""

    alert: Alert
    place: str
    """The `Series` that it is about."""
    title: str
    since: str
    """The name of its first window."""
    until: str | None
    """The name of the last window that was back; None: it is open."""
    first: int | None
    """The windows that it covers of those that are shown, as indices, both within; None: none of them."""
    last: int | None

    explanation: str
    """The rows that explain most of it, with the window in which they were found; empty: none do."""

    @staticmethod
    def of(alert: Alert, windows: Sequence[ShownWindow], named: Windows) -> ShownAlert:
        """Of an alert, of whose windows those of `windows` are shown."""
        covered = [
            at
            for at, window in enumerate(windows)
            if window.deployed_model_id == alert.deployed_model_id
            and window.start >= alert.since
            and (alert.until is None or window.end <= alert.until)
        ]
        names = {window.start: window.name for window in windows}
        return ShownAlert(
            alert=alert,
            place=alert.place,
            title=alert.title,
            since=names.get(alert.since) or named.name(alert.since),
            until=None if alert.until is None else named.name(alert.until - 1),
            first=covered[0] if covered else None,
            last=covered[-1] if covered else None,
            explanation=explanation_text(alert, named),
        )
