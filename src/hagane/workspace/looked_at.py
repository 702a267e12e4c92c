"""`LookedAt`: up to which window everything that is new of an endpoint's alerts was told."""

from __future__ import annotations

from pathlib import Path

from hagane.workspace.history_file import HistoryFile

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS looked_at (baseline TEXT NOT NULL, series TEXT NOT NULL, until INTEGER NOT NULL,"
    " PRIMARY KEY (baseline, series)) WITHOUT ROWID",
)


class LookedAt:
    """Beside the endpoint's summaries, in their file; of one baseline and series. Raises StorageError.

    >>> import tempfile
    >>> looked = LookedAt(Path(tempfile.mkdtemp()) / "e.sqlite", baseline="training", series="hour")
    >>> looked.put(7)
    >>> looked.until()
    7
    """

    def __init__(self, path: Path, *, baseline: str, series: str) -> None:
        self._file = HistoryFile(path, SCHEMA)
        self._of = (baseline, series)

    def until(self) -> int | None:
        """The beginning of the first window that may hold what nobody was told, µs since 1970."""
        sql = "SELECT until FROM looked_at WHERE baseline = ? AND series = ?"
        with self._file.reading() as connection:
            row = connection.execute(sql, self._of).fetchone() if connection else None
        return row[0] if row else None

    def put(self, until: int) -> None:
        """Keep that all before `until` was told."""
        with self._file.changing() as connection:
            connection.execute("INSERT OR REPLACE INTO looked_at VALUES (?, ?, ?)", (*self._of, until))
