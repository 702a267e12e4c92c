"""`WorkspaceSessions`: a session for each job, or one that several jobs share."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hagane.session.rest.api_error import ApiError
from hagane.session.session import Session
from hagane.workspace.table_name import DEFAULT_DATASET
from hagane.workspace.workspace import Workspace

MAX_SESSIONS = 16
"""Sessions that jobs share; the oldest ends where there are more."""


class WorkspaceSessions:
    """Sessions over one workspace. Temporary tables and variables end with theirs, as in BigQuery."""

    def __init__(self, workspace: Workspace, project: str) -> None:
        self.workspace, self.project = workspace, project
        self._shared: dict[str, tuple[Session, threading.Lock]] = {}
        self._lock = threading.Lock()

    def new(self, dataset: str = "") -> Session:
        """A session of its own; `dataset` is what bare names are in."""
        return Session(self.workspace, project=self.project, dataset=dataset or DEFAULT_DATASET)

    @contextmanager
    def of(self, query: dict[str, Any]) -> Iterator[tuple[Session, str]]:
        """The session that a query asks for, and its name where it is shared. Raises ApiError.

        A shared one runs one job at a time.
        """
        dataset = str((query.get("defaultDataset") or {}).get("datasetId") or "")
        properties = {str(each.get("key")): str(each.get("value")) for each in query.get("connectionProperties") or ()}
        name = properties.get("session_id", "")
        if query.get("createSession"):
            name = self._share()
        if not name:
            yield self.new(dataset), ""
            return
        with self._lock:
            found = self._shared.get(name)
        if found is None:
            raise ApiError("notFound", f"Not found: Session {name}")
        session, lock = found
        with lock:
            session.state.dataset = dataset or DEFAULT_DATASET
            yield session, name

    def _share(self) -> str:
        name = uuid.uuid4().hex
        with self._lock:
            self._shared[name] = self.new(), threading.Lock()
            if len(self._shared) > MAX_SESSIONS:
                self._shared.pop(next(iter(self._shared)))
        return name
