"""`Tensor`: a named tensor of the Open Inference Protocol, out of JSON, out of bytes, and back."""

from __future__ import annotations

import math
import struct
from typing import Any

import msgspec
import numpy as np

from hagane.bundle.faults import describe, path_to
from hagane.errors import Fault
from hagane.types import SqlType

DTYPES = {
    "BOOL": "?",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
"""Datatype → numpy's; BYTES, texts here, has none."""
BYTES = "BYTES"
DATATYPES = {SqlType.BOOL: "BOOL", SqlType.INT64: "INT64", SqlType.FLOAT64: "FP64"}
"""Of a column's or an output's type; texts, dates and times are BYTES."""
_LENGTH = struct.Struct("<I")


class Tensor(msgspec.Struct, frozen=True):
    """Values in row-major order, as JSON has them (texts as str; None is NULL, or not finite)."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: list[Any]

    @classmethod
    def from_json(
        cls, name: str, datatype: str, shape: tuple[int, ...], data: object, faults: list[Fault]
    ) -> Tensor | None:
        """`data` flat, or nested as the shape is. None where it has not as many values as the shape."""
        if not isinstance(data, list):
            where = f"{path_to('inputs', name)}.data"
            faults.append(Fault(what=f"{name} has no data", where=where, expected="a list", received=describe(data)))
            return None
        values: list[Any] = data
        for _ in shape[1:]:
            if values and all(isinstance(each, list) for each in values):
                values = [each for part in values for each in part]
        return cls._checked(name, datatype, shape, values, faults)

    @classmethod
    def from_raw(
        cls, name: str, datatype: str, shape: tuple[int, ...], raw: bytes, faults: list[Fault]
    ) -> Tensor | None:
        """Little-endian values one after another; each text behind its length in four bytes."""
        if datatype == BYTES:
            return cls._checked(name, datatype, shape, _texts(raw, name, faults), faults)
        dtype = np.dtype(DTYPES[datatype])
        expected = math.prod(shape) * dtype.itemsize
        if len(raw) != expected:
            told = f"{expected} bytes for {datatype} {list(shape)}"
            what = f"{name} has another size than its shape says"
            where, received = path_to("inputs", name), f"{len(raw)} bytes"
            faults.append(Fault(what=what, where=where, expected=told, received=received))
            return None
        return cls(name, datatype, shape, np.frombuffer(raw, dtype).tolist())

    @classmethod
    def from_texts(cls, name: str, shape: tuple[int, ...], texts: list[bytes], faults: list[Fault]) -> Tensor | None:
        """Of datatype BYTES."""
        values = [_text(text, name, index, faults) for index, text in enumerate(texts)]
        return cls._checked(name, BYTES, shape, values, faults)

    @classmethod
    def _checked(
        cls, name: str, datatype: str, shape: tuple[int, ...], values: list[Any], faults: list[Fault]
    ) -> Tensor | None:
        if len(values) == math.prod(shape):
            return cls(name, datatype, shape, values)
        what, expected = (
            f"{name} has {len(values)} value{'s' * (len(values) != 1)}",
            f"{math.prod(shape)}, as its shape {list(shape)} says",
        )
        faults.append(Fault(what=what, where=path_to("inputs", name), expected=expected))
        return None

    def rows(self, *, is_array: bool) -> list[Any]:
        """A value a row, or a list a row; a list of one value is that value where the column is no array."""
        if len(self.shape) == 1:
            return self.values
        width = math.prod(self.shape[1:])
        if width == 1 and not is_array:
            return self.values
        return [self.values[row * width : (row + 1) * width] for row in range(self.shape[0])]

    def raw(self) -> bytes:
        """The values as `from_raw` takes them; None is NaN.

        >>> Tensor("x", "BYTES", (2,), ["a", "鋼"]).raw()
        b'\\x01\\x00\\x00\\x00a\\x03\\x00\\x00\\x00\\xe9\\x8b\\xbc'
        """
        if self.datatype == BYTES:
            encoded = [text.encode() for text in self.values]
            return b"".join(part for text in encoded for part in (_LENGTH.pack(len(text)), text))
        return np.array(self.values, DTYPES[self.datatype]).tobytes()


def _texts(raw: bytes, name: str, faults: list[Fault]) -> list[Any]:
    texts: list[Any] = []
    at = 0
    while at < len(raw):
        start = at + _LENGTH.size
        end = start + (_LENGTH.unpack_from(raw, at)[0] if start <= len(raw) else len(raw))
        if end > len(raw):
            what = f"the text {len(texts)} ends behind the tensor's bytes"
            expected = "a length in four bytes, then the text, for each"
            faults.append(Fault(what=what, where=path_to("inputs", name), expected=expected))
            break
        texts.append(_text(raw[start:end], name, len(texts), faults))
        at = end
    return texts


def _text(encoded: bytes, name: str, index: int, faults: list[Fault]) -> str | None:
    try:
        return encoded.decode()
    except UnicodeDecodeError as error:
        where = f"{path_to('inputs', name)}[{index}]"
        faults.append(Fault(what=f"the text is not UTF-8 ({error.reason} at byte {error.start})", where=where))
        return None
