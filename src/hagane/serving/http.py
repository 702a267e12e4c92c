"""A request and a response as the protocols see them, and the error that becomes a response."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from hagane.bundle.predictions import Predictions
from hagane.errors import Fault
from hagane.serving.request_id import new_request_id

JSON = b"application/json"


class Request(msgspec.Struct, gc=False):
    """What came, whole."""

    method: str
    path: str
    parameters: Mapping[str, str]
    """What the route's pattern named in the path; known once the route is found."""
    headers: Mapping[bytes, bytes]
    """By lower-case name; of several of one name, the last."""
    body: bytes = b""
    query: bytes = b""
    """What stands behind `?`."""
    received: float = msgspec.field(default_factory=time.monotonic)
    """When it began to come, in seconds of `time.monotonic`."""
    id: str = msgspec.field(default_factory=new_request_id)
    """The client's own `X-Request-Id`, or one made here: it names the request in answers, logs and feedback."""
    is_call: bool = False
    """Whether it came over gRPC: the body is the message, the headers are the metadata."""


class Response(NamedTuple):
    """What goes back, whole."""

    status: int
    body: bytes
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


def same_place(where: str) -> str:
    """The place of a fault as it is, for a protocol whose rows are in `instances`."""
    return where


class Rows(NamedTuple):
    """What a protocol read out of a request, and how it will answer it."""

    instances: object
    """The rows, not yet looked at; or `TypedInstances`, which are known to fit."""
    encode: Callable[[Predictions], Response]
    """Their predictions in the protocol's shape."""
    faults: tuple[Fault, ...] = ()
    """What is wrong with the rest of the request: told together with the faults of the rows."""
    place: Callable[[str], str] = same_place
    """Where `instances[3].age` stands in this protocol's request (`inputs.age[3]`)."""


class HttpError(Exception):
    """A request that gets no answer but why: an HTTP status and faults. The protocol gives it its shape."""

    def __init__(
        self,
        status: int,
        *faults: Fault,
        request_id: str = "",
        headers: tuple[tuple[bytes, bytes], ...] = (),
        is_shared: bool = False,
    ) -> None:
        self.status = status
        self.faults = tuple(map(_encodable, faults))
        self.request_id = request_id
        self.headers = headers
        self.answers: dict[str, Response] | None = {} if is_shared else None
        """Of an error that many requests get: what it looks like in each protocol, once that was written."""
        super().__init__(status, faults)

    @property
    def text(self) -> str:
        """Every fault on a line of its own, with its place: for protocols whose errors are a text.

        >>> print(HttpError(400, Fault(what="age is not an INT64", where="instances[0].age"), Fault(what="no id")).text)
        instances[0].age: age is not an INT64
        no id
        """
        return "\n".join(placed(fault) for fault in self.faults)


def _encodable(fault: Fault) -> Fault:
    """The fault with halves of surrogate pairs as escapes: JSON lets them in, no answer can hold them."""
    texts = {name: getattr(fault, name) for name in ("what", "where", "expected", "received", "nearest", "next_step")}
    try:
        "".join(texts.values()).encode()
    except UnicodeEncodeError:
        told = {name: text.encode("utf-8", "backslashreplace").decode() for name, text in texts.items()}
        return msgspec.structs.replace(fault, **told)
    return fault


def placed(fault: Fault) -> str:
    """A fault as one line of text that begins with its place."""
    return f"{fault.where}: {one_line(fault)}" if fault.where else one_line(fault)


def one_line(fault: Fault) -> str:
    """A fault as one line of text, its place left out.

    >>> one_line(Fault(what="age is not an INT64", expected="INT64: a whole number or null", received="3.5 (a number)"))
    'age is not an INT64; expected INT64: a whole number or null; received 3.5 (a number)'
    """
    parts = [fault.what]
    parts += [f"expected {fault.expected}"] if fault.expected else []
    parts += [f"received {fault.received}"] if fault.received else []
    parts += [f"did you mean {fault.nearest}?"] if fault.nearest else []
    parts += [fault.next_step] if fault.next_step else []
    return "; ".join(parts)
