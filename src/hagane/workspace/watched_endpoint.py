"""`WatchedEndpoint`: an endpoint of a workspace as a server follows it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from hagane.serving.endpoint_state import EndpointState
from hagane.serving.mirror_comparison import MirrorComparison
from hagane.serving.server_report import ServerReport
from hagane.workspace.workspace import Workspace


class WatchedEndpoint:
    """An `EndpointSource`, for one thread of one process.

    >>> import tempfile
    >>> watched = WatchedEndpoint(tempfile.mkdtemp(), "late")
    >>> watched.has_changed(), watched.has_changed()
    (True, False)
    """

    def __init__(self, root: Path | str, name: str) -> None:
        self._name = name
        self._endpoints = Workspace(root).endpoints
        self._connection: sqlite3.Connection | None = None
        self._seen: tuple[object, ...] | None = None

    def history(self) -> Sequence[EndpointState]:
        """Every revision, the newest first. Raises NotFoundError with the nearest name."""
        return self._endpoints.history(self._name)

    def has_changed(self) -> bool:
        """Whether another connection has written the registry since the last call, or there is another registry."""
        seen = self._look()
        changed, self._seen = seen != self._seen, seen
        return changed

    def report(self, report: ServerReport) -> None:
        """Keep what the server tells of itself."""
        self._endpoints.report(report)

    def withdraw(self, report: ServerReport) -> None:
        """The server has ended."""
        self._endpoints.withdraw(report)

    def add_comparison(self, server: str, comparison: MirrorComparison) -> None:
        """Keep what the server's mirrored requests have told so far of two versions."""
        self._endpoints.add_comparison(server, comparison)

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _look(self) -> tuple[object, ...]:
        """The file, and SQLite's own count of what others have committed to it."""
        try:
            status = self._endpoints.path.stat()
            place = (status.st_dev, status.st_ino)
            if self._connection is None or self._seen is None or self._seen[: len(place)] != place:
                self.close()
                uri = f"{self._endpoints.path.as_uri()}?mode=ro"
                self._connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
            with suppress(sqlite3.OperationalError):  # locked for a moment: the next look tells
                return (*place, *self._connection.execute("PRAGMA data_version").fetchone())
            return self._seen or place
        except OSError:
            return ()
