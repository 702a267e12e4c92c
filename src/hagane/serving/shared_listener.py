"""`SharedListener`: takes connections of a listening socket, many in one turn of the event loop, and its part of them.

Event loops take one connection a turn (libuv does since 1.45). Where a turn is a batch of a model that takes 50 ms, the
64th of 64 new clients was heard after two seconds. Here a turn takes as many as there are.

Where several processes wait on one socket, no connection is refused or lost with a process: whoever lives takes it.
Left to the kernel, though, whichever process wakes first takes all: of 64 connections that came at once one of two
processes took 63, and four connections often went to one alone (sockets of their own with SO_REUSEPORT are no better
with few connections, and lose those that wait for a process that dies). Here a process that has more connections than
another leaves the next one to it, for a millisecond or two: then it takes it all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hagane.serving.workers.worker_board import WorkerBoard

MOST_A_TURN = 256
"""How many connections are taken before the event loop looks at others again."""
MOST_LEFT = 8
"""How many a process takes at once that another one was left and did not take."""
YIELD_SECONDS = 0.002
"""How long a process with more connections than another leaves it the first turn."""
PAUSE_SECONDS = 0.5
"""How long nothing is taken when the system has no descriptor or memory left."""

_LOG = logging.getLogger("hagane.serving")


class SharedListener:
    """Takes connections on the running event loop from now on, until `close`.

    `listener` does not block, and is closed with this; `num_connections` tells how many the process has open; `share`
    is the board of all processes that wait on it, and the line of this one on it; without it there is no other.
    """

    def __init__(
        self,
        listener: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        num_connections: Callable[[], int],
        share: tuple[WorkerBoard, int] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._listener, self._protocol, self._num_connections = listener, protocol, num_connections
        self._share, self._tls = share, tls
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None
        if share is not None:
            share[0].open(share[1])
        self._loop.add_reader(listener.fileno(), self._on_ready)

    @property
    def opening(self) -> set[asyncio.Task[object]]:
        """Connections that were taken and are not open yet."""
        return self._opening

    def close(self) -> None:
        """Take those that wait, for the system has greeted them already, and no more: the socket is closed here.

        When the last process has closed it clients are refused.
        """
        if self._listener.fileno() < 0:
            return
        self._loop.remove_reader(self._listener.fileno())
        self._take(MOST_A_TURN)
        if self._timer is not None:
            self._timer.cancel()
        if self._share is not None:
            self._share[0].close(self._share[1])
        self._listener.close()

    def _on_ready(self) -> None:
        part = self._part()
        if part > 0:
            self._take(part)
        else:
            self._pause(YIELD_SECONDS)

    def _part(self) -> int:
        """How many it may take until it has one more than any other process, or an eighth where they have many."""
        mine = self._tell()
        fewest = self._share[0].fewest_connections(but=self._share[1]) if self._share is not None else None
        return MOST_A_TURN if fewest is None else min(MOST_A_TURN, fewest + fewest // 8 - mine + 1)

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener.fileno())
        self._timer = self._loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        """Take its part; where nobody else has come meanwhile, some of what was left to them."""
        self._timer = None
        self._loop.add_reader(self._listener.fileno(), self._on_ready)
        part = self._part()
        self._take(part if part > 0 else MOST_LEFT)

    def _take(self, most: int) -> None:
        for _ in range(most):
            try:
                connection, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError):
                break  # there is none, or another process was faster
            except ConnectionAbortedError:
                continue  # the client has gone
            except OSError as error:
                _LOG.warning("no connection can be taken for now: %s", error)
                self._pause(PAUSE_SECONDS)
                break
            self._begin(connection)
        self._tell()

    def _begin(self, connection: socket.socket) -> None:
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

    def _tell(self) -> int:
        """How many connections there are here; the other processes are told."""
        mine = self._num_connections() + len(self._opening)
        if self._share is not None:
            self._share[0].set_connections(self._share[1], mine)
        return mine
