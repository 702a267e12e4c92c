"""Bare servers that read a request and say hello, for `benchmarks/serving.py`: `KIND FOLDER PORT`, one worker."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any

BODY = b"hello"
HEADERS = [(b"content-length", b"5"), (b"content-type", b"text/plain")]


async def asgi(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """The body is read: what answers predictions has to."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    while (await receive()).get("more_body", False):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


async def rsgi(scope: Any, protocol: Any) -> None:
    await protocol()
    protocol.response_bytes(200, [("content-type", "text/plain")], BODY)


def uvicorn_hello(port: int) -> None:
    import uvicorn

    uvicorn.run(asgi, port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning", lifespan="off",
                server_header=False, date_header=False)  # fmt: skip


def granian_hello(port: int, interface: str) -> None:
    from granian.constants import Interfaces, Loops
    from granian.server import Server

    kind = Interfaces.ASGINL if interface == "asgi" else Interfaces.RSGI
    Server(f"peers.serving_hello:{interface}", port=port, interface=kind, loop=Loops.uvloop, workers=1,
           log_access=False).serve()  # fmt: skip


def raw_hello(port: int) -> None:
    """No framework: httptools tells where a request ends, uvloop carries the bytes. Nothing in Python is faster."""
    import asyncio

    import httptools
    import uvloop

    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-type: text/plain\r\n\r\nhello"

    class Hello(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport, self.parser = transport, httptools.HttpRequestParser(self)

        def data_received(self, data: bytes) -> None:
            self.parser.feed_data(data)

        def on_message_complete(self) -> None:
            self.transport.write(answer)

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Hello, "127.0.0.1", port)
        await server.serve_forever()

    uvloop.run(run())


if __name__ == "__main__":
    kind, number = sys.argv[1], int(sys.argv[3])
    if kind == "uvicorn":
        uvicorn_hello(number)
    elif kind == "raw":
        raw_hello(number)
    else:
        granian_hello(number, kind)
