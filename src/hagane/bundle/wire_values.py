"""`wire_values`: the fields of a protocol buffer with their values, without its schema; nothing of it is copied."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hagane.bundle.wire import read_varint, wire_fields


def wire_values(
    message: memoryview, passed_over: re.Pattern[bytes] | None = None
) -> Iterator[tuple[int, int | memoryview]]:
    """(field number, value) of each field: an int for a varint, a view for bytes; fixed-width numbers are views too.

    Runs of fields that `passed_over` matches are left out.

    Raises IndexError or ValueError where it is none.

    >>> [(field, value if isinstance(value, int) else bytes(value))
    ...  for field, value in wire_values(memoryview(b"\\x08\\x96\\x01\\x12\\x02ab"))]
    [(1, 150), (2, b'ab')]
    """
    for field in wire_fields(message, passed_over):
        if field.wire_type == 0:
            yield field.number, read_varint(message, field.value)[0]
        else:
            yield field.number, message[field.value : field.end]
