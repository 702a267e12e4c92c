"""`UntoldWindows`: from which window on a service has to look, so that no alert is missed, whenever it was killed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hagane.monitoring.channels.channel import Channel
from hagane.monitoring.reference import Baseline
from hagane.monitoring.windows import Windows
from hagane.serving.request_log.log_folder import HOUR_MICROSECONDS, LogFolder
from hagane.workflow.monitor import MonitorReport
from hagane.workspace.looked_at import LookedAt
from hagane.workspace.told_alerts import ToldAlerts


class UntoldWindows:
    """Of one endpoint's windows, and the last `num_windows` of them that are looked at in any case.

    An alert that opened and ended while nothing watched, or that a killed process had found and not told, lies before
    those. What is kept is the place up to which everybody was told everything.
    """

    def __init__(self, path: Path, windows: Windows, *, baseline: Baseline, num_windows: int) -> None:
        self._path, self._windows = path, windows
        self._num_windows = num_windows
        self._looked = LookedAt(path, baseline=baseline, series=windows.series)

    def since(self, log: LogFolder) -> int:
        """The moment, µs since 1970. A service that begins on a log that is there takes its last windows."""
        known = self._looked.until()
        if known is not None:
            return known
        starts: list[int] = []
        if self._windows.num_rows is None:
            starts = sorted({self._windows.of(hour * HOUR_MICROSECONDS).start for hour in log.hours("requests")})
        first = starts[-self._num_windows] if len(starts) > self._num_windows else 0
        self._looked.put(first)
        return first

    def note(self, report: MonitorReport, channels: Sequence[Channel]) -> None:
        """Keep it, if nothing of the report is new to a channel any more: the next report begins here again."""
        shown = report.windows[-self._num_windows :]
        told = (
            ToldAlerts(self._path, baseline=report.baseline, every=self._windows.series, channel=channel.name)
            for channel in channels
        )
        if shown and not any(any(each.news(report.alerts)) for each in told):
            start = shown[0].summary.window.start
            if start != self._looked.until():
                self._looked.put(start)
