"""`WorkspaceSessions`: a session for each job, or one that several jobs share."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from hagane.errors import HaganeError
from hagane.memory_budget import LEAST_BYTES, MemoryBudget
from hagane.session.rest.api_error import ApiError
from hagane.session.rest.jobs import MOST_AT_ONCE
from hagane.session.session import Session
from hagane.workspace.described import Described
from hagane.workspace.table_name import DEFAULT_DATASET
from hagane.workspace.workspace import Workspace

MAX_SESSIONS = 16
"""Sessions that jobs share; the oldest ends where there are more."""


class WorkspaceSessions:
    """Sessions over one workspace. Temporary tables and variables end with theirs, as in BigQuery."""

    def __init__(
        self,
        workspace: Workspace,
        project: str,
        answers: Callable[[str, str], pa.Table | None],
        *,
        memory_limit: str | int | None = None,
    ) -> None:
        self.workspace, self.project = workspace, project
        self._answers = answers
        self._memory_limit = max(LEAST_BYTES, MemoryBudget.of(memory_limit).num_bytes // MOST_AT_ONCE)
        self._shared: dict[str, tuple[Session, threading.Lock]] = {}
        self._datasets: set[str] = set()
        self._lock = threading.Lock()

    def new(self, dataset: str = "") -> Session:
        """A session of its own, to be closed; `dataset` is what bare names are in."""
        place = dataset or DEFAULT_DATASET
        session = Session(self.workspace, project=self.project, dataset=place, memory_limit=self._memory_limit)
        session.state.answers = self._answers
        return session

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
            with self.new(dataset) as session:
                yield session, ""
            return
        with self._lock:
            found = self._shared.get(name)
        if found is None:
            raise ApiError("notFound", f"Not found: Session {name}")
        session, lock = found
        with lock:
            session.state.dataset = dataset or DEFAULT_DATASET
            yield session, name

    def end(self, name: str) -> None:
        """End a shared session, and drop its tables. Raises ApiError where there is none."""
        with self._lock:
            found = self._shared.pop(name, None)
        if found is None:
            raise ApiError("notFound", f"Not found: Session {name}")
        with found[1]:
            found[0].close()
        self._drop(session_dataset(name))

    def make_dataset(self, name: str) -> None:
        """Make a dataset that ends with the server, where it is not there."""
        with self._lock:
            self._datasets.add(name)
            if name not in self.workspace.tables.datasets():
                self.workspace.tables.put_dataset(name, Described())

    def close(self) -> None:
        """End all shared sessions, and drop what was made for a while."""
        for name in list(self._shared):
            self.end(name)
        for name in list(self._datasets):
            self._drop(name)

    def _share(self) -> str:
        name = uuid.uuid4().hex
        with self._lock:
            self._shared[name] = self.new(), threading.Lock()
            oldest = next(iter(self._shared)) if len(self._shared) > MAX_SESSIONS else ""
        if oldest:
            self.end(oldest)
        return name

    def _drop(self, dataset: str) -> None:
        """A dataset with all that it holds."""
        with self._lock:
            self._datasets.discard(dataset)
        with contextlib.suppress(HaganeError):  # somebody has dropped it, or deployed a model of it
            for version in self.workspace.list():
                if version.name.startswith(f"{dataset}."):
                    self.workspace.delete(version.reference)
            self.workspace.tables.drop_dataset(dataset, cascade=True)


def session_dataset(name: str) -> str:
    """The dataset of a shared session's tables.

    >>> session_dataset("abc")
    '_session_abc'
    """
    return f"_session_{name}"
