"""`explanation_text`: what explains an alert, as people are told."""

from __future__ import annotations

from hagane.monitoring.alert import Alert
from hagane.monitoring.windows import Windows


def explanation_text(alert: Alert, windows: Windows) -> str:
    """One line; empty where nothing explains it.

    Looked at was the window in which the alert opened. It is named where another one is the last of the alert, whose
    figure is told beside this.
    """
    if alert.explained_by is None:
        return ""
    then = "" if alert.last == alert.opened else f", in {windows.name(alert.opened)}"
    return " ".join(f"{alert.explained_by.text}{then}".split())
