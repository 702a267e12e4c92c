"""`RowCuts`: where the rows of each deployed model were cut into windows of so many."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from hagane.monitoring.window_summary import WindowSummary
from hagane.workspace.history_file import HistoryFile
from hagane.workspace.window_summaries import SCHEMA

CUTS = (
    *SCHEMA,
    "CREATE TABLE IF NOT EXISTS row_cuts (series TEXT NOT NULL, deployed_model_id TEXT NOT NULL,"
    " start INTEGER NOT NULL, until INTEGER NOT NULL, num_rows INTEGER NOT NULL, time INTEGER NOT NULL,"
    " request_id TEXT NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (series, deployed_model_id, start)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS row_hours (series TEXT NOT NULL, hour INTEGER NOT NULL, num_logged INTEGER NOT NULL,"
    " PRIMARY KEY (series, hour)) WITHOUT ROWID",
)


class RowPlace(msgspec.Struct, frozen=True, order=True):
    """Where a row of the log stands: rows are in order of time, those of one moment by request and row."""

    time: int
    """µs since 1970 UTC."""
    request_id: str
    row: int


class RowCut(msgspec.Struct, frozen=True):
    """A window of rows: those after the cut before it, up to `last` and with it."""

    start: int
    until: int
    num_rows: int
    """How many it had when it was summed up: late rows may make it more than were asked for."""
    last: RowPlace


class RowCuts:
    """Beside the endpoint's summaries, in their file; of one series, such as `5000 rows`. Raises StorageError."""

    def __init__(self, path: Path, series: str) -> None:
        self._file = HistoryFile(path, CUTS)
        self._series = series

    def cuts(self, deployed_model_id: str) -> list[RowCut]:
        """The windows of a deployed model, the earliest first."""
        sql = (
            "SELECT start, until, num_rows, time, request_id, row FROM row_cuts"
            " WHERE series = ? AND deployed_model_id = ? ORDER BY start"
        )
        with self._file.reading() as connection:
            rows = connection.execute(sql, (self._series, deployed_model_id)).fetchall() if connection else []
        return [RowCut(start, until, num_rows, RowPlace(*last)) for start, until, num_rows, *last in rows]

    def put(self, cut: RowCut, summary: WindowSummary, *, after: RowPlace | None) -> bool:
        """Keep a new window that begins after the last row of the one before it (`after`; None: the first).

        False, and nothing kept, where another process has cut the rows from there on meanwhile.
        """
        model = summary.deployed_model_id
        with self._file.changing() as connection:
            last = connection.execute(
                "SELECT time, request_id, row FROM row_cuts WHERE series = ? AND deployed_model_id = ?"
                " ORDER BY start DESC LIMIT 1",
                (self._series, model),
            ).fetchone()
            if (RowPlace(*last) if last else None) != after:
                return False
            place = (cut.last.time, cut.last.request_id, cut.last.row)
            row = (self._series, model, cut.start, cut.until, cut.num_rows, *place)
            connection.execute("INSERT INTO row_cuts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            content = (self._series, cut.start, model, summary.to_bytes())
            connection.execute("INSERT INTO kept_summaries VALUES (?, ?, ?, ?)", content)
        return True

    def replace(self, cut: RowCut, summary: WindowSummary) -> None:
        """Keep a window anew, into which late rows came."""
        where = (self._series, summary.deployed_model_id, cut.start)
        with self._file.changing() as connection:
            same = "WHERE series = ? AND deployed_model_id = ? AND start = ?"
            connection.execute(f"UPDATE row_cuts SET num_rows = ? {same}", (summary.num_rows, *where))
            connection.execute(f"UPDATE kept_summaries SET content = ? {same}", (summary.to_bytes(), *where))

    def hours(self) -> dict[int, int]:
        """Hour since 1970 → rows that it held when all of them had been looked at."""
        sql = "SELECT hour, num_logged FROM row_hours WHERE series = ?"
        with self._file.reading() as connection:
            return dict(connection.execute(sql, (self._series,)).fetchall()) if connection else {}

    def put_hours(self, hours: Mapping[int, int]) -> None:
        """Keep that all rows of these hours have been looked at."""
        with self._file.changing() as connection:
            rows = [(self._series, *each) for each in hours.items()]
            connection.executemany("INSERT OR REPLACE INTO row_hours VALUES (?, ?, ?)", rows)
