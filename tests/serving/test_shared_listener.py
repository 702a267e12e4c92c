"""Connections are shared out evenly, and none is left alone: two listeners on one socket, in one process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hagane.serving import shared_listener
from hagane.serving.listen import listen
from hagane.serving.shared_listener import SharedListener
from hagane.serving.workers.worker_board import WorkerBoard


class Side:
    """One of two processes, as it were."""

    def __init__(self, listener: socket.socket, board: WorkerBoard, slot: int) -> None:
        self.transports: list[asyncio.BaseTransport] = []
        self.nodelay: list[int] = []
        side = self

        class Connection(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                side.transports.append(transport)
                peer = transport.get_extra_info("socket")
                side.nodelay.append(peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
                transport.write(b"%d" % slot)  # type: ignore[attr-defined]

            def connection_lost(self, error: Exception | None) -> None:
                side.transports.clear()

        self.listener = SharedListener(listener.dup(), Connection, lambda: len(self.transports), (board, slot))


@asynccontextmanager
async def two_sides() -> AsyncIterator[tuple[socket.socket, WorkerBoard, list[Side]]]:
    listener, board = listen("127.0.0.1", 0), WorkerBoard.create(2)
    sides = [Side(listener, board, slot) for slot in range(2)]
    try:
        yield listener, board, sides
    finally:
        for side in sides:
            side.listener.close()
            for transport in side.transports:
                transport.close()
        await asyncio.sleep(0)
        listener.close()


async def connect(listener: socket.socket, count: int) -> list[bytes]:
    """Who answered each of `count` connections, which stay open while they are made."""
    opened = await asyncio.gather(*(asyncio.open_connection(*listener.getsockname()) for _ in range(count)))
    answers = [await reader.readexactly(1) for reader, _ in opened]
    for _, writer in opened:
        writer.close()
    return answers


@pytest.mark.parametrize("count", [2, 4, 30])
def test_both_get_as_many(count: int) -> None:
    async def run() -> None:
        async with two_sides() as (listener, _, sides):
            answered = await connect(listener, count)
            assert abs(answered.count(b"0") - count // 2) <= count // 8
            assert all(side.nodelay and all(side.nodelay) for side in sides)

    asyncio.run(run())


def test_one_that_does_not_come_is_not_waited_for() -> None:
    """It has said that it takes connections, has fewer than the other, and hangs."""

    async def run() -> None:
        async with two_sides() as (listener, board, sides):
            sides[1].listener.close()
            board.open(1)
            assert await connect(listener, 6) == [b"0"] * 6

    asyncio.run(run())


def test_one_that_is_closed_leaves_all_to_the_other() -> None:
    async def run() -> None:
        async with two_sides() as (listener, board, sides):
            sides[0].listener.close()
            assert board.fewest_connections(but=1) is None
            assert await connect(listener, 6) == [b"1"] * 6

    asyncio.run(run())


def test_a_turn_of_the_event_loop_takes_all_that_wait() -> None:
    """A loop that is busy for long in each turn, and 30 clients that come at once."""

    async def run() -> None:
        opened: list[object] = []

        class Connection(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                opened.append(transport)

        with listen("127.0.0.1", 0) as listener, contextlib.ExitStack() as clients:
            for _ in range(30):
                clients.enter_context(socket.create_connection(listener.getsockname()))
            alone = SharedListener(listener, Connection, lambda: len(opened))
            for _ in range(6):  # turns: one to take them, some to open them
                await asyncio.sleep(0)
            assert len(opened) == 30
            alone.close()

    asyncio.run(run())


def test_no_descriptor_left(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """It waits, and goes on: a server that spins or ends would be worse."""
    monkeypatch.setattr(shared_listener, "PAUSE_SECONDS", 0.01)

    class Full:
        """A socket that has no descriptor for its first connection."""

        def __init__(self, listener: socket.socket) -> None:
            self.listener, self.refusals = listener, 1

        def fileno(self) -> int:
            return self.listener.fileno()

        def accept(self) -> tuple[socket.socket, object]:
            self.refusals -= 1
            if self.refusals >= 0:
                raise OSError(24, "Too many open files")
            return self.listener.accept()

        def close(self) -> None:
            self.listener.close()

        def dup(self) -> Full:
            return self

    async def run() -> None:
        with listen("127.0.0.1", 0) as listener:
            side = Side(Full(listener), WorkerBoard.create(1), 0)  # type: ignore[arg-type]
            assert await connect(listener, 2) == [b"0", b"0"]
            side.listener.close()

    asyncio.run(run())
    assert "Too many open files" in caplog.text
