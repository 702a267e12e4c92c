"""A body in chunks (RFC 9112, section 7.1), taken apart as it comes."""

from __future__ import annotations

import re

from hagane.errors import Fault
from hagane.serving.http import HttpError

MOST_LINE_BYTES = 4_096
"""Of a chunk's size with its extensions."""
MOST_TRAILER_BYTES = 16_384
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n\x00]*)?\r\n")
_TRAILER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\r\n\x00]*\r\n")


class ChunkedBody:
    r"""The chunks' content in `pieces`, of `size` bytes so far. Extensions and trailers are read and left out.

    >>> body = ChunkedBody()
    >>> data = b"3;x=1\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET /"
    >>> at = body.feed(data, 0)
    >>> body.is_whole, b"".join(body.pieces), data[at:]
    (True, b'abcde', b'GET /')
    """

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.size = 0
        self.is_whole = False
        self._left = 0
        """Bytes of the present chunk that are to come, with its CRLF."""
        self._line = b""
        """The beginning of a line whose end did not come yet."""
        self._in_trailers = False
        self._trailer_bytes = 0

    def feed(self, data: bytes, at: int) -> int:
        """Read `data` from `at` on, to the body's end or its own; the place after what was read.

        Raises HttpError 400 for what is no chunk.
        """
        while at < len(data) and not self.is_whole:
            at = self._content(data, at) if self._left else self._next_line(data, at)
        return at

    def _content(self, data: bytes, at: int) -> int:
        """Some of a chunk, and of the CRLF behind it."""
        taken = min(self._left, len(data) - at)
        content = min(taken, max(self._left - 2, 0))
        if content:
            self.pieces.append(data[at : at + content])
            self.size += content
        end = data[at + content : at + taken]
        first = max(0, 2 - self._left)  # 1 where the CR came before
        if end != b"\r\n"[first : first + len(end)]:
            raise _refused("a chunk is not as long as it says")
        self._left -= taken
        return at + taken

    def _next_line(self, data: bytes, at: int) -> int:
        end = data.find(b"\n", at) + 1
        line = self._line + data[at : end or len(data)]
        if len(line) > MOST_LINE_BYTES:
            raise _refused("a line between chunks is too long")
        if not end:
            self._line = line
            return len(data)
        self._line = b""
        if self._in_trailers:
            self._trailer(line)
        else:
            self._size(line)
        return end

    def _size(self, line: bytes) -> None:
        found = _SIZE.fullmatch(line)
        if found is None:
            raise _refused("a chunk has no size")
        size = int(found[1], 16)
        self._in_trailers = size == 0
        self._left = size + 2 if size else 0

    def _trailer(self, line: bytes) -> None:
        self._trailer_bytes += len(line)
        if line == b"\r\n":
            self.is_whole = True
        elif self._trailer_bytes > MOST_TRAILER_BYTES or not _TRAILER.fullmatch(line):
            raise _refused("the fields behind the last chunk cannot be read")


def _refused(what: str) -> HttpError:
    return HttpError(400, Fault(what=what, where="Transfer-Encoding: chunked", expected="size in hexadecimal, content"))
