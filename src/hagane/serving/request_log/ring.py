"""`Ring`: the bounded place between the server's event loop and the log's thread."""

from __future__ import annotations

import threading
from collections import deque

from hagane.serving.request_log.record import Record


class Ring:
    """Records wait here, first in, first out. Whoever puts never waits; one thread takes.

    >>> ring = Ring(max_bytes=0)
    >>> ring.take(10, 10)
    []
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._records: deque[Record] = deque()
        self._putting = threading.Lock()
        self._put_bytes = 0
        self._freed_bytes = 0
        """Only its own side writes either of the two; what lies between is held."""
        self.num_dropped = 0
        """Records for which there was no room."""
        self._is_waited = False
        self._wake = threading.Event()

    def __len__(self) -> int:
        return len(self._records)

    @property
    def num_bytes(self) -> int:
        """About what the records hold that have not been let go."""
        return self._put_bytes - self._freed_bytes

    def put(self, record: Record) -> bool:
        """Leave a record here; False, and nothing is left, where there is no room for it."""
        with self._putting:
            if self._put_bytes - self._freed_bytes + record.num_bytes > self._max_bytes:
                self.num_dropped += 1
                return False
            self._put_bytes += record.num_bytes
        self._records.append(record)
        if self._is_waited:
            self._wake.set()
        return True

    def take(self, most_requests: int, most_rows: int) -> list[Record]:
        """The next records of one model and hour, together at most so many; one at least, if there is any."""
        records = self._records
        taken: list[Record] = []
        num_rows = 0
        while records and len(taken) < most_requests:
            record = records[0]
            num_rows += record.num_rows
            if taken and (num_rows > most_rows or not _together(record, taken[0])):
                break
            taken.append(records.popleft())
        return taken

    def free(self, taken: list[Record]) -> None:
        """Tell that these records are held no longer."""
        self._freed_bytes += sum(record.num_bytes for record in taken)

    def wait(self, timeout_seconds: float) -> None:
        """Return when there is a record, or `wake` is called, or after so long."""
        self._wake.clear()
        self._is_waited = True
        if not self._records:
            self._wake.wait(timeout_seconds)
        self._is_waited = False

    def wake(self) -> None:
        """Let `wait` return."""
        self._wake.set()


def _together(one: Record, other: Record) -> bool:
    return one.exchange.deployment is other.exchange.deployment and one.hour == other.hour
