"""`FeedbackHours`: which feedback was looked at when the windows of a series were summed up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hagane.workspace.history_file import HistoryFile

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS feedback_hours (series TEXT NOT NULL, hour INTEGER NOT NULL, num_rows INTEGER NOT NULL,"
    " PRIMARY KEY (series, hour)) WITHOUT ROWID",
)


class FeedbackHours:
    """Beside the endpoint's summaries, in their file. Raises StorageError.

    >>> import tempfile
    >>> hours = FeedbackHours(Path(tempfile.mkdtemp()) / "h.sqlite", "hour UTC")
    >>> hours.put({480_000: 17})
    >>> hours.hours()
    {480000: 17}
    """

    def __init__(self, path: Path, series: str) -> None:
        self._file = HistoryFile(path, SCHEMA)
        self._series = series

    def hours(self) -> dict[int, int]:
        """Hour of arrival since 1970 → how many rows of feedback it had when all of them had been looked at."""
        sql = "SELECT hour, num_rows FROM feedback_hours WHERE series = ?"
        with self._file.reading() as connection:
            return dict(connection.execute(sql, (self._series,)).fetchall()) if connection else {}

    def put(self, hours: Mapping[int, int]) -> None:
        """Write down that so many rows of these hours have been looked at."""
        if hours:
            with self._file.changing() as connection:
                rows = [(self._series, *each) for each in hours.items()]
                connection.executemany("INSERT OR REPLACE INTO feedback_hours VALUES (?, ?, ?)", rows)
