"""`WorkerBoard`: a few numbers of each worker that all of them, and their supervisor, see at once."""

from __future__ import annotations

import mmap
import os
import tempfile
import time

IS_OPEN, BEAT, CONNECTIONS, REQUESTS = range(4)
_FIELDS = 8
"""Int64 numbers a worker: one cache line, so that two workers never write the same one."""


class WorkerBoard:
    """Memory that processes share, with a line for each of `num_slots` workers. Each writes its own line alone.

    The first process makes it (`create`), the others open its descriptor, which they inherit.

    >>> board = WorkerBoard.create(3)
    >>> other = WorkerBoard(board.descriptor, 3)
    >>> board.open(0), board.open(2)
    (None, None)
    >>> other.set_connections(0, 5)
    >>> board.connections(0), board.fewest_connections(but=0), board.fewest_connections(but=2)
    (5, 0, 5)
    >>> board.close(2)
    >>> board.fewest_connections(but=0) is None
    True
    """

    def __init__(self, descriptor: int, num_slots: int) -> None:
        self.descriptor = descriptor
        self.num_slots = num_slots
        self._memory = memoryview(mmap.mmap(descriptor, num_slots * _FIELDS * 8)).cast("q")

    @classmethod
    def create(cls, num_slots: int) -> WorkerBoard:
        """A new one, on no disk where the system can do without. Its descriptor is inherited where that is asked."""
        size = num_slots * _FIELDS * 8
        if hasattr(os, "memfd_create"):
            descriptor = os.memfd_create("hagane-workers")
        else:
            with tempfile.TemporaryFile() as file:
                descriptor = os.dup(file.fileno())
        os.ftruncate(descriptor, size)
        return cls(descriptor, num_slots)

    def open(self, slot: int) -> None:
        """The worker in this slot takes connections from now on; all its numbers begin at 0."""
        self.close(slot)
        self.beat(slot)
        self._memory[slot * _FIELDS + IS_OPEN] = 1

    def close(self, slot: int) -> None:
        """The worker in this slot takes no connections (any more): nobody waits for it to."""
        self._memory[slot * _FIELDS + IS_OPEN] = 0
        for field in (BEAT, CONNECTIONS, REQUESTS):
            self._memory[slot * _FIELDS + field] = 0

    def beat(self, slot: int) -> None:
        """The worker's event loop turns."""
        self._memory[slot * _FIELDS + BEAT] = time.monotonic_ns()

    def seconds_since_beat(self, slot: int) -> float:
        """How long ago it last did; 0 for one that has not begun."""
        beat = self._memory[slot * _FIELDS + BEAT]
        return (time.monotonic_ns() - beat) / 1e9 if beat else 0.0

    def connections(self, slot: int) -> int:
        """How many it has open."""
        return self._memory[slot * _FIELDS + CONNECTIONS]

    def set_connections(self, slot: int, number: int) -> None:
        """Tell the others how many are open here."""
        self._memory[slot * _FIELDS + CONNECTIONS] = number

    def fewest_connections(self, but: int) -> int | None:
        """The least number of any other worker that takes connections; None where there is no other."""
        others = range(0, self.num_slots * _FIELDS, _FIELDS)
        memory = self._memory
        return min((memory[at + CONNECTIONS] for at in others if memory[at] and at != but * _FIELDS), default=None)

    def requests(self, slot: int) -> int:
        """How many it has answered."""
        return self._memory[slot * _FIELDS + REQUESTS]

    def add_request(self, slot: int) -> None:
        """It answered one more."""
        self._memory[slot * _FIELDS + REQUESTS] += 1
