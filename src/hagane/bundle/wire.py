"""The outline of a protocol buffer message: where its fields lie, without a look at what they mean.

https://protobuf.dev/programming-guides/encoding: a field is a tag (number and wire type) and a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from hagane.varint import varint

BYTES = 2
"""The wire type of texts, bytes and messages: their length, then themselves."""
_FIXED = {1: 8, 5: 4}


class WireField(NamedTuple):
    """A field, as positions in its message."""

    number: int
    wire_type: int
    start: int
    """Of its tag."""
    value: int
    """Of its value, behind the length where there is one."""
    end: int


def wire_fields(message: memoryview, passed_over: re.Pattern[bytes] | None = None) -> Iterator[WireField]:
    """The fields in order. Raises ValueError or IndexError where the bytes are no message.

    `passed_over` matches whole fields of which none is wanted, as many in a row as there are.

    >>> list(wire_fields(memoryview(field_bytes(7, b"abc"))))
    [WireField(number=7, wire_type=2, start=0, value=2, end=5)]
    """
    position, end = 0, len(message)
    while position < end:
        if passed_over is not None and (run := passed_over.match(message, position)):
            position = run.end()
            continue
        start = position
        tag, position = read_varint(message, position)
        wire_type = tag & 7
        if wire_type == 0:
            value = position
            _, position = read_varint(message, position)
        else:
            length = _FIXED.get(wire_type)
            if wire_type == BYTES:
                length, position = read_varint(message, position)
            if length is None or position + length > end:
                raise ValueError
            value, position = position, position + length
        yield WireField(tag >> 3, wire_type, start, value, position)


def read_varint(message: memoryview, position: int) -> tuple[int, int]:
    """The number that begins at `position`, and where it ends.

    >>> read_varint(memoryview(varint(300)), 0)
    (300, 2)
    """
    number = shift = 0
    while True:
        byte = message[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7
        if shift > 63:
            raise ValueError


def field_head(number: int, length: int) -> bytes:
    """What stands before the bytes of a field that has so many."""
    return varint(number << 3 | BYTES) + varint(length)


def field_bytes(number: int, value: bytes) -> bytes:
    """A text, bytes or a message as a field."""
    return field_head(number, len(value)) + value
