"""`BalancedListener`: takes connections of a socket that other processes share, so that all have as many.

All processes wait on one listening socket, so that no connection is ever refused or lost with a process: whoever lives
takes it. Left to the kernel, though, whichever process wakes first takes all that wait: of 64 connections that came at
once one of two processes took 63, and four connections often went to one alone (sockets of their own with SO_REUSEPORT
are no better with few connections, and lose those that wait for a process that dies). Here a process that has more
connections than another leaves the next one to it, for a millisecond or two: then it takes it all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable

from hagane.serving.workers.worker_board import WorkerBoard

YIELD_SECONDS = 0.002
"""How long a process with more connections than another leaves it the first turn."""
PAUSE_SECONDS = 0.5
"""How long nothing is taken when the system has no descriptor or memory left."""

_LOG = logging.getLogger("hagane.serving")


class BalancedListener:
    """Takes connections on the running event loop from now on, until `close`.

    `listener` does not block; `num_connections` tells how many the process has open; `share` is the
    board of all, and the line of this process on it.
    """

    def __init__(
        self,
        listener: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        num_connections: Callable[[], int],
        share: tuple[WorkerBoard, int],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._listener, self._protocol, self._num_connections = listener, protocol, num_connections
        (self._board, self._slot), self._tls = share, tls
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._board.open(self._slot)
        self._loop.add_reader(listener.fileno(), self._on_ready)

    def close(self) -> None:
        """Take no more. What was taken goes on."""
        self._board.close(self._slot)
        self._loop.remove_reader(self._listener.fileno())
        if self._timer is not None:
            self._timer.cancel()

    def _on_ready(self) -> None:
        mine = self._num_connections() + len(self._opening)
        self._board.set_connections(self._slot, mine)
        fewest = self._board.fewest_connections(but=self._slot)
        if fewest is None or mine <= fewest:
            self._take(mine)
        else:
            self._pause(YIELD_SECONDS)

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener.fileno())
        self._timer = self._loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        """Nobody else may have come: take one, if one waits still, and look again."""
        self._timer = None
        self._loop.add_reader(self._listener.fileno(), self._on_ready)
        self._take(self._num_connections() + len(self._opening))

    def _take(self, mine: int) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another process was faster, or the client has gone
        except OSError as error:
            _LOG.warning("no connection can be taken for now: %s", error)
            self._pause(PAUSE_SECONDS)
            return
        self._board.set_connections(self._slot, mine + 1)
        connection.setblocking(False)
        with contextlib.suppress(
            OSError
        ):  # asyncio sets it for sockets alone that it knows to be TCP: these it does not
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = self._loop.create_task(self._open(connection))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, connection, ssl=self._tls)
        except (OSError, ssl.SSLError):
            connection.close()  # the client has gone, or does not speak TLS
