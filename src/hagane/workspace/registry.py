"""The registry of models and endpoints: one SQLite file, safe for many processes at once.

`versions` holds one row a number given out. Its document is NULL while the model is being made, after its maker
died, and after its deletion: so a number is never given twice, and a folder whose document is NULL is known to be
rubbish. `endpoints`, `servers` and `comparisons` are `hagane.workspace.endpoints`'. Every change runs in one immediate
transaction, so that no version is deleted while it is being deployed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from hagane.errors import DataError, Fault
from hagane.workspace.model_version import ModelVersion

FORMAT_VERSION = 2
"""Format 1 knew no endpoints: their tables are made by the first change."""
BUSY_TIMEOUT_SECONDS = 30

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS versions (name TEXT NOT NULL COLLATE NOCASE, version INTEGER NOT NULL,"
    " document TEXT, PRIMARY KEY (name, version))",
    "CREATE TABLE IF NOT EXISTS endpoints (name TEXT NOT NULL COLLATE NOCASE, revision INTEGER NOT NULL,"
    " document TEXT NOT NULL, PRIMARY KEY (name, revision))",
    "CREATE TABLE IF NOT EXISTS servers (endpoint TEXT NOT NULL COLLATE NOCASE, server TEXT NOT NULL,"
    " document TEXT NOT NULL, PRIMARY KEY (endpoint, server))",
    "CREATE TABLE IF NOT EXISTS comparisons (endpoint TEXT NOT NULL COLLATE NOCASE, server TEXT NOT NULL,"
    " served TEXT NOT NULL, mirrored TEXT NOT NULL, document TEXT NOT NULL,"
    " PRIMARY KEY (endpoint, server, served, mirrored))",
    f"PRAGMA user_version = {FORMAT_VERSION}",
)
"""Names ignore case, as file systems may: `Late` and `late` are one model."""


class Registry:
    """Rows of the registry at `path`; the file is made by the first change."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection for queries, or None where there is no registry yet."""
        if not self.path.exists():
            yield None
            return
        with closing(self._connect()) as connection:
            yield connection if self._format(connection) else None

    @contextmanager
    def reading_endpoints(self) -> Iterator[sqlite3.Connection | None]:
        """As `reading`; None, too, where no release that knows endpoints has written here."""
        with self.reading() as connection:
            yield connection if connection is not None and self._format(connection) > 1 else None

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """A connection in an immediate transaction: the only writer, committed at the end, rolled back on an error."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._connect()) as connection:
            self._format(connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                if self._format(connection) < FORMAT_VERSION:
                    for statement in SCHEMA:
                        connection.execute(statement)
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)

    def _format(self, connection: sqlite3.Connection) -> int:
        """The file's format version, 0 for a new file. Raises DataError for one that this release cannot read."""
        try:
            found: int = connection.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            step = "move it aside; `hagane models` then starts anew, and bundles can still be named by path"
            raise DataError(Fault(what=f"{self.path} is no registry: {error}", next_step=step)) from None
        if found > FORMAT_VERSION:
            what = f"{self.path} was written by a later release of Hagane"
            raise DataError(Fault(what=what, expected=f"format {FORMAT_VERSION}", received=f"format {found}"))
        return found


def allocate(connection: sqlite3.Connection, name: str, *, above: int = 0) -> int:
    """The next version number of `name`: larger than any given before, and than `above`."""
    row = connection.execute("SELECT max(version) FROM versions WHERE name = ?", (name,)).fetchone()
    version = max(row[0] or 0, above) + 1
    connection.execute("INSERT INTO versions VALUES (?, ?, NULL)", (name, version))
    return version


def fill(connection: sqlite3.Connection, version: ModelVersion) -> None:
    """Make an allocated version a registered one. Its path is not kept: it follows from the workspace's place."""
    document = msgspec.json.encode(msgspec.structs.replace(version, path=Path()), enc_hook=str).decode()
    _set_document(connection, version.name, version.version, document)


def clear(connection: sqlite3.Connection, name: str, version: int) -> None:
    """Make a registered version a mere number that was given out."""
    _set_document(connection, name, version, None)


def _set_document(connection: sqlite3.Connection, name: str, version: int, document: str | None) -> None:
    statement = "UPDATE versions SET document = ? WHERE name = ? AND version = ?"
    changed = connection.execute(statement, (document, name, version)).rowcount
    assert changed == 1, (name, version)


def select(connection: sqlite3.Connection, name: str | None = None, version: int | None = None) -> list[ModelVersion]:
    """Registered versions by name (ignoring case), the newest first; all names where it is None."""
    statement = (
        "SELECT document FROM versions WHERE (?1 IS NULL OR name = ?1) AND (?2 IS NULL OR version = ?2)"
        " AND document IS NOT NULL ORDER BY name, version DESC"
    )
    rows = connection.execute(statement, (name, version))
    return [msgspec.json.decode(row[0], type=ModelVersion, dec_hook=_as_path) for row in rows]


def select_empty(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    """Name and number of every version given out that is not (or no longer) registered."""
    return connection.execute("SELECT name, version FROM versions WHERE document IS NULL").fetchall()


def spelling(connection: sqlite3.Connection, name: str) -> str:
    """The name as it was first written: `late` where `Late` is asked for later."""
    row = connection.execute("SELECT name FROM versions WHERE name = ? ORDER BY version", (name,)).fetchone()
    return row[0] if row else name


def _as_path(kind: type, value: object) -> Path:
    assert kind is Path, kind
    return Path(str(value))
