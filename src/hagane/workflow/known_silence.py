"""`KnownSilence`: in which windows nothing came to an endpoint, as far as that is known."""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Iterator, Sequence
from functools import cached_property

from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window, Windows
from hagane.serving.request_log.log_folder import HOUR_MICROSECONDS
from hagane.serving.request_log.retention import LATE_SECONDS, last_cleaned
from hagane.spec.monitoring import Monitoring
from hagane.workflow.hours_to_sum_up import COUNTED
from hagane.workflow.watched_log import watched_log
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace

LATE = LATE_SECONDS * 1_000_000
"""A window is silent no sooner than so long after its end: its last rows may be on their way to the disk."""
OF_ENDPOINT = re.compile(r"\d{10}")
"""The ids that `deploy` gives; a model that is served without an endpoint has its bundle's."""
DAY = 24 * HOUR_MICROSECONDS
OVER = 90 * DAY
"""What has been silent for so long is a log of the past, and no outage."""


class KnownSilence:
    """Of one endpoint.

    Hours of the log that wait to be summed up, or cannot be, are no silence; nor are those that the server deleted
    before anybody looked.
    """

    def __init__(
        self,
        endpoint: str,
        workspace: Workspace,
        summaries: WindowSummaries,
        monitoring: Monitoring,
        *,
        now: int | None = None,
    ) -> None:
        self._endpoint, self._workspace, self._summaries = endpoint, workspace, summaries
        self._windows = Windows(monitoring.every, monitoring.time_zone)
        self._log = watched_log(endpoint, workspace)
        self._now = time.time_ns() // 1000 if now is None else now

    @cached_property
    def until(self) -> int | None:
        """Windows that end by then can be known to be silent; None where the log is gone, or long over.

        So it is where the endpoint was deleted.
        """
        last = self._last
        if last is None or not self._log.path.is_dir() or self._now - last > OVER or self._is_deleted():
            return None
        return self._now - LATE

    def holds(self, window: Window) -> bool:
        """Whether nothing came in a window that has no summary."""
        if window.start in self._kept or any(_overlap(window, each) for each in self._unknown):
            return False
        return not any(hour in self._logged for hour in _hours(window))

    def notes(self, shown: Sequence[WindowSummary]) -> Iterator[str]:
        """Since when nothing has come, if the last window is silent, or a week has passed (a day, of rows)."""
        if not shown or (last := self._last) is None or not self._log.path.is_dir():
            return
        silent = DAY if self._windows.num_rows is not None else 7 * DAY
        if shown[-1].is_silent or self._now - last >= silent:
            moment = datetime.datetime.fromtimestamp(last // 1_000_000, datetime.UTC)
            yield f"nothing has come since {moment:%Y-%m-%d %H:%M} UTC, as far as the log tells"

    @property
    def _last(self) -> int | None:
        """The end of the last hour of which there is anything."""
        kept = self._summaries.newest()
        ends = [(hour + 1) * HOUR_MICROSECONDS for hour in self._logged]
        return max([*ends, *([kept.window.end] if kept else [])], default=None)

    def _is_deleted(self) -> bool:
        """Whether the last model was one of an endpoint, by its id, and there is no such endpoint any more."""
        last = self._summaries.newest()
        if last is None or not OF_ENDPOINT.fullmatch(last.deployed_model_id):
            return False
        return self._workspace.endpoints.find(self._endpoint) is None

    @cached_property
    def _logged(self) -> frozenset[int]:
        return frozenset(hour for kind in COUNTED for hour in self._log.hours(kind))

    @cached_property
    def _kept(self) -> frozenset[int]:
        """Windows that were summed up, though their summary may have been let go."""
        return frozenset(self._summaries.kept(self._windows.series))

    @cached_property
    def _unknown(self) -> tuple[Window, ...]:
        return tuple(self._lost())

    def _lost(self) -> Iterator[Window]:
        """From the last hour that was summed up before the last one that was deleted."""
        cleaned = last_cleaned(self._log)
        if cleaned is not None:
            end = (cleaned + 1) * HOUR_MICROSECONDS
            hours = Windows("hour", self._windows.time_zone)
            before = [each.until for each in self._summaries.kept(hours.series, until=end).values()]
            if not before or before[-1] <= end - HOUR_MICROSECONDS:
                yield Window(before[-1] if before else 0, end)


def _hours(window: Window) -> range:
    return range(window.start // HOUR_MICROSECONDS, -(-window.end // HOUR_MICROSECONDS))


def _overlap(one: Window, other: Window) -> bool:
    return one.start < other.end and other.start < one.end
