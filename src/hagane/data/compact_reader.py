"""`CompactReader`: the values of Thrift's compact protocol, one after the other.

The protocol is Apache Thrift's `thrift-compact-protocol.md`. Parquet's headers and footers are written in it.
"""

from __future__ import annotations


class CompactReader:
    """Reads `data` from the place `at` on. Raises IndexError where they end too soon.

    >>> reader = CompactReader(bytes([200, 1, 5]))
    >>> reader.varint(), reader.zigzag(), reader.at
    (200, -3, 3)
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def bytes(self, count: int) -> bytes:
        """The next so many."""
        self.at += count
        if self.at > len(self.data):
            raise IndexError("behind the end")
        return self.data[self.at - count : self.at]

    def byte(self) -> int:
        """The next one."""
        return self.bytes(1)[0]

    def varint(self) -> int:
        """A number that is not negative. Raises ValueError for one of more than 64 bits."""
        value = shift = 0
        while shift < 70:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise ValueError("a number without an end")

    def zigzag(self) -> int:
        """A number."""
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def list_head(self) -> tuple[int, int]:
        """The kind of a list's items, and how many there are."""
        head = self.byte()
        return head & 0x0F, head >> 4 if head >> 4 < 15 else self.varint()
