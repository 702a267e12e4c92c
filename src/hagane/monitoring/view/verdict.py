"""`verdict`: how it stands with an endpoint, in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.counted import counted
from hagane.monitoring.view.series import Series
from hagane.monitoring.view.shown_alert import ShownAlert
from hagane.monitoring.view.shown_window import ShownWindow

MOST_NAMES = 3


def verdict(windows: Sequence[ShownWindow], series: Sequence[Series], alerts: Sequence[ShownAlert]) -> str:
    """What is open and since when; else what is off now; else that all is as it should be, or that nobody can say.

    >>> verdict([], [], [])
    'No window is over yet.'
    """
    if not windows:
        return "No window is over yet."
    still = [alert for alert in alerts if alert.until is None]
    if still:
        since = min(still, key=lambda alert: alert.alert.since).since
        names = list(dict.fromkeys(alert.title for alert in still))
        begun = "since" if len(still) == 1 else "the earliest since"
        return f"{counted(len(still), 'alert')} open, {begun} {since}: {_names(names)}."
    judged = [window for window in windows if window.is_judged]
    if not judged:
        return "No window has enough rows to be judged."
    last = judged[-1].name
    wrong = list(dict.fromkeys(each.title for each in series if each.is_anomaly))
    if wrong:
        are = "is" if len(wrong) == 1 else "are"
        return f"No alert is open; {_names(wrong)} {are} beyond the threshold in {last}."
    if not any(each.latest is not None for each in series):
        return f"Nothing could be compared in {last}."
    return f"Nothing is beyond its threshold in {last}."


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
