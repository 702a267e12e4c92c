"""The application as ASGI has it: what any ASGI server brings in goes the way of `App.handle`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from hagane.serving.http import HttpError, Request, Response
from hagane.serving.request_id import HEADER, request_id

if TYPE_CHECKING:
    from hagane.serving.app import App

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def answer_asgi(app: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one connection of the server: a request, or the start and end of its life."""
    if scope["type"] == "lifespan":
        await _live(app, receive, send)
    elif scope["type"] == "http":
        answered = await _respond(app, scope, receive)
        if answered is not None:
            await _send(*answered, send, head=scope["method"] == "HEAD")


async def _live(app: App, receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.shutdown":
            app.close()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _respond(app: App, scope: Scope, receive: Receive) -> tuple[Response, str] | None:
    """The response and the request's id, or None when the client has gone."""
    headers = {name.lower(): value for name, value in scope["headers"]}
    named = request_id(headers)
    request = Request(scope["method"], scope["path"], {}, headers, query=scope.get("query_string", b""), id=named)
    answered: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
    try:
        body = await _body(app, headers, receive)
    except HttpError as error:
        app.refuse(request, error, answered.set_result)
        return await answered, named
    if body is None:
        return None
    request.body = body
    app.handle(request, lambda response: None if answered.cancelled() else answered.set_result(response))
    return await answered, named


async def _body(app: App, headers: dict[bytes, bytes], receive: Receive) -> bytes | None:
    """The whole body; None when the client went away. Raises HttpError: 413 as soon as it is seen."""
    told = headers.get(b"content-length", b"")
    if told.isdigit():
        app.check_size(int(told[:20]))
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        size += len(chunk)
        app.check_size(size)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks) if len(chunks) > 1 else bytes(chunk)


async def _send(response: Response, named: str, send: Send, *, head: bool) -> None:
    empty = response.status == 204
    headers = [*response.headers, (HEADER, named.encode())]
    if response.status == 413:
        headers.append((b"connection", b"close"))  # of its body there is more than anybody wants to read
    if not empty:
        headers += [(b"content-length", str(len(response.body)).encode()), (b"content-type", response.content_type)]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head or empty else response.body})
