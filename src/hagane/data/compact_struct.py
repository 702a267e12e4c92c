"""`CompactStruct`: a struct of Thrift's compact protocol, read whole, changed, and written again.

Parquet's footers are such structs. No library of ours hands them out to be changed: pyarrow reads them, and writes its
own alone. The protocol is Apache Thrift's `thrift-compact-protocol.md`; maps, which no footer has, are refused.
"""

from __future__ import annotations

from typing import Any

from hagane.data.compact_reader import CompactReader
from hagane.varint import varint

_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 12
_INTEGERS = (4, 5, 6)
_MAX_DEPTH = 16


class CompactStruct:
    """Fields by id: bool, int, bytes (texts; eight of them a double), `CompactList`, `CompactStruct`.

    >>> read = CompactStruct.read(bytes([0x15, 4, 0x18, 1, 97, 0x11, 0x00]))
    >>> read.fields, read.to_bytes().hex()
    ({1: (5, 2), 2: (8, b'a'), 3: (1, None)}, '15041801611100')
    """

    def __init__(self, fields: dict[int, tuple[int, Any]]) -> None:
        self.fields = fields

    @classmethod
    def read(cls, data: bytes) -> CompactStruct:
        """The struct that `data` begin with. Raises ValueError where they hold none."""
        try:
            return _Reader(data).struct(0)
        except IndexError:
            raise ValueError("the struct goes on behind its end") from None

    def get(self, field: int) -> Any:
        """The value of a field; None where it is not there."""
        return self.fields[field][1] if field in self.fields else None

    def put(self, field: int, value: Any) -> None:
        """Change the value of a field that is there."""
        self.fields[field] = (self.fields[field][0], value)

    def to_bytes(self) -> bytes:
        """The struct as it is written."""
        out, last = bytearray(), 0
        for field, (kind, value) in sorted(self.fields.items()):
            step = field - last
            out += bytes([step << 4 | kind]) if 0 < step < 16 else bytes([kind]) + varint(_zigzag(field))
            _write(out, kind, value)
            last = field
        out.append(_STOP)
        return bytes(out)


class CompactList:
    """Items of one kind. `raw` items are bytes that were written before."""

    def __init__(self, kind: int, items: list[Any], *, raw: bool = False) -> None:
        self.kind, self.items, self.raw = kind, items, raw


class _Reader(CompactReader):
    def struct(self, depth: int) -> CompactStruct:
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deeply")
        fields: dict[int, tuple[int, Any]] = {}
        field = 0
        while (head := self.byte()) != _STOP:
            step, kind = head >> 4, head & 0x0F
            field = field + step if step else self.zigzag()
            fields[field] = (kind, None if kind in (_TRUE, _FALSE) else self._value(kind, depth + 1))
        return CompactStruct(fields)

    def _value(self, kind: int, depth: int) -> Any:
        if kind in _INTEGERS:
            return self.zigzag()
        if kind in (_TRUE, _FALSE, _BYTE):  # the first two as items of a list
            return self.byte()
        if kind == _STRUCT:
            return self.struct(depth)
        if kind in (_LIST, _SET):
            inner, count = self.list_head()
            return CompactList(inner, [self._value(inner, depth + 1) for _ in range(count)])
        if kind not in (_BINARY, _DOUBLE):
            raise ValueError(f"no kind {kind} of value")
        return self.bytes(8 if kind == _DOUBLE else self.varint())


def _write(out: bytearray, kind: int, value: Any) -> None:
    if kind in (_TRUE, _FALSE):
        return  # the field's head says it
    if kind in _INTEGERS:
        out += varint(_zigzag(value))
    elif kind == _BYTE:
        out.append(value)
    elif kind == _STRUCT:
        out += value.to_bytes()
    elif kind in (_LIST, _SET):
        _write_list(out, value)
    else:
        out += value if kind == _DOUBLE else varint(len(value)) + value


def _write_list(out: bytearray, listed: CompactList) -> None:
    count = len(listed.items)
    out += bytes([count << 4 | listed.kind]) if count < 15 else bytes([0xF0 | listed.kind]) + varint(count)
    for item in listed.items:
        if listed.raw:
            out += item
        elif listed.kind in (_TRUE, _FALSE):
            out.append(item)
        else:
            _write(out, listed.kind, item)


def _zigzag(value: int) -> int:
    return (value << 1) ^ (value >> 63)
