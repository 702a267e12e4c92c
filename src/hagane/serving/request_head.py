"""The head of an HTTP/1.1 request: its line and headers, read by httptools, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

import httptools

from hagane.errors import Fault
from hagane.serving.http import HttpError

CHUNKED = -1


class RequestHead(NamedTuple):
    """What the head says."""

    method: str
    path: str
    """Percent signs decoded."""
    query: bytes
    """What stands behind `?`."""
    headers: Mapping[bytes, bytes]
    """By lower-case name; of several of one name, the last."""
    length: int
    """Bytes of the body; -1 where it comes in chunks."""
    keep_alive: bool
    """Whether the client wants to send more over this connection."""
    is_http10: bool = False
    expects_continue: bool = False
    """The client waits for a word before it sends the body."""

    is_plain: bool = False
    """Its answer has a body, and needs to say nothing about the connection."""


class HeadReader:
    r"""Reads one head, in as many pieces as it comes.

    >>> reader = HeadReader()
    >>> reader.feed(b"POST /predict?a=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
    >>> head = reader.head()
    >>> head.method, head.path, head.query, head.length, head.keep_alive
    ('POST', '/predict', b'a=1', 3, True)
    """

    def __init__(self) -> None:
        self.target = b""
        """What the request line asks for, as far as it came."""
        self.has_line = False
        """Whether the request line came whole."""
        self._headers: list[tuple[bytes, bytes]] = []
        self._is_whole = self._keep_alive = False
        self._parser = httptools.HttpRequestParser(self)

    def feed(self, data: bytes) -> None:
        """Some of the head; nothing of what is behind it. Raises HttpError 400."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # another protocol is offered, and not taken: the request is one of HTTP/1.1 all the same
        except httptools.HttpParserError as error:
            if not self._is_whole:
                raise _refused(400, f"this is no HTTP request: {error}") from None

    def head(self) -> RequestHead:
        """All of it. Raises HttpError: 400, 417, 501, 505."""
        if not self._is_whole:
            raise _refused(400, "this is no HTTP request")
        version = self._parser.get_http_version()
        if version not in ("1.0", "1.1"):
            raise _refused(505, f"HTTP/{version} is not spoken here", "HTTP/1.1")
        is_http10 = version == "1.0"
        headers = dict(self._headers)
        if not is_http10 and sum(name == b"host" for name, _ in self._headers) != 1:
            raise _refused(400, "not one Host", "a Host header")
        path, query = self._path_and_query()
        method = self._parser.get_method().decode("ascii")
        expects = headers.get(b"expect", b"").lower()
        if expects not in (b"", b"100-continue"):
            raise _refused(417, "what is expected is not done here", "Expect: 100-continue")
        length = self._length(headers, is_http10)
        expects_continue = bool(expects) and not is_http10
        keep_alive = self._keep_alive
        is_plain = keep_alive and not is_http10 and method != "HEAD"
        return RequestHead(method, path, query, headers, length, keep_alive, is_http10, expects_continue, is_plain)

    def _path_and_query(self) -> tuple[str, bytes]:
        target = self.target
        if not target.startswith(b"/") or b"#" in target:
            try:
                url = httptools.parse_url(target)
            except httptools.HttpParserInvalidURLError:
                return target.decode("latin-1"), b""  # `*`, or an authority
            return unquote((url.path or b"/").decode("latin-1")), url.query or b""
        path, _, query = target.partition(b"?")
        return unquote(path.decode("latin-1")), query

    def _length(self, headers: Mapping[bytes, bytes], is_http10: bool) -> int:
        encoding = headers.get(b"transfer-encoding")
        if encoding is None:
            return int(headers.get(b"content-length", b"0"))
        if is_http10:
            raise _refused(400, "HTTP/1.0 has no chunks", "a Content-Length")
        if encoding.lower() != b"chunked" or sum(name == b"transfer-encoding" for name, _ in self._headers) != 1:
            raise _refused(501, "the body is encoded on its way", "Transfer-Encoding: chunked")
        return CHUNKED

    def on_url(self, piece: bytes) -> None:
        """Called by the parser."""
        self.target += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        self.has_line = True
        self._headers.append((name.lower(), value.strip()))

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._is_whole = True
        self._keep_alive = self._parser.should_keep_alive()


def _refused(status: int, what: str, expected: str = "") -> HttpError:
    return HttpError(status, Fault(what=what, expected=expected))
