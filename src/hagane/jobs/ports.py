"""`PortReservation`: ports that nobody else takes between their choice and the moment a replica listens.

A socket that holds a port would be in the way of the replica's own. So ports are chosen below those that the system
gives out by itself (to outgoing connections, and to whoever asks for port 0), and each is marked as taken by the name
of a Unix socket (Linux's abstract names), which other launchers see, and which goes with this process however it
ends. What remains open: a program that is told to use just that port.
"""

from __future__ import annotations

import random
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from hagane.errors import Fault, TrainingError

FIRST_PORT = 10_000
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST_EPHEMERAL = 32_768
"""Linux's, where it does not say."""
FEWEST = 1_000
"""With fewer ports than these below the system's own, those above them are taken, too."""


class PortReservation:
    """Free TCP ports of this machine, until it is closed.

    >>> with PortReservation() as reservation:
    ...     first, second = reservation.take(2)
    ...     first != second
    True
    """

    def __init__(self) -> None:
        self._marks: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for mark in self._marks:
            mark.close()

    def take(self, count: int) -> list[int]:
        """`count` ports that are free. Raises TrainingError where there are none."""
        taken: list[int] = []
        for port in _candidates():
            if len(taken) == count:
                return taken
            if self._mark(port):
                taken.append(port)
        raise TrainingError(Fault(what=f"there are no {count} free ports on this machine"))

    def claim(self, ports: Sequence[int]) -> None:
        """Just these ports. Raises TrainingError with each that is in use."""
        refused = [port for port in ports if not 0 < port <= 65535 or not self._mark(port)]
        if refused:
            step = "choose others with --start-port, or leave it out for any that are free"
            raise TrainingError(*(Fault(what=f"port {port} is in use", next_step=step) for port in refused))

    def _mark(self, port: int) -> bool:
        """Whether the port is free, and nobody else's from now on."""
        mark = _mark_port(port)
        if mark is None:
            return False
        if not _is_free(port):
            mark.close()
            return False
        self._marks.append(mark)
        return True


def _candidates() -> Iterator[int]:
    """Ports in random order, those that the system does not give out by itself first."""
    low, high = _ephemeral_range()
    outside = [*range(FIRST_PORT, min(low, 65536)), *range(max(high + 1, FIRST_PORT), 65536)]
    if len(outside) >= FEWEST:
        random.SystemRandom().shuffle(outside)
        yield from outside
    rest = [*range(max(low, 1024), high + 1)]
    random.SystemRandom().shuffle(rest)
    yield from rest


def _ephemeral_range() -> tuple[int, int]:
    try:
        low, high = (int(word) for word in EPHEMERAL.read_text().split())
    except (OSError, ValueError):
        return FIRST_EPHEMERAL, 65535
    return low, high


def _mark_port(port: int) -> socket.socket | None:
    """A socket whose name says that the port is taken, None where another has it. Names are the network namespace's."""
    mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    if sys.platform != "linux":
        return mark
    try:
        mark.bind(f"\0hagane-port-{port}")
    except OSError:
        mark.close()
        return None
    return mark


def _is_free(port: int) -> bool:
    """Whether one may listen there on every address; a port whose last connection is still closing is not free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
