"""`estimate_of`: what is expected of a figure before labels come."""

from __future__ import annotations

from hagane.monitoring.view.expected_series import EXPECTED
from hagane.monitoring.view.monitor_view import MonitorView
from hagane.monitoring.view.series import Series


def estimate_of(view: MonitorView, series: Series) -> Series | None:
    """The estimate of the same figure, of the same rows; None where there is none."""
    wanted = (series.of, EXPECTED + series.name, series.slice)
    return next((each for each in view.series if (each.of, each.name, each.slice) == wanted), None)
