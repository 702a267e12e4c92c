"""`HistoryFile`: the one SQLite file in which an endpoint's history lies, safe for several processes at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from hagane.errors import Fault, StorageError

BUSY_TIMEOUT_SECONDS = 30


class HistoryFile:
    """Made by the first change. What was committed is there after `kill -9` and after a crash of the machine.

    >>> import tempfile
    >>> file = HistoryFile(Path(tempfile.mkdtemp()) / "h.sqlite", ("CREATE TABLE IF NOT EXISTS t (a INTEGER)",))
    >>> with file.changing() as connection:
    ...     _ = connection.execute("INSERT INTO t VALUES (1)")
    >>> with file.reading() as connection:
    ...     connection.execute("SELECT a FROM t").fetchall()
    [(1,)]
    """

    def __init__(self, path: Path, schema: tuple[str, ...]) -> None:
        self.path = path
        self._schema = schema

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """In one immediate transaction: the only writer; all of it or nothing. Raises StorageError."""
        with self._told():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("BEGIN IMMEDIATE")
                for statement in self._schema:
                    connection.execute(statement)
                yield connection
                connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """None where nothing of the schema was ever written. Raises StorageError."""
        if not self.path.exists():
            yield None
            return
        with self._told(), closing(self._connect()) as connection:
            known = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            tables = {each.split("(")[0].split()[-1] for each in self._schema if each.startswith("CREATE TABLE")}
            yield connection if tables <= known else None

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What SQLite and the disk refuse, as an error of ours."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                what, step = "cannot be written or read", "make room, or wait for who holds it, and run it again"
            else:
                what, step = "is damaged", "move it aside: what the log still holds is summed up anew"
            fault = Fault(what=f"the history {what}: {error}", where=str(self.path), next_step=step)
            raise StorageError(fault) from None
        except OSError as error:
            raise StorageError(Fault(what=f"the history cannot be written: {error}", where=str(self.path))) from None
