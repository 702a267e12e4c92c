"""`WindowVolumes`: how much came to an endpoint in each window, and how much is usual."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from hagane.monitoring.reference import Volume
from hagane.monitoring.time_of_week import time_of_week
from hagane.monitoring.usual_volume import UsualVolume, usual_volume
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.window_traffic import WindowTraffic
from hagane.monitoring.windows import Window, Windows
from hagane.spec.monitoring import Monitoring
from hagane.workflow.known_silence import KnownSilence
from hagane.workspace.window_summaries import WindowSummaries

DAY = 86_400_000_000
SPANS = {"hour": 35 * DAY, "day": 60 * DAY, "week": 420 * DAY, "month": 1830 * DAY}
"""So far back the history of a window is looked at: as long as hours are kept, 60 days, 60 weeks, 60 months."""
LONGEST = 7 * DAY
"""Of a gap: what is longer is no pattern of the week."""


class WindowVolumes:
    """Of one endpoint; the history is read once, from where it is first asked for.

    A window in which nothing came has no summary. Nights and weekends without traffic are part of what is usual, as
    zeros. Where something usually comes, the window is made (`silent`), and not counted to the history: so an outage
    is not taken for usual while it lasts, nor the traffic after it for too much. But where nothing came at a time of
    the week half as often as something did, that is usual there.
    """

    def __init__(self, summaries: WindowSummaries, monitoring: Monitoring, silence: KnownSilence) -> None:
        self._summaries, self._silence = summaries, silence
        self._windows = Windows(monitoring.every, monitoring.time_zone)
        self._most, self._min_rows = monitoring.alert_after + 1, monitoring.min_rows
        self._since: int | None = None
        self._models: dict[int, list[WindowTraffic]] = {}
        self._history: dict[int, float] = {}
        self._silent: dict[int, tuple[WindowSummary, UsualVolume]] = {}
        self._missing: dict[int, float] = {}

    def of(self, summary: WindowSummary) -> Volume | None:
        """Told with the model that had most of the window's traffic; None for others, and without enough history."""
        start = summary.window.start
        if self._windows.num_rows is not None:
            return None
        self._read(start)
        if summary.is_silent:
            return _volume(0.0, self._silent[start][1]) if start in self._silent else None
        models = self._models.get(start, [])
        if not models or _first(models).deployed_model_id != summary.deployed_model_id:
            return None
        usual = self._usual(start)
        return None if usual is None else _volume(self._history[start], usual)

    def silent(self, since: int, until: int | None = None) -> list[WindowSummary]:
        """The windows that begin in [since, until), and in which nothing came although something usually does.

        Of each stretch without a row as many as an alert needs to open, and one more. They are told with the model
        that had most of the traffic before.
        """
        if self._windows.num_rows is not None:
            return []
        self._read(since)
        return [each for start, (each, _) in sorted(self._silent.items())
                if start >= since and (until is None or start < until)]  # fmt: skip

    def _read(self, since: int) -> None:
        """All from the history of `since` on, and the history of that: what was silent there has to be known."""
        if self._since is not None and self._since <= since:
            return
        self._since = since
        self._models, self._history, self._silent, self._missing = {}, {}, {}, {}
        first = since - 2 * SPANS[self._windows.every]
        found = self._summaries.traffic(self._windows.series, first)
        for start, group in itertools.groupby(found, key=lambda each: each.window.start):
            self._models[start] = list(group)
        starts = list(self._models)
        for start, after in itertools.zip_longest(starts, starts[1:], fillvalue=None):
            if start is not None:
                models = self._models[start]
                self._history[start] = sum(each.num_came for each in models)
                self._take_gap(_first(models), after)

    def _take_gap(self, before: WindowTraffic, after: int | None) -> None:
        """The windows without a row between two that have some, or after the last."""
        num_silent = 0
        for window in self._gap(before.window.end, after):
            usual = self._usual(window.start)
            if usual is None or usual.low < self._min_rows or self._is_often_missing(window.start):
                self._history[window.start] = 0.0
                continue
            self._missing[window.start] = 0.0
            num_silent += 1
            if num_silent <= self._most:
                self._silent[window.start] = before.silent(window), usual

    def _gap(self, start: int, after: int | None) -> Iterator[Window]:
        until = after if after is not None else self._silence.until
        for place, window in enumerate(self._windows.between(start, until) if until is not None else ()):
            if window.end > (until or 0) or (place >= self._most and window.start - start >= LONGEST):
                return
            if self._silence.holds(window):
                yield window

    def _is_often_missing(self, start: int) -> bool:
        """Whether at this time of the week nothing came half as often as something did."""
        place, since = time_of_week(start, self._windows), start - SPANS[self._windows.every]
        alike = [
            rows
            for when, rows in (*self._history.items(), *self._missing.items())
            if since <= when < start and time_of_week(when, self._windows) == place
        ]
        num_came = sum(rows > 0 for rows in alike)
        return 2 * (len(alike) - num_came) >= num_came > 0

    def _usual(self, start: int) -> UsualVolume | None:
        since = start - SPANS[self._windows.every]
        return usual_volume({when: rows for when, rows in self._history.items() if since <= when < start}, start,
                            self._windows)  # fmt: skip


def _first(models: list[WindowTraffic]) -> WindowTraffic:
    """The one that had most of the traffic."""
    return max(models, key=lambda each: each.num_came)


def _volume(num_rows: float, usual: UsualVolume) -> Volume:
    return Volume(num_rows=num_rows, low=usual.low, high=usual.high, fraction=usual.fraction(num_rows))
