"""`PolicyJournal`: every step of an endpoint's policy, kept beside its summaries."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from hagane.errors import Fault, StorageError
from hagane.file_lock import lock_file
from hagane.monitoring.policy_state import PolicyState, check_step, state_of
from hagane.monitoring.policy_step import PolicyStep
from hagane.workspace.history_file import HistoryFile
from hagane.workspace.window_summaries import WindowSummaries

SCHEMA = "CREATE TABLE IF NOT EXISTS policy_steps (number INTEGER PRIMARY KEY, content TEXT NOT NULL)"
LOCK_SUFFIX = ".policy.lock"
ROWS_SUFFIX = ".policy"


class PolicyJournal:
    """Of one endpoint. What was added is there after `kill -9`, and is never changed.

    >>> import tempfile
    >>> journal = PolicyJournal(Path(tempfile.mkdtemp()), "late")
    >>> journal.add(PolicyStep(action="pause", status="done", at=0, by="ada")).is_paused
    True
    """

    def __init__(self, folder: Path, endpoint: str) -> None:
        self.endpoint = endpoint
        self.path = WindowSummaries(folder, endpoint).path
        self._file = HistoryFile(self.path, (SCHEMA,))

    @property
    def rows_folder(self) -> Path:
        """Where the rows of a training from the request log lie until it ends."""
        return self.path.with_suffix(ROWS_SUFFIX)

    def steps(self) -> list[PolicyStep]:
        """The earliest first."""
        with self._file.reading() as connection:
            return _read(connection) if connection else []

    def state(self) -> PolicyState:
        """How far they have come."""
        return state_of(self.steps())

    def add(self, *steps: PolicyStep) -> PolicyState:
        """Keep these, all or none: the state after them. Raises SpecError for one that cannot follow.

        What a round finds again (it still waits for the same) is there once.
        """
        with self._file.changing() as connection:
            known = _read(connection)
            for step in steps:
                check_step(state_of(known), step)
                if known and _is_again(known[-1], step):
                    continue
                known.append(step)
                content = msgspec.json.encode(step).decode()
                connection.execute("INSERT INTO policy_steps (content) VALUES (?)", (content,))
        return state_of(known)

    @contextmanager
    def acting(self) -> Iterator[None]:
        """While this lasts, nobody else acts. Raises StorageError where somebody does; ends with the process."""
        path = self.path.with_suffix(LOCK_SUFFIX)
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = lock_file(path)
        if lock is None:
            step = "wait until it has done its step: a training may take a while"
            raise StorageError(Fault(what=f"another process acts on the policy of '{self.endpoint}'", where=str(path),
                                     next_step=step))  # fmt: skip
        try:
            yield
        finally:
            os.close(lock)


def _read(connection: sqlite3.Connection) -> list[PolicyStep]:
    rows = connection.execute("SELECT content FROM policy_steps ORDER BY number").fetchall()
    return [msgspec.json.decode(content, type=PolicyStep) for (content,) in rows]


def _is_again(last: PolicyStep, step: PolicyStep) -> bool:
    same = ("action", "status", "attempt", "by", "model", "why")
    return step.status in ("waiting", "failed") and all(getattr(last, name) == getattr(step, name) for name in same)
