"""`WindowSummaries`: the history of one endpoint's traffic, a window a row, in one SQLite file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.window_traffic import WindowTraffic
from hagane.monitoring.windows import Window
from hagane.serving.request_log.log_folder import endpoint_file_name
from hagane.workspace.history_file import HistoryFile

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS kept_windows (series TEXT NOT NULL, start INTEGER NOT NULL, until INTEGER NOT NULL,"
    " num_logged INTEGER NOT NULL, revision INTEGER NOT NULL, is_thinned INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY (series, start)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS kept_revisions ON kept_windows (revision)",
    "CREATE TABLE IF NOT EXISTS kept_summaries"
    " (series TEXT NOT NULL, start INTEGER NOT NULL, deployed_model_id TEXT NOT NULL,"
    " content BLOB NOT NULL, PRIMARY KEY (series, start, deployed_model_id))",
)
"""A window in which no row lies has no summary, and is known all the same."""


class Kept(NamedTuple):
    """What is known of a window without reading it."""

    start: int
    until: int
    num_logged: int
    """Rows that its hours of the log held when it was summed up: more have come where there are more now."""
    revision: int
    """Grows with everything that is put: what was put after another has the greater one."""
    is_thinned: bool
    """Its summary was let go: a longer window has it."""


class WindowSummaries:
    """Summaries of the endpoint's windows, in series (`Windows.series`); the file is made by the first of them.

    Several processes may read while one writes. What was put is there after `kill -9`. Everything raises StorageError
    where the file cannot be read or written, and DataError for a summary of a later release.
    """

    def __init__(self, folder: Path, endpoint: str) -> None:
        self.path = folder / f"{endpoint_file_name(endpoint)}.sqlite"
        self._file = HistoryFile(self.path, SCHEMA)

    def put(self, series: str, window: Window, num_logged: int, summaries: Sequence[WindowSummary]) -> None:
        """Keep a window's summaries, one for each deployed model, in the place of what was kept of it; all or none."""
        content = [(series, window.start, each.deployed_model_id, each.to_bytes()) for each in summaries]
        with self._file.changing() as connection:
            (last,) = connection.execute("SELECT coalesce(max(revision), 0) FROM kept_windows").fetchone()
            row = (series, window.start, window.end, num_logged, last + 1)
            connection.execute("INSERT OR REPLACE INTO kept_windows VALUES (?, ?, ?, ?, ?, 0)", row)
            connection.execute("DELETE FROM kept_summaries WHERE series = ? AND start = ?", (series, window.start))
            connection.executemany("INSERT INTO kept_summaries VALUES (?, ?, ?, ?)", content)

    def thin(self, series: str, starts: Sequence[int]) -> None:
        """Let the summaries of these windows go, which longer ones have; that they were is still known."""
        with self._file.changing() as connection:
            places = [(series, start) for start in starts]
            connection.executemany("UPDATE kept_windows SET is_thinned = 1 WHERE series = ? AND start = ?", places)
            connection.executemany("DELETE FROM kept_summaries WHERE series = ? AND start = ?", places)

    def kept(self, series: str, since: int | None = None, until: int | None = None) -> dict[int, Kept]:
        """Start → what is known of each window that begins in [since, until), the earliest first."""
        sql = (
            "SELECT start, until, num_logged, revision, is_thinned FROM kept_windows WHERE series = ?"
            " AND start >= coalesce(?, start) AND start < coalesce(?, start + 1) ORDER BY start"
        )
        with self._file.reading() as connection:
            rows = connection.execute(sql, (series, since, until)).fetchall() if connection else []
        return {
            start: Kept(start, end, num_logged, revision, bool(thinned))
            for start, end, num_logged, revision, thinned in rows
        }

    def of(self, series: str, start: int) -> list[WindowSummary]:
        """The summaries of one window, one for each deployed model."""
        return self.between(series, start, start + 1)

    def between(self, series: str, since: int | None = None, until: int | None = None) -> list[WindowSummary]:
        """The summaries of windows that begin in [since, until), the earliest first."""
        sql = (
            "SELECT content FROM kept_summaries"
            " WHERE series = ? AND start >= coalesce(?, start) AND start < coalesce(?, start + 1)"
            " ORDER BY start, deployed_model_id"
        )
        with self._file.reading() as connection:
            rows = connection.execute(sql, (series, since, until)).fetchall() if connection else []
        return [WindowSummary.from_bytes(content) for (content,) in rows]

    def traffic(self, series: str, since: int, until: int | None = None) -> list[WindowTraffic]:
        """How much came in windows that begin in [since, until), the earliest first: a tenth of reading it all."""
        sql = (
            "SELECT content FROM kept_summaries WHERE series = ? AND start >= ? AND start < coalesce(?, start + 1)"
            " ORDER BY start, deployed_model_id"
        )
        with self._file.reading() as connection:
            rows = connection.execute(sql, (series, since, until)).fetchall() if connection else []
        return [WindowTraffic.from_bytes(content) for (content,) in rows]

    def latest(self, series: str, num_windows: int) -> list[WindowSummary]:
        """Those of the last `num_windows` windows that have any, the earliest first."""
        sql = "SELECT DISTINCT start FROM kept_summaries WHERE series = ? ORDER BY start DESC LIMIT ?"
        with self._file.reading() as connection:
            starts = connection.execute(sql, (series, num_windows)).fetchall() if connection else []
        return self.between(series, starts[-1][0]) if starts else []

    def of_model(
        self, series: str, deployed_model_id: str, *, since: int | None, until: int | None, most: int
    ) -> list[WindowSummary]:
        """The first `most` of a deployed model whose windows begin in [since, until), the earliest first."""
        sql = (
            "SELECT content FROM kept_summaries WHERE series = ? AND deployed_model_id = ?"
            " AND start >= coalesce(?, start) AND start < coalesce(?, start + 1) ORDER BY start LIMIT ?"
        )
        with self._file.reading() as connection:
            found = (series, deployed_model_id, since, until, most)
            rows = connection.execute(sql, found).fetchall() if connection else []
        return [WindowSummary.from_bytes(content) for (content,) in rows]

    def before(self, series: str, start: int, deployed_model_id: str) -> WindowSummary | None:
        """The last one of a deployed model whose window begins before `start`."""
        sql = (
            "SELECT content FROM kept_summaries WHERE series = ? AND start < ? AND deployed_model_id = ?"
            " ORDER BY start DESC LIMIT 1"
        )
        with self._file.reading() as connection:
            row = connection.execute(sql, (series, start, deployed_model_id)).fetchone() if connection else None
        return WindowSummary.from_bytes(row[0]) if row else None

    def newest(self) -> WindowSummary | None:
        """The one of the last window of all series."""
        with self._file.reading() as connection:
            sql = "SELECT content FROM kept_summaries ORDER BY start DESC LIMIT 1"
            row = connection.execute(sql).fetchone() if connection else None
        return WindowSummary.from_bytes(row[0]) if row else None
