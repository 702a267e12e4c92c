"""The HTTP front against raw sockets, hostile ones too; h11, which we did not write, reads its answers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import h11
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.errors import Fault
from hagane.serving.chunked_body import ChunkedBody
from hagane.serving.http import HttpError, Request, Response
from hagane.serving.http_connection import HttpConnection
from hagane.serving.http_front import HttpFront
from hagane.serving.http_limits import HttpLimits
from hagane.serving.http_server import HttpServer
from hagane.serving.listen import listen

MOST = 2_000
Reply = Callable[[Response], object]


class Echo:
    """Answers what it understood; paths under /later are answered at the loop's next turns, the last ones first."""

    max_body_bytes = MOST

    def __init__(self) -> None:
        self.held: list[tuple[Request, Reply]] = []
        self.seen: list[Request] = []

    def handle(self, request: Request, reply: Reply) -> None:
        self.seen.append(request)
        if request.path.startswith("/later"):
            self.held.append((request, reply))
            if len(self.held) == 1:
                asyncio.get_running_loop().call_soon(self.release)
        elif request.path != "/never":
            reply(self.answer(request))

    def release(self) -> None:
        held, self.held = self.held, []
        for request, reply in reversed(held):
            reply(self.answer(request))

    def answer(self, request: Request) -> Response:
        if request.path == "/empty":
            return Response(204, b"")
        if request.path == "/big":
            return Response(200, b"x" * int(request.query))
        told = [request.method.encode(), request.path.encode(), request.query, request.body]
        return Response(200, b"|".join(told), b"text/plain", ((b"x-odd", b"a\r\nset-cookie: b"),))

    def refuse(self, request: Request, error: HttpError, reply: Reply) -> None:
        reply(Response(error.status, f"{request.path}|{error.text}".encode(), b"text/plain"))

    def check_size(self, size: int) -> None:
        if size > MOST:
            raise HttpError(413, Fault(what="too large"))


@contextlib.contextmanager
def serving(app: Any = None, shutdown_seconds: float = 10, **limits: Any) -> Iterator[tuple[str, int, HttpServer]]:
    server = HttpServer(app or Echo(), limits=HttpLimits(**limits), shutdown_seconds=shutdown_seconds)
    with contextlib.closing(listen("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=(listener,), daemon=True)
        thread.start()
        assert server.started.wait(30)
        yield (*listener.getsockname()[:2], server)
        server.stop()
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    with serving() as (host, port, _):
        yield host, port


def exchange(address: tuple[str, int], *pieces: bytes, half_close: bool = False) -> bytes:
    """Send the pieces, and read to the end of the connection."""
    with socket.create_connection(address, timeout=30) as connection:
        for piece in pieces:
            connection.sendall(piece)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(100_000), b""))


def answers(stream: bytes, methods: list[str]) -> list[tuple[int, dict[bytes, bytes], bytes]]:
    """What h11's client makes of a stream of answers to such requests."""
    client, found = h11.Connection(h11.CLIENT), []
    client.receive_data(stream)
    client.receive_data(b"")
    for method in methods:
        client.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
        client.send(h11.EndOfMessage())
        response, body = client.next_event(), b""
        while isinstance(response, h11.InformationalResponse):
            response = client.next_event()
        if not isinstance(response, h11.Response):
            break
        while isinstance(event := client.next_event(), h11.Data):
            body += event.data
        assert isinstance(event, h11.EndOfMessage)
        found.append((response.status_code, dict(response.headers), body))
        if client.their_state is not h11.DONE:
            break
        client.start_next_cycle()
    return found


def request(method: str = "POST", target: str = "/a", body: bytes = b"", *lines: str) -> bytes:
    length = [f"Content-Length: {len(body)}"] if method == "POST" else []
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: x", *length, *lines, "", ""]).encode("latin-1") + body


CLOSE = "Connection: close"


def test_an_answer(address: tuple[str, int]) -> None:
    (answer,) = answers(exchange(address, request("POST", "/a%20b/%E9%8B%BC?q=%31#f", b"body", CLOSE)), ["POST"])
    status, headers, body = answer
    assert (status, body) == (200, "POST|/a b/鋼|q=%31|body".encode())
    assert headers[b"content-type"] == b"text/plain"
    assert headers[b"connection"] == b"close"
    assert headers[b"date"].endswith(b"GMT")
    assert headers[b"x-odd"] == b"a  set-cookie: b"
    assert b"set-cookie" not in headers


def test_requests_one_behind_the_other_are_answered_in_order(address: tuple[str, int]) -> None:
    count = 300
    sent = [request("POST", f"/{'later' if index % 3 else 'now'}/{index}", b"x" * index) for index in range(count)]
    stream = exchange(address, b"".join(sent), half_close=True)
    found = answers(stream, ["POST"] * count)
    assert [body.split(b"|")[1].rsplit(b"/")[-1] for _, _, body in found] == [b"%d" % each for each in range(count)]
    assert all(body.endswith(b"|" + b"x" * index) for index, (_, _, body) in enumerate(found))


def test_head_204_and_http_1_0(address: tuple[str, int]) -> None:
    stream = exchange(address, request("HEAD"), request("GET", "/empty"), request("GET", "/a", b"", CLOSE))
    found = answers(stream, ["HEAD", "GET", "GET"])
    assert [(status, body) for status, _, body in found] == [(200, b""), (204, b""), (200, b"GET|/a||")]
    assert found[0][1][b"content-length"] == str(len(b"HEAD|/a||")).encode()
    assert b"content-length" not in found[1][1]
    old = exchange(address, b"GET /1 HTTP/1.0\r\n\r\n")
    assert old.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nconnection: close\r\n" in old
    assert old.endswith(b"\r\n\r\nGET|/1||")
    kept = exchange(address, b"GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n")
    assert kept.index(b"\r\nconnection: keep-alive\r\n") < kept.index(b"GET|/1||HTTP/1.1")
    assert kept.index(b"\r\nconnection: close\r\n") > kept.index(b"GET|/1||HTTP/1.1")
    assert kept.endswith(b"GET|/2||")


def test_an_offer_of_another_protocol_is_not_taken(address: tuple[str, int]) -> None:
    """As Java's client asks, and curl --http2."""
    more = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")
    stream = exchange(address, request("POST", "/1", b"body", *more), request("GET", "/2", b"", *more, CLOSE))
    assert [body for _, _, body in answers(stream, ["POST", "GET"])] == [b"POST|/1||body", b"GET|/2||"]


def test_expect_100_continue(address: tuple[str, int]) -> None:
    head = request("POST", "/a", b"", CLOSE).replace(b"Length: 0", b"Length: 4\r\nExpect: 100-continue")
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(request("GET", "/later/1") + head)
        seen = b""
        while not seen.endswith(b"HTTP/1.1 100 Continue\r\n\r\n"):
            seen += connection.recv(1000)
        assert seen.startswith(b"HTTP/1.1 200")
        connection.sendall(b"body")
        rest = b"".join(iter(lambda: connection.recv(1000), b""))
    assert answers(rest, ["POST"])[0][2] == b"POST|/a||body"
    assert answers(exchange(address, head + b"body"), ["POST"])[0][0] == 200
    too_large = exchange(address, head.replace(b"Length: 4", b"Length: 4000"))
    assert too_large.startswith(b"HTTP/1.1 413")
    assert exchange(address, head.replace(b"100-continue", b"a miracle")).startswith(b"HTTP/1.1 417")


MALFORMED: dict[str, tuple[bytes, int]] = {
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "no method": (b"hello\r\n\r\n", 400),
    "bare line feeds": (b"GET / HTTP/1.1\nHost: x\n\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "folded": (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400),
    "space before the colon": (b"GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", 400),
    "nul": (b"GET / HTTP/1.1\r\nHost: x\0\r\n\r\n", 400),
    "two lengths": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "negative length": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
    "signed length": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na", 400),
    "length and chunks": (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunks twice": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "gzip": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "unknown coding": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "chunks in 1.0": (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "http 2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "http 0.9": (b"GET /\r\n\r\n", 505),
    "chunk without size": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    "chunk too long": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", 400),
    "a giant chunk": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"F" * 17 + b"\r\n", 400),
    "long target": (b"GET /" + b"a" * 20_000, 414),
    "long headers": (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 70_000, 431),
    "many headers": (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 20_000 + b"\r\n", 431),
    "large body": (request("POST", "/a", b"x" * (MOST + 1)), 413),
    "large body in chunks": (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"500\r\n" + b"x" * 0x500 + b"\r\n" * 1
        + b"500\r\n" + b"x" * 0x500 + b"\r\n",
        413,
    ),
    "half a request": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab", 400),
}  # fmt: skip


@pytest.mark.parametrize("case", MALFORMED)
def test_what_cannot_be_answered_is_refused_and_the_connection_ended(address: tuple[str, int], case: str) -> None:
    """Behind a good request, whose answer comes first."""
    sent, status = MALFORMED[case]
    half_close = case == "half a request"
    found = answers(exchange(address, request("GET", "/later/1") + sent, half_close=half_close), ["GET", "POST"])
    assert [each[0] for each in found] == [200, status]
    assert found[1][1][b"connection"] == b"close"


def test_a_refusal_reaches_a_client_that_still_sends(address: tuple[str, int]) -> None:
    """A socket closed with bytes unread would be reset, and the client would not learn why."""
    head = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n"
    assert exchange(address, head, b"x" * 1_000_000, b"x" * 2_000_000).startswith(b"HTTP/1.1 413")


def test_empty_lines_between_requests(address: tuple[str, int]) -> None:
    stream = exchange(address, b"\r\n\r\n" + request("GET", "/1") + b"\r\n" * 50_000 + request("GET", "/2", b"", CLOSE))
    assert [body for _, _, body in answers(stream, ["GET"] * 2)] == [b"GET|/1||", b"GET|/2||"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", b""),
        (b"GET / HT", b"HTTP/1.1 408"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: b", b"HTTP/1.1 408"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab", b"HTTP/1.1 408"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", b"HTTP/1.1 408"),
        (request("GET"), b"HTTP/1.1 200"),
    ],
)
def test_slow_clients_are_cut_off(sent: bytes, status: bytes) -> None:
    with serving(head_seconds=0.1, body_seconds=0.1, idle_seconds=0.1) as (host, port, _):
        stream = exchange((host, port), sent)
        assert stream.startswith(status)
        assert stream.count(b"HTTP/1.1") == bool(status)


def test_a_client_that_does_not_read_is_cut_off() -> None:
    app = Echo()
    with serving(app, unread_seconds=0.1) as (host, port, server), socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((host, port))
        connection.sendall(request("GET", "/big?9000000") * 20)
        while server.front.num_connections or not app.seen:
            threading.Event().wait(0.01)
        assert len(app.seen) < 20, "requests are not read while answers wait"


def test_back_pressure_on_pipelined_requests() -> None:
    app = Echo()
    with serving(app, 0.1, requests_at_once=4) as (host, port, _), socket.create_connection((host, port)) as connection:
        connection.sendall(request("GET", "/never") * 4 + request("GET", "/more") * 4)
        while len(app.seen) < 4:
            threading.Event().wait(0.01)
        threading.Event().wait(0.2)
        assert {each.path for each in app.seen} == {"/never"}


def test_a_drain_closes_what_is_idle_and_finishes_what_was_begun() -> None:
    with serving() as (host, port, server):
        idle, busy = (socket.create_connection((host, port), timeout=30) for _ in range(2))
        with idle, busy:
            idle.sendall(request("GET"))
            assert idle.recv(1000).startswith(b"HTTP/1.1 200")
            busy.sendall(request("POST", "/a", b"ab")[:-1])
            while server.front.num_connections < 2:
                threading.Event().wait(0.01)
            threading.Event().wait(0.1)
            server.stop()
            assert idle.recv(1000) == b""
            with pytest.raises(OSError):
                socket.create_connection((host, port), timeout=30).close()
            busy.sendall(b"b")
            (found,) = answers(b"".join(iter(lambda: busy.recv(1000), b"")), ["POST"])
            assert found[1][b"connection"] == b"close"
            assert found[2] == b"POST|/a||ab"


def test_what_never_ends_is_cut_off_when_the_server_stops() -> None:
    server = HttpServer(Echo(), shutdown_seconds=0.1)
    with contextlib.closing(listen("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=(listener,), daemon=True)
        thread.start()
        with socket.create_connection(listener.getsockname(), timeout=30) as connection:
            connection.sendall(request("GET", "/never"))
            assert server.started.wait(30)
            while not server.front.app.seen:  # type: ignore[attr-defined]
                threading.Event().wait(0.01)
            server.stop()
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1000) == b""
            thread.join(30)
            assert not thread.is_alive()


def test_real_clients_keep_their_connections(address: tuple[str, int]) -> None:
    def chunks() -> Iterator[bytes]:
        yield from (b"a", b"b" * 500, b"c")

    with httpx.Client(base_url="http://{}:{}".format(*address), trust_env=False) as client:
        for _ in range(3):
            assert client.post("/later/x", content=b"1").content == b"POST|/later/x||1"
            assert client.post("/x", content=chunks()).content == b"POST|/x||a" + b"b" * 500 + b"c"
            assert client.get("/big?3000000").content == b"x" * 3_000_000


# without sockets: every way in which a stream may be cut into pieces


class Wire:
    """A transport that keeps what is written, and that may be cut off."""

    def __init__(self) -> None:
        self.written = b""
        self.is_closed = self.is_paused = False

    def write(self, data: bytes) -> None:
        assert not self.is_closed
        self.written += data

    def writelines(self, pieces: list[bytes]) -> None:
        self.write(b"".join(pieces))

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int) -> None:
        pass

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.is_closed = True

    def close(self) -> None:
        self.is_closed = True

    abort = close


def converse(stream: bytes, cuts: list[int], known: dict[bytes, Any] | None = None) -> bytes:
    """What a connection answers to a stream that comes in these pieces; ids left out, since no two are the same."""

    async def run() -> bytes:
        front, wire = HttpFront(Echo(), HttpLimits(requests_at_once=3)), Wire()
        if known is not None:
            front.known_heads = known
        connection = HttpConnection(front)
        connection.connection_made(wire)  # type: ignore[arg-type]
        for start, end in itertools.pairwise([0, *sorted(cuts), len(stream)]):
            if end > start and not wire.is_closed:
                connection.data_received(stream[start:end])
            while wire.is_paused:
                await asyncio.sleep(0)
        await asyncio.sleep(0)
        if not wire.is_closed and not connection.eof_received():
            wire.close()
        for _ in range(3):
            await asyncio.sleep(0)
        return re.sub(rb"x-request-id: [0-9a-f]{16}\r\n", b"", wire.written)

    return asyncio.run(run())


def chunked(body: bytes, size: int) -> bytes:
    cut = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;a=b\r\n%b\r\n" % (len(each), each) for each in cut) + b"0\r\nTrailer: x\r\n\r\n"


BODIES = st.binary(max_size=60) | st.sampled_from([b"\r\n\r\n", b"0\r\n\r\nGET / HTTP/1.1\r\n", b"x" * MOST])
GOOD = st.one_of(
    st.builds(request, st.just("POST"), st.sampled_from(["/a", "/later/1", "/a?b", "/empty"]), BODIES),
    st.builds(request, st.sampled_from(["GET", "HEAD"]), st.sampled_from(["/a", "/later/1"])),
    st.builds(
        lambda body, size: b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, size),
        BODIES,
        st.integers(1, 70),
    ),
    st.just(b"\r\n"),
)
BAD = st.sampled_from([sent for sent, _ in MALFORMED.values() if len(sent) < 5_000])


@settings(deadline=None, max_examples=150)
@given(st.lists(GOOD, max_size=6), st.just(b"") | BAD, st.lists(st.integers(0, 1_500), max_size=12))
def test_any_cut_of_a_stream_has_the_same_answers(good: list[bytes], bad: bytes, cuts: list[int]) -> None:
    stream = b"".join(good) + bad
    whole = converse(stream, [])
    known: dict[bytes, Any] = {}
    cut = [each % (len(stream) + 1) for each in cuts]
    assert converse(stream, cut, known) == whole
    assert converse(stream, cut, known) == whole, "with heads that are known"
    assert converse(stream, list(range(0, len(stream), 1 + len(stream) // 400))) == whole


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=300), st.integers(1, 300), st.lists(st.integers(0, 700), max_size=6))
def test_chunks_are_what_h11_says_they_are(body: bytes, size: int, cuts: list[int]) -> None:
    stream = chunked(body, size) + b"GET"
    oracle = h11.Connection(h11.SERVER)
    oracle.receive_data(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + stream)
    oracle.next_event()
    content = b""
    while isinstance(event := oracle.next_event(), h11.Data):
        content += event.data
    assert isinstance(event, h11.EndOfMessage)
    ours, rest = ChunkedBody(), b""
    for start, end in itertools.pairwise([0, *sorted(each % len(stream) for each in cuts), len(stream)]):
        piece = stream[start:end]
        rest += piece[ours.feed(piece, 0) :]
    assert (ours.is_whole, b"".join(ours.pieces), ours.size) == (True, content, len(body))
    assert rest == oracle.trailing_data[0] == b"GET"


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=200))
def test_any_bytes_are_answered_with_http_or_with_nothing(stream: bytes) -> None:
    for prefix in (b"", b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"):
        answered = converse(prefix + stream, [])
        assert answered == b"" or answered.startswith(b"HTTP/1.1 ")
