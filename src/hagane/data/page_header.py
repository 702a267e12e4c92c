"""`read_page_header`: the few numbers of a Parquet page's header, which no library hands out.

The header is a struct of Thrift's compact protocol; fields 1 to 4 of `PageHeader` in parquet-format's `parquet.thrift`
are numbers, the rest is passed over to find where the page itself begins.
"""

from __future__ import annotations

from typing import NamedTuple

from hagane.data.compact_reader import CompactReader

_STOP, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 0, 3, 7, 8, 9, 10, 11, 12
_BOOLS, _INTEGERS = (1, 2), (4, 5, 6)
_COMPRESSED_SIZE, _CRC = 3, 4
_MAX_DEPTH = 8


class PageHeader(NamedTuple):
    """What is needed to check a page."""

    num_bytes: int
    """Of the header itself; the page begins behind it."""
    page_bytes: int
    """Of the page, as it lies in the file."""
    crc: int | None
    """CRC-32 of these bytes; None where the writer kept none."""


def read_page_header(data: bytes) -> PageHeader:
    """The header that `data` begin with. Raises IndexError where it goes on behind their end, ValueError for no header.

    >>> read_page_header(bytes([0x15, 0, 0x15, 200, 1, 0x15, 160, 1, 0x15, 6, 0x00]))
    PageHeader(num_bytes=11, page_bytes=80, crc=3)
    """
    reader = _Reader(data)
    numbers = reader.struct(0)
    if numbers.get(_COMPRESSED_SIZE, -1) < 0:
        raise ValueError("a page without a size")
    crc = numbers.get(_CRC)
    return PageHeader(reader.at, numbers[_COMPRESSED_SIZE], None if crc is None else crc & 0xFFFFFFFF)


class _Reader(CompactReader):
    """Walks over what it does not keep."""

    def struct(self, depth: int) -> dict[int, int]:
        """The whole numbers among the fields, by field id; `at` is behind the struct."""
        numbers: dict[int, int] = {}
        field = 0
        while (head := self.byte()) != _STOP:
            field = field + (head >> 4) if head >> 4 else self.zigzag()
            kind = head & 0x0F
            if kind in _INTEGERS:
                numbers[field] = self.zigzag()
            elif kind not in _BOOLS:  # a bool is in the field's head
                self._skip(kind, depth + 1)
        return numbers

    def _skip(self, kind: int, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deeply")
        if kind in _INTEGERS:
            self.varint()
        elif kind in (*_BOOLS, _BYTE):
            self.bytes(1)
        elif kind == _DOUBLE:
            self.bytes(8)
        elif kind == _BINARY:
            self.bytes(self.varint())
        elif kind in (_LIST, _SET):
            self._skip_list(depth)
        elif kind == _STRUCT:
            self.struct(depth)
        else:
            raise ValueError(f"no kind {kind} of value")

    def _skip_list(self, depth: int) -> None:
        kind, count = self.list_head()
        for _ in range(count):
            self._skip(kind, depth + 1)
