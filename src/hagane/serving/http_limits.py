"""What one client may ask of the HTTP server in bytes and seconds."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class HttpLimits:
    """Beyond them a request is refused, and a connection ended."""

    line_bytes: int = 16_384
    """Of a request line: 414."""
    head_bytes: int = 65_536
    """Of a request line and its headers: 431."""
    head_seconds: float = 10
    """From the first byte of a request to the end of its headers: 408."""
    body_seconds: float = 20
    """For a body, and a second more for each `body_bytes_a_second` that came: 408."""
    body_bytes_a_second: int = 1_000
    idle_seconds: float = 75
    """How long a connection without a request stays open."""
    unread_seconds: float = 30
    """How long a client may read nothing of the answers that wait for it."""
    requests_at_once: int = 64
    """Requests of one connection (pipelined) that are being answered; the next are not read before."""
    bytes_at_once: int = 16_777_216
    """Bytes of these requests' bodies, likewise."""
