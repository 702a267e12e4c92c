"""`KeptAlerts`: what is kept of an endpoint's alerts: when each began, and which rows explained it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from hagane.monitoring.alert import Alert
from hagane.monitoring.slice_effect import SliceEffect
from hagane.workspace.history_file import BUSY_TIMEOUT_SECONDS

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS alerts"
    " (baseline TEXT NOT NULL, every TEXT NOT NULL, deployed_model_id TEXT NOT NULL, place TEXT NOT NULL,"
    " since INTEGER NOT NULL, until INTEGER, explained_by TEXT,"
    " PRIMARY KEY (baseline, every, deployed_model_id, place, since))"
)
SERIES = "baseline = ? AND every = ?"


class KeptAlerts:
    """Beside the endpoint's summaries, in their file; for one baseline and length of windows.

    What explains an alert comes from the log's rows, which go: it is looked for once, and kept.
    """

    def __init__(self, path: Path, *, baseline: str, every: str) -> None:
        self.path = path
        self.series = (baseline, every)

    def first_open(self, deployed_model_ids: Iterable[str]) -> int | None:
        """When the earliest of these models' alerts began that was not over when it was seen last."""
        if not self.path.exists():
            return None
        models = list(deployed_model_ids)
        with self._connection() as connection:
            sql = f"SELECT min(since) FROM alerts WHERE {SERIES} AND until IS NULL AND deployed_model_id IN ("
            sql += ", ".join("?" * len(models)) + ")"
            found: int | None = connection.execute(sql, (*self.series, *models)).fetchone()[0]
        return found

    def known(self, alerts: Iterable[Alert]) -> tuple[list[Alert], list[Alert]]:
        """The alerts that are kept, with what explains them; and those that nobody has seen before."""
        with self._connection() as connection:
            seen, fresh = [], []
            for alert in alerts:
                row = connection.execute(
                    f"SELECT explained_by FROM alerts WHERE {SERIES} AND deployed_model_id = ? AND place = ?"
                    " AND since <= ? AND (until IS NULL OR until > ?) ORDER BY since DESC LIMIT 1",
                    (*self.series, alert.deployed_model_id, alert.place, alert.since, alert.since),
                ).fetchone()
                if row is None:
                    fresh.append(alert)
                else:
                    effect = msgspec.json.decode(row[0], type=SliceEffect) if row[0] else None
                    seen.append(msgspec.structs.replace(alert, explained_by=effect))
        return seen, fresh

    def keep(self, alerts: Sequence[Alert]) -> None:
        """Keep these as they stand; of each, what was kept of the same stretch goes."""
        rows = [
            (*self.series, alert.deployed_model_id, alert.place, alert.since, alert.until,
             msgspec.json.encode(alert.explained_by).decode() if alert.explained_by else None)
            for alert in alerts
        ]  # fmt: skip
        same = f"{SERIES} AND deployed_model_id = ? AND place = ? AND since <> ? AND until IS NULL"
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(f"DELETE FROM alerts WHERE {same}", [row[:5] for row in rows])
            connection.executemany("INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            connection.execute("COMMIT")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(SCHEMA)
            yield connection
