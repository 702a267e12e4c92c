"""`WindowSummaries`: the history of one endpoint's traffic, a window a row, in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Every
from hagane.serving.request_log.log_folder import endpoint_file_name

BUSY_TIMEOUT_SECONDS = 30
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS windows (every TEXT NOT NULL, start INTEGER NOT NULL, num_logged INTEGER NOT NULL,"
    " PRIMARY KEY (every, start)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS summaries"
    " (every TEXT NOT NULL, start INTEGER NOT NULL, deployed_model_id TEXT NOT NULL,"
    " content BLOB NOT NULL, PRIMARY KEY (every, start, deployed_model_id))",
)
"""A window in which no row lies (of an hour that lies in two) has no summary, and is known all the same."""


class Kept(NamedTuple):
    """What is known of a window without reading it."""

    start: int
    num_logged: int
    """Rows that its hours of the log held when it was summed up: more have come where there are more now."""


class WindowSummaries:
    """Summaries of the endpoint's windows; the file is made by the first of them.

    Several processes may read while one writes. What was put is there after `kill -9`.
    """

    def __init__(self, folder: Path, endpoint: str) -> None:
        self.path = folder / f"{endpoint_file_name(endpoint)}.sqlite"

    def put(self, every: Every, start: int, num_logged: int, summaries: Sequence[WindowSummary]) -> None:
        """Keep a window's summaries, one for each deployed model, in the place of what was kept of it; all or none."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            for statement in SCHEMA:
                connection.execute(statement)
            connection.execute("INSERT OR REPLACE INTO windows VALUES (?, ?, ?)", (every, start, num_logged))
            connection.execute("DELETE FROM summaries WHERE every = ? AND start = ?", (every, start))
            connection.executemany(
                "INSERT INTO summaries VALUES (?, ?, ?, ?)",
                [(every, start, each.deployed_model_id, each.to_bytes()) for each in summaries],
            )
            connection.execute("COMMIT")

    def kept(self, every: Every) -> dict[int, Kept]:
        """Start → what is known of each window, the earliest first."""
        sql = "SELECT start, num_logged FROM windows WHERE every = ? ORDER BY start"
        with self._reading() as connection:
            rows = connection.execute(sql, (every,)).fetchall() if connection else []
        return {start: Kept(start, num_logged) for start, num_logged in rows}

    def between(self, every: Every, since: int | None = None, until: int | None = None) -> list[WindowSummary]:
        """The summaries of windows that begin in [since, until), the earliest first. Raises DataError."""
        sql = (
            "SELECT content FROM summaries"
            " WHERE every = ? AND start >= coalesce(?, start) AND start < coalesce(?, start + 1)"
            " ORDER BY start, deployed_model_id"
        )
        with self._reading() as connection:
            rows = connection.execute(sql, (every, since, until)).fetchall() if connection else []
        return [WindowSummary.from_bytes(content) for (content,) in rows]

    def latest(self, every: Every, num_windows: int) -> list[WindowSummary]:
        """Those of the last `num_windows` windows that have any, the earliest first. Raises DataError."""
        sql = "SELECT DISTINCT start FROM summaries WHERE every = ? ORDER BY start DESC LIMIT ?"
        with self._reading() as connection:
            starts = connection.execute(sql, (every, num_windows)).fetchall() if connection else []
        return self.between(every, starts[-1][0]) if starts else []

    def before(self, every: Every, start: int, deployed_model_id: str) -> WindowSummary | None:
        """The last one of a deployed model whose window begins before `start`. Raises DataError."""
        sql = (
            "SELECT content FROM summaries WHERE every = ? AND start < ? AND deployed_model_id = ?"
            " ORDER BY start DESC LIMIT 1"
        )
        with self._reading() as connection:
            row = connection.execute(sql, (every, start, deployed_model_id)).fetchone() if connection else None
        return WindowSummary.from_bytes(row[0]) if row else None

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        if not self.path.exists():
            yield None
            return
        with closing(self._connect()) as connection:
            known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'summaries'").fetchone()
            yield connection if known else None

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
