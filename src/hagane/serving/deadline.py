"""The deadline of a request: how long its client waits for the answer, and the refusal of what is too late to begin."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from hagane.errors import Fault
from hagane.serving.exchange import Exchange
from hagane.serving.http import HttpError

TIMEOUT_HEADER = b"x-request-timeout"
GRPC_TIMEOUT_HEADER = b"grpc-timeout"
_TIMEOUT = re.compile(rb"(\d{1,9}(?:\.\d{1,9})?)\s*(ms|s)?")
_GRPC_TIMEOUT = re.compile(rb"(\d{1,8})([HMSmun])")
_GRPC_UNITS = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}


def timeout_seconds(headers: Mapping[bytes, bytes], default: float) -> float:
    """How long the client waits, in seconds, from the first byte of its request on; `default` where it does not say.

    `X-Request-Timeout` is a number of seconds, or has a unit: `0.5`, `500ms`, `2s`. `grpc-timeout` is gRPC's own form
    (a number of at most 8 digits and one of H, M, S, m, u, n). Of both the shorter counts; no client gets more than the
    default. Raises HttpError 400 for what is neither.

    >>> [timeout_seconds({b"x-request-timeout": text}, 60) for text in (b"0.5", b"500ms", b"2 s", b"900")]
    [0.5, 0.5, 2.0, 60]
    >>> timeout_seconds({b"grpc-timeout": b"250m"}, 60), timeout_seconds({}, 60)
    (0.25, 60)
    """
    text = headers.get(TIMEOUT_HEADER)
    if text is not None:
        found = _TIMEOUT.fullmatch(text.strip())
        if found is None:
            raise _unreadable("X-Request-Timeout", text, "seconds, such as 0.5, or milliseconds, such as 500ms")
        default = min(default, float(found[1]) * (1e-3 if found[2] == b"ms" else 1.0))
    text = headers.get(GRPC_TIMEOUT_HEADER)
    if text is None:
        return default
    found = _GRPC_TIMEOUT.fullmatch(text.strip())
    if found is None:
        raise _unreadable("grpc-timeout", text, "at most 8 digits and a unit of H, M, S, m, u, n")
    return min(default, int(found[1]) * _GRPC_UNITS[found[2]])


def check_deadline(exchange: Exchange) -> None:
    """To be called before a request is run that may have waited. Raises HttpError 504: nobody waits for it any more."""
    if time.monotonic() > exchange.deadline:
        raise too_late(exchange)


def too_late(exchange: Exchange) -> HttpError:
    """The refusal of a request whose deadline has passed before it was run."""
    allowed = exchange.deadline - exchange.request.received
    fault = Fault(
        what="the request's deadline passed before it could be run",
        expected=f"an answer within {allowed:.3g} s",
        next_step="send it again when the server has less to do, or allow it more time: X-Request-Timeout",
    )
    return HttpError(504, fault)


def _unreadable(name: str, text: bytes, expected: str) -> HttpError:
    fault = Fault(what=f"{name} is no time", where=name, expected=expected, received=ascii(text[:40])[2:-1])
    return HttpError(400, fault)
