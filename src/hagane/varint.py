"""`varint`: a number in as few bytes as it needs, as protocol buffers and Thrift write it."""

from __future__ import annotations


def varint(number: int) -> bytes:
    """A number that is not negative, seven bits a byte, the lowest first (LEB128).

    >>> varint(300).hex()
    'ac02'
    """
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)
