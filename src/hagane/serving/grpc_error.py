"""What a refused call is told: a code, the faults as text, and what programs can read of them."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import quote

from hagane.serving.grpc_codes import NUMBERS, code_of
from hagane.serving.grpc_messages import message_class
from hagane.serving.http import HttpError, Response, one_line, placed

MOST_DETAILS = 4_000
"""Bytes of an error's text: it travels in a header, and clients take 8 KB of headers."""
MOST_TRAILERS = 7_000
"""Bytes of the text and of what programs read: that is left out where both are too much."""
STATUS_DETAILS = b"grpc-status-details-bin"
PUSHBACK = b"grpc-retry-pushback-ms"
"""How long a client that tries again by its service config waits first (gRPC's proposal A6)."""


def error_response(error: HttpError) -> Response:
    """The faults, a line each, as many as fit; headers are what becomes trailing metadata.

    With `retry-after` there is gRPC's own word for it, and google.rpc.RetryInfo; faults of the request are
    google.rpc.BadRequest's violations, and what the server failed on has a google.rpc.RequestInfo.
    """
    text = _text([placed(fault) for fault in error.faults])
    headers = error.headers
    seconds = int(dict(error.headers).get(b"retry-after", b"0"))
    if seconds:
        headers += ((PUSHBACK, str(1000 * seconds).encode()),)
    details = _details(error, seconds)
    if details:
        status = message_class("Status")(code=NUMBERS[code_of(error.status)], message=text, details=details)
        packed = status.SerializeToString()
        if len(quote(text)) + len(b64encode(packed)) <= MOST_TRAILERS:
            headers += ((STATUS_DETAILS, packed),)
    return Response(error.status, text.encode(), b"application/grpc", headers)


def _details(error: HttpError, retry_seconds: int) -> list[Any]:
    found = []
    if retry_seconds:
        found.append(_any("RetryInfo", retry_delay=message_class("Duration")(seconds=retry_seconds)))
    if error.status in (400, 413):
        violations = [{"field": fault.where, "description": one_line(fault)} for fault in error.faults]
        found.append(_any("BadRequest", field_violations=violations))
    if error.request_id:
        found.append(_any("RequestInfo", request_id=error.request_id))
    return found


def _any(name: str, **fields: Any) -> Any:
    value = message_class(name)(**fields).SerializeToString()
    return message_class("Any")(type_url=f"type.googleapis.com/google.rpc.{name}", value=value)


def _text(lines: list[str]) -> str:
    """As many lines as fit, and how many there are besides.

    >>> _text(["a", "b"]), _text(["x" * 3000] * 6)[-12:]
    ('a\\nb', '(and 2 more)')
    """
    told: list[str] = []
    size = 0
    for line in lines:
        short = line[: max(1, MOST_DETAILS // 4 * len(line) // max(len(quote(line)), 1))]
        size += len(quote(short))
        if told and size > MOST_DETAILS:
            break
        told.append(short)
    more = len(lines) - len(told)
    return "\n".join(told + ([f"(and {more} more)"] if more else []))
