"""`ToldAlerts`: which alerts of an endpoint a channel has been told, so that none is told it twice, or forgotten."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hagane.monitoring.alert import Alert
from hagane.workspace.history_file import HistoryFile

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS told_alerts (baseline TEXT NOT NULL, every TEXT NOT NULL, channel TEXT NOT NULL,"
    " deployed_model_id TEXT NOT NULL, place TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER, told REAL NOT NULL,"
    " PRIMARY KEY (baseline, every, channel, deployed_model_id, place))",
)
SERIES = "baseline = ? AND every = ? AND channel = ?"


class News(NamedTuple):
    """What a channel is to be told."""

    opened: tuple[Alert, ...] = ()
    """Not over, and not told yet."""
    resolved: tuple[Alert, ...] = ()
    """Over, of which that was not told yet."""
    reminded: tuple[Alert, ...] = ()
    """Not over, and told long ago."""


class _Told(NamedTuple):
    """The last that was told of one thing."""

    since: int
    until: int | None
    """None: that it had opened."""
    told: float


class ToldAlerts:
    """Beside the endpoint's summaries, in their file; for one baseline and length of windows, and one channel."""

    def __init__(self, path: Path, *, baseline: str, every: str, channel: str = "") -> None:
        self.series = (baseline, every, channel)
        self._file = HistoryFile(path, SCHEMA)

    def news(self, alerts: Sequence[Alert], *, told_before: float | None = None) -> News:
        """Those that have opened and are not over, and those that are over, of which the channel was not told.

        And again those that are not over, if it was told of them last before `told_before` (seconds since 1970).
        """
        known = self._known()
        opened: list[Alert] = []
        resolved: list[Alert] = []
        reminded: list[Alert] = []
        for alert in alerts:
            place = (alert.deployed_model_id, alert.place)
            last = known.get(place)
            if last is not None and alert.until is not None and alert.until <= last.since:
                continue  # it was over before what was told last began
            if alert.until is not None:
                if last is None or last.until is None or alert.until > last.until:
                    resolved.append(alert)
                    known[place] = _Told(alert.since, alert.until, math.inf)
            elif last is None or (last.until is not None and alert.since >= last.until):
                opened.append(alert)
            elif last.until is None and told_before is not None and last.told <= told_before:
                reminded.append(alert)
        return News(tuple(opened), tuple(resolved), tuple(reminded))

    def told(self, alerts: Sequence[Alert], *, now: float) -> None:
        """Keep that these were told, in their order, at `now` (seconds since 1970). Raises StorageError."""
        with self._file.changing() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO told_alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (*self.series, alert.deployed_model_id, alert.place, alert.since, alert.until, now)
                    for alert in alerts
                ],
            )

    def last_told(self) -> float | None:
        """When the channel was told anything last."""
        return max((last.told for last in self._known().values()), default=None)

    def _known(self) -> dict[tuple[str, str], _Told]:
        sql = f"SELECT deployed_model_id, place, since, until, told FROM told_alerts WHERE {SERIES}"
        with self._file.reading() as connection:
            rows = connection.execute(sql, self.series).fetchall() if connection else []
        return {(model, place): _Told(*told) for model, place, *told in rows}
