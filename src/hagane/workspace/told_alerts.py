"""`ToldAlerts`: which alerts of an endpoint have been told, so that none is told twice, or forgotten."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from hagane.monitoring.alert import Alert
from hagane.workspace.history_file import BUSY_TIMEOUT_SECONDS

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS alerts_told"
    " (baseline TEXT NOT NULL, every TEXT NOT NULL, deployed_model_id TEXT NOT NULL,"
    " place TEXT NOT NULL, until INTEGER, told REAL NOT NULL, PRIMARY KEY (baseline, every, deployed_model_id, place))"
)


class ToldAlerts:
    """Beside the endpoint's summaries, in their file; for one baseline and length of windows."""

    def __init__(self, path: Path, *, baseline: str, every: str) -> None:
        self.path = path
        self.series = (baseline, every)

    def news(self, alerts: Sequence[Alert]) -> tuple[tuple[Alert, ...], tuple[Alert, ...]]:
        """Those that have opened and are not over, and those that are over, of which nobody was told."""
        with self._connection() as connection:
            sql = "SELECT deployed_model_id, place, until FROM alerts_told WHERE baseline = ? AND every = ?"
            known = {(model, place): until for model, place, until in connection.execute(sql, self.series)}
        opened, over = [], []
        for alert in alerts:
            place = (alert.deployed_model_id, alert.place)
            is_open = place in known and known[place] is None
            closed = known.get(place)
            if alert.until is None:
                if not is_open and (closed is None or alert.since >= closed):
                    opened.append(alert)
            elif is_open or closed is None or alert.until > closed:
                over.append(alert)
        return tuple(opened), tuple(over)

    def told(self, alerts: Sequence[Alert], *, now: float) -> None:
        """Keep that these were told, in their order, at `now` (seconds since 1970)."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT OR REPLACE INTO alerts_told VALUES (?, ?, ?, ?, ?, ?)",
                [(*self.series, alert.deployed_model_id, alert.place, alert.until, now) for alert in alerts],
            )
            connection.execute("COMMIT")

    def last_told(self) -> float | None:
        """When anything was told last."""
        with self._connection() as connection:
            sql = "SELECT max(told) FROM alerts_told WHERE baseline = ? AND every = ?"
            found: float | None = connection.execute(sql, self.series).fetchone()[0]
        return found

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(SCHEMA)
            yield connection
