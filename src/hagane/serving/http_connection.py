"""`HttpConnection`: HTTP/1.1 over one connection, requests in, answers out, in order."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from hagane.errors import Fault
from hagane.serving.chunked_body import ChunkedBody
from hagane.serving.http import HttpError, Request, Response
from hagane.serving.request_head import CHUNKED, HeadReader, RequestHead
from hagane.serving.request_id import request_id

if TYPE_CHECKING:
    from hagane.serving.http_front import HttpFront

LINGER_SECONDS = 2.0
"""After a refusal of what is still being sent: so long it is read and thrown away, or else the client would never see
why (a socket that is closed with bytes unread is reset)."""
HIGH_WATER_BYTES = 262_144
"""Answers waiting for the client: beyond, nothing more is read from it."""
JOINED_BYTES = 32_768
"""An answer up to this size is written in one piece with its head."""
_END = b"\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_EMPTY = b""
_ANSWER = b"%b%bx-request-id: %b\r\ncontent-length: %d\r\n\r\n%b"
_NO_HEAD = RequestHead("", "", b"", {}, 0, keep_alive=False)


class Turn(msgspec.Struct, gc=False):
    """One request of a connection: it is answered when those before it are."""

    connection: HttpConnection
    head: RequestHead | None
    size: int
    """Bytes of its body."""
    is_last: bool
    """Its answer ends the connection."""
    is_plain: bool
    """Its answer has a body, and says nothing about the connection."""
    id: str
    answer: Response | None = None

    def reply(self, response: Response) -> None:
        """Answer the request; on the event loop's thread, once, at any time. Nothing happens if the client has gone."""
        self.answer = response
        self.connection.answered(self)


class HttpConnection(asyncio.Protocol):
    """Reads requests and hands each, whole, to the front's application.

    A head that came before, byte for byte, is not parsed again. Requests that a client sends without waiting
    (pipelining) are all handed on; their answers go back in order. Nothing is read while more is being answered, or is
    waiting to be read by the client, than the limits allow.
    """

    def __init__(self, front: HttpFront) -> None:
        self._front = front
        self._app = front.app
        self._limits = front.limits
        self._known_heads = front.known_heads
        self._transport: asyncio.Transport
        self._turns: deque[Turn] = deque()
        self._turns_bytes = 0
        self._since = 0.0
        """When the present state began: idle, reading a head, reading a body."""
        self._began = 0.0
        """When the first byte of the present request came."""
        self._reader: HeadReader | None = None
        """A head of which some came."""
        self._tail = _EMPTY
        self._head_bytes = 0
        self._head: RequestHead | None = None
        """A head whose body is being read."""
        self._pieces: list[bytes] = []
        self._body_bytes = 0
        self._chunked: ChunkedBody | None = None
        self._held = _EMPTY
        """What came and is not read yet, since enough is being answered."""
        self._is_full = False
        """The client does not read its answers as fast as they come."""
        self._unread = (0.0, 0)
        """Since when how many bytes of answers wait."""
        self._has_sent_all = False
        """The client closed its half."""
        self._is_ending = False
        """Nothing more is read; the last turn ends the connection."""
        self._lingers_until = 0.0
        self._continue_due = False

    # what the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]
        transport.set_write_buffer_limits(HIGH_WATER_BYTES)  # type: ignore[attr-defined]
        self._since = time.monotonic()
        self._front.opened(self)

    def connection_lost(self, error: Exception | None) -> None:
        """The client is gone: answers for it are dropped."""
        self._is_ending = True
        self._turns.clear()
        self._held = _EMPTY
        self._pieces, self._chunked = [], None
        self._front.closed(self)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._held:
            self._held += data
        elif not self._is_ending:
            if self._head is None and self._reader is None and not self._turns and not self._is_full:
                end = data.find(_END) + 4
                head = self._known_heads.get(data[:end])
                if head is not None and head.length == len(data) - end:  # nearly always: one request, of a known head
                    self._began = self._since = time.monotonic()
                    self._hand_on(head, data[end:])
                    return
            self._read(data)

    def eof_received(self) -> bool:
        """The client sends no more; it still gets its answers."""
        self._has_sent_all = True
        if not self._is_ending and (self._reader is not None or self._head is not None):
            self._refuse(HttpError(400, Fault(what="the request ended before its end")))
        return bool(self._turns)

    def pause_writing(self) -> None:
        """The client does not read as fast as it is answered."""
        self._is_full = True

    def resume_writing(self) -> None:
        """It does again."""
        self._is_full = False
        self._go_on()

    # what the front calls

    def check(self, now: float) -> None:
        """Called now and then: ends what takes too long."""
        limits = self._limits
        waiting = self._transport.get_write_buffer_size()
        if now > self._lingers_until > 0:
            self.abort()
        elif waiting:
            self._check_unread(now, waiting)
        elif self._is_ending:
            self._unread = (now, 0)
        elif self._head is not None:
            seconds = limits.body_seconds + self._body_bytes / limits.body_bytes_a_second
            if now > self._since + seconds:
                self._refuse(_too_slow("body"))
        elif self._reader is not None:
            if now > self._since + limits.head_seconds:
                self._refuse(_too_slow("head"))
        elif not self._turns and now > self._since + limits.idle_seconds:
            self._transport.close()

    def drain(self) -> None:
        """Ends when what was begun is answered; at once where there is nothing."""
        if self._reader is None and self._head is None and not self._turns and not self._lingers_until:
            self._is_ending = True
            self._transport.close()

    def abort(self) -> None:
        """Ends at once."""
        self._is_ending = True
        self._turns.clear()
        self._transport.abort()

    # answers

    def answered(self, turn: Turn) -> None:
        """A turn has its answer: write it, and those behind it that are there, if it is the first."""
        turns = self._turns
        if not turns or turns[0] is not turn:
            return
        if len(turns) == 1 and turn.is_plain and not self._front.is_leaving:
            self._answer_plainly(turn)
            return
        is_last = False
        pieces: list[bytes] = []
        while turns and turns[0].answer is not None and not is_last:
            first = turns.popleft()
            self._turns_bytes -= first.size
            is_last = first.is_last or self._front.is_leaving
            pieces += self._pieces_of(first, is_last)
        if len(pieces) == 1:
            self._transport.write(pieces[0])
        else:
            self._transport.writelines(pieces)
        if is_last:
            self._end()
        elif not turns:
            self._idle()
        elif self._held:
            self._go_on()

    def _answer_plainly(self, turn: Turn) -> None:
        """The commonest answer: the only one that is due, by a connection that goes on."""
        response = turn.answer
        assert response is not None
        status, body, content_type, headers = response
        prefix = self._front.prefixes.get((status, content_type, headers))
        if prefix is None or status == 204 or len(body) > JOINED_BYTES:
            self._transport.writelines(self._pieces_of(turn, is_last=False))
        else:
            self._transport.write(_ANSWER % (prefix, _EMPTY, turn.id.encode(), len(body), body))
        self._turns.clear()
        self._turns_bytes = 0
        self._idle()

    def _idle(self) -> None:
        """Every request that came whole is answered."""
        self._since = time.monotonic()
        if self._continue_due:
            self._continue_due = False
            self._transport.write(_CONTINUE)
        if self._held:
            self._go_on()
        elif self._is_ending or self._has_sent_all:
            self._end()

    def _pieces_of(self, turn: Turn, is_last: bool) -> tuple[bytes, ...]:
        """The answer's bytes."""
        response, head = turn.answer, turn.head
        assert response is not None
        if is_last:
            connection = b"connection: close\r\n"
        elif head is not None and head.is_http10:
            connection = b"connection: keep-alive\r\n"
        else:
            connection = _EMPTY
        body = response.body
        prefix = self._front.prefix(response.status, response.content_type, response.headers)
        named = turn.id.encode()
        if response.status == 204:
            return (b"%b%bx-request-id: %b\r\n\r\n" % (prefix, connection, named),)
        if len(body) <= JOINED_BYTES and (head is None or head.method != "HEAD"):
            return (_ANSWER % (prefix, connection, named, len(body), body),)
        lines = _ANSWER % (prefix, connection, named, len(body), _EMPTY)
        return (lines, body) if head is None or head.method != "HEAD" else (lines,)

    def _end(self) -> None:
        """The last answer is written: close, or wait until a client that still sends has seen it."""
        self._is_ending = True
        self._turns.clear()
        self._held = _EMPTY
        if not self._lingers_until or not self._transport.can_write_eof():
            self._transport.close()
            return
        self._lingers_until = time.monotonic() + LINGER_SECONDS
        self._transport.write_eof()

    def _refuse(self, error: HttpError) -> None:
        """An error before there is a request: the connection's last answer, when those before it are given."""
        head = self._head
        head = head or _NO_HEAD
        turn = Turn(self, head, 0, True, False, request_id(head.headers))
        request = self._request(head, _EMPTY, turn.id)
        self._is_ending, self._reader, self._head, self._pieces, self._chunked = True, None, None, [], None
        self._held = _EMPTY
        self._lingers_until = float("inf")
        self._transport.resume_reading()
        self._turns.append(turn)
        self._app.refuse(request, error, turn.reply)

    # requests

    def _go_on(self) -> None:
        """Read what was held, if there is room again."""
        if self._held and not self._is_ending and self._has_room():
            data, self._held = self._held, _EMPTY
            self._transport.resume_reading()
            self._read(data)

    def _has_room(self) -> bool:
        limits = self._limits
        return (
            not self._is_full
            and len(self._turns) < limits.requests_at_once
            and self._turns_bytes < limits.bytes_at_once
        )

    def _read(self, data: bytes) -> None:
        """Take apart what came, request by request."""
        at = 0
        try:
            while at < len(data) and not self._is_ending:
                if not self._has_room():
                    self._held = data[at:]
                    self._transport.pause_reading()
                    return
                at = self._read_head(data, at) if self._head is None else self._read_body(data, at)
        except HttpError as error:
            self._refuse(error)

    def _read_head(self, data: bytes, at: int) -> int:
        """Some of a head; the place after it."""
        if self._reader is None:
            if data[at] in b"\r\n":  # some clients send an empty line behind a body
                return _behind_empty_lines(data, at)
            self._began = self._since = time.monotonic()
            end = data.find(_END, at) + 4
            head = self._known_heads.get(data[at:end]) if end > 3 else None
            if head is not None:
                return self._begin(head, data, end)
            self._reader, self._head_bytes, self._tail = HeadReader(), 0, _EMPTY
        return self._read_new_head(self._reader, data, at)

    def _read_new_head(self, reader: HeadReader, data: bytes, at: int) -> int:
        seam = self._tail + data[at : at + 3]
        across = seam.find(_END)
        end = at + across + 4 - len(self._tail) if across >= 0 else data.find(_END, at) + 4
        is_whole = across >= 0 or end > 3
        piece = data[at : end if is_whole else len(data)]
        self._head_bytes += len(piece)
        self._check_head_size(reader, piece)
        reader.feed(piece)
        if len(reader.target) > self._limits.line_bytes:
            raise HttpError(414, _too_long("request line is", self._limits.line_bytes))
        if not is_whole:
            self._tail = (self._tail + piece)[-3:]
            return len(data)
        head = reader.head()
        self._reader = None
        if self._head_bytes == len(piece):
            self._front.remember(piece, head)
        return self._begin(head, data, end)

    def _check_head_size(self, reader: HeadReader, piece: bytes) -> None:
        limits = self._limits
        if self._head_bytes > limits.head_bytes:
            if not reader.has_line and b"\r\n" not in piece[: limits.line_bytes + 64]:
                raise HttpError(414, _too_long("request line is", limits.line_bytes))
            raise HttpError(431, _too_long("headers are", limits.head_bytes))

    def _begin(self, head: RequestHead, data: bytes, at: int) -> int:
        """A head is whole: hand the request on if its body is there too."""
        length = head.length
        if 0 <= length <= len(data) - at and length <= self._app.max_body_bytes:
            end = at + length
            self._hand_on(head, data[at:end])
            return end
        self._head, self._pieces, self._body_bytes = head, [], 0
        self._app.check_size(length)
        if head.is_http10 or not head.expects_continue or at < len(data):
            pass
        elif self._turns:
            self._continue_due = True
        else:
            self._transport.write(_CONTINUE)
        self._since = time.monotonic()
        self._chunked = ChunkedBody() if length == CHUNKED else None
        return at

    def _read_body(self, data: bytes, at: int) -> int:
        """Some of a body; the place after it."""
        head, chunked = self._head, self._chunked
        assert head is not None
        if chunked is not None:
            at = chunked.feed(data, at)
            self._body_bytes = chunked.size
            self._app.check_size(chunked.size)
            pieces, is_whole = chunked.pieces, chunked.is_whole
        else:
            pieces, left = self._pieces, head.length - self._body_bytes
            pieces.append(data[at : at + left])
            self._body_bytes += len(pieces[-1])
            at += len(pieces[-1])
            is_whole = self._body_bytes == head.length
        if is_whole:
            self._head, self._pieces, self._chunked, self._continue_due = None, [], None, False
            self._hand_on(head, b"".join(pieces))
        return at

    def _hand_on(self, head: RequestHead, body: bytes) -> None:
        headers = head.headers
        turn = Turn(self, head, len(body), not head.keep_alive, head.is_plain, request_id(headers))
        if turn.is_last:
            self._is_ending = True
        self._turns.append(turn)
        self._turns_bytes += turn.size
        request = Request(head.method, head.path, {}, headers, body, head.query, self._began, turn.id)
        self._app.handle(request, turn.reply)

    def _request(self, head: RequestHead, body: bytes, id_: str) -> Request:
        return Request(head.method, head.path, {}, head.headers, body, head.query, self._began, id_)

    def _check_unread(self, now: float, waiting: int) -> None:
        since, before = self._unread
        if not before or waiting < before:
            self._unread = (now, waiting)
        elif now > since + self._limits.unread_seconds:
            self.abort()
        else:
            self._unread = (since, waiting)


def _behind_empty_lines(data: bytes, at: int) -> int:
    while at < len(data) and data[at] in b"\r\n":
        at += 1
    return at


def _too_long(what: str, most: int) -> Fault:
    return Fault(what=f"the {what} too long", expected=f"at most {most} bytes")


def _too_slow(what: str) -> HttpError:
    return HttpError(408, Fault(what=f"the {what} of the request came too slowly"))
