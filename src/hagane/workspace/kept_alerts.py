"""`KeptAlerts`: what is kept of an endpoint's alerts: when each began, and which rows explained it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from hagane.monitoring.alert import Alert
from hagane.monitoring.slice_effect import SliceEffect
from hagane.workspace.history_file import HistoryFile

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS alerts"
    " (baseline TEXT NOT NULL, every TEXT NOT NULL, deployed_model_id TEXT NOT NULL, place TEXT NOT NULL,"
    " since INTEGER NOT NULL, until INTEGER, explained_by TEXT,"
    " PRIMARY KEY (baseline, every, deployed_model_id, place, since))",
)
SERIES = "baseline = ? AND every = ?"


class KeptAlerts:
    """Beside the endpoint's summaries, in their file; for one baseline and length of windows.

    What explains an alert comes from the log's rows, which go: it is looked for once, and kept.
    """

    def __init__(self, path: Path, *, baseline: str, every: str) -> None:
        self.series = (baseline, every)
        self._file = HistoryFile(path, SCHEMA)

    def first_open(self, deployed_model_ids: Iterable[str]) -> int | None:
        """When the earliest of these models' alerts began that was not over when it was seen last."""
        models = list(deployed_model_ids)
        sql = f"SELECT min(since) FROM alerts WHERE {SERIES} AND until IS NULL AND deployed_model_id IN ("
        with self._file.reading() as connection:
            if connection is None:
                return None
            row = connection.execute(sql + ", ".join("?" * len(models)) + ")", (*self.series, *models)).fetchone()
        found: int | None = row[0]
        return found

    def known(self, alerts: Iterable[Alert]) -> tuple[list[Alert], list[Alert]]:
        """The alerts that are kept, with what explains them; and those that nobody has seen before."""
        sql = (
            f"SELECT explained_by FROM alerts WHERE {SERIES} AND deployed_model_id = ? AND place = ?"
            " AND since <= ? AND (until IS NULL OR until > ?) ORDER BY since DESC LIMIT 1"
        )
        seen, fresh = [], []
        with self._file.reading() as connection:
            for alert in alerts:
                who = (*self.series, alert.deployed_model_id, alert.place, alert.since, alert.since)
                row = connection.execute(sql, who).fetchone() if connection else None
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
        with self._file.changing() as connection:
            connection.executemany(f"DELETE FROM alerts WHERE {same}", [row[:5] for row in rows])
            connection.executemany("INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
