"""`request_id`: the name of a request in answers, logs, traces and feedback."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Mapping

HEADER = b"x-request-id"
_TAKEN = re.compile(rb"[A-Za-z0-9._~:/+=@-]{1,128}")
_random = random.Random()  # not the interpreter's own, which a program may seed
os.register_at_fork(after_in_child=_random.seed)


def request_id(headers: Mapping[bytes, bytes]) -> str:
    """The client's own `X-Request-Id` where it is one that any log can hold, or a new one.

    >>> request_id({b"x-request-id": b"order-17/3"})
    'order-17/3'
    >>> len(request_id({b"x-request-id": b"two words"}))
    16
    """
    given = headers.get(HEADER)
    if given is not None and _TAKEN.fullmatch(given):
        return given.decode()
    return new_request_id()


def new_request_id() -> str:
    """16 hexadecimal digits that no other request has; a name, not a secret.

    >>> new_request_id() == new_request_id()
    False
    """
    return f"{_random.getrandbits(64):016x}"
