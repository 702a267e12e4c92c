"""`ToldAlerts`: which alerts of an endpoint a channel has been told, so that none is told it twice, or forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hagane.monitoring.alert import Alert
from hagane.workspace.history_file import HistoryFile

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS told_alerts (baseline TEXT NOT NULL, every TEXT NOT NULL, channel TEXT NOT NULL,"
    " deployed_model_id TEXT NOT NULL, place TEXT NOT NULL, until INTEGER, told REAL NOT NULL,"
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
            until, told = known.get((alert.deployed_model_id, alert.place), (None, None))
            is_open = told is not None and until is None
            if alert.until is not None:
                if is_open or until is None or alert.until > until:
                    resolved.append(alert)
            elif not is_open and (until is None or alert.since >= until):
                opened.append(alert)
            elif is_open and told is not None and told_before is not None and told <= told_before:
                reminded.append(alert)
        return News(tuple(opened), tuple(resolved), tuple(reminded))

    def told(self, alerts: Sequence[Alert], *, now: float) -> None:
        """Keep that these were told, in their order, at `now` (seconds since 1970). Raises StorageError."""
        with self._file.changing() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO told_alerts VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(*self.series, alert.deployed_model_id, alert.place, alert.until, now) for alert in alerts],
            )

    def last_told(self) -> float | None:
        """When the channel was told anything last."""
        return max((told for _, told in self._known().values()), default=None)

    def _known(self) -> dict[tuple[str, str], tuple[int | None, float]]:
        sql = f"SELECT deployed_model_id, place, until, told FROM told_alerts WHERE {SERIES}"
        with self._file.reading() as connection:
            rows = connection.execute(sql, self.series).fetchall() if connection else []
        return {(model, place): (until, told) for model, place, until, told in rows}
