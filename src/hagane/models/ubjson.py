"""`read_ubjson`: Universal Binary JSON (draft 12), in which XGBoost saves models as `.ubj`."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

NUMBERS = {"i": ">i1", "U": ">u1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8"}
CONSTANTS = {"Z": None, "T": True, "F": False}
MOST_DEPTH = 100


def read_ubjson(content: bytes) -> Any:
    """The value that `content` holds; arrays of one type of number are numpy's. Raises ValueError for anything else.

    >>> read_ubjson(b"{i\\x01aSi\\x02hii\\x01b[$U#U\\x03\\x01\\x02\\x03i\\x01c[TZ]}")["b"].tolist()
    [1, 2, 3]
    >>> read_ubjson(b"[i")
    Traceback (most recent call last):
    ...
    ValueError: it ends in the middle of a value
    """
    reader = _Reader(content)
    try:
        return reader.value(reader.mark(), 0)
    except (IndexError, struct.error):
        raise ValueError("it ends in the middle of a value") from None


class _Reader:
    """Where the reading of some bytes stands."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def mark(self) -> str:
        """The next type, past those that say nothing."""
        while (found := chr(self._content[self._at])) == "N":
            self._at += 1
        self._at += 1
        return found

    def value(self, mark: str, depth: int) -> Any:
        """A value of the type `mark`."""
        if depth > MOST_DEPTH:
            raise ValueError("it is nested too deep")
        if mark in NUMBERS:
            return self._numbers(mark, 1)[0].item()
        if mark in CONSTANTS:
            return CONSTANTS[mark]
        if mark in "SHC":
            return self._text(1 if mark == "C" else self._length())
        if mark == "[":
            return self._array(depth)
        if mark == "{":
            return self._object(depth)
        raise ValueError(f"{mark!r} is no type of UBJSON")

    def _array(self, depth: int) -> Any:
        kind, count = self._header()
        if count is None:
            found = []
            while (mark := self.mark()) != "]":
                found.append(self.value(mark, depth + 1))
            return found
        if kind in NUMBERS:
            return self._numbers(kind, count).astype(np.dtype(NUMBERS[kind]).newbyteorder("="))
        return [self.value(kind or self.mark(), depth + 1) for _ in range(count)]

    def _object(self, depth: int) -> dict[str, Any]:
        kind, count = self._header()
        found: dict[str, Any] = {}
        while count is None or len(found) < count:
            mark = self.mark()
            if count is None and mark == "}":
                break
            name = self._text(self._whole(mark))
            found[name] = self.value(kind or self.mark(), depth + 1)
        return found

    def _header(self) -> tuple[str, int | None]:
        """Type and number of what follows, '' and None where they are not said."""
        kind = ""
        if self._content[self._at : self._at + 1] == b"$":
            kind = chr(self._content[self._at + 1])
            self._at += 2
        if self._content[self._at : self._at + 1] != b"#":
            return kind, None
        self._at += 1
        return kind, self._length()

    def _length(self) -> int:
        return self._whole(self.mark())

    def _whole(self, mark: str) -> int:
        if mark not in "iUIlL":
            raise ValueError(f"{mark!r} is no length")
        found = int(self._numbers(mark, 1)[0])
        if found < 0:
            raise ValueError("a length is negative")
        return found

    def _text(self, length: int) -> str:
        return self._taken(length).decode()

    def _numbers(self, mark: str, count: int) -> np.ndarray[Any, Any]:
        dtype = np.dtype(NUMBERS[mark])
        return np.frombuffer(self._taken(count * dtype.itemsize), dtype)

    def _taken(self, num_bytes: int) -> bytes:
        if self._at + num_bytes > len(self._content):
            raise IndexError
        self._at += num_bytes
        return self._content[self._at - num_bytes : self._at]
