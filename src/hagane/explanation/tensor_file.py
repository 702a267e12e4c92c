"""`read_tensors`: a safetensors file as numpy arrays. Eight bytes of length, a header in JSON, then the bytes.

The format (https://huggingface.co/docs/safetensors) is simple enough to be read without its library, which serving does
without. Nothing in it is code.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.errors import BundleError, Fault

DTYPES = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "U8": "u1", "BOOL": "?"}


class _Tensor(msgspec.Struct):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def read_tensors(content: bytes, where: str) -> dict[str, npt.NDArray[Any]]:
    """The arrays by name, read-only views of `content`. Raises BundleError where it is no such file."""
    try:
        start = 8 + int.from_bytes(content[:8], "little")
        header = msgspec.json.decode(content[8:start], type=dict[str, msgspec.Raw])
        header.pop("__metadata__", None)
        return {name: _array(content, start, msgspec.json.decode(raw, type=_Tensor)) for name, raw in header.items()}
    except (msgspec.DecodeError, KeyError, ValueError) as error:
        fault = Fault(what=f"the tensors cannot be read: {error}", where=where, next_step="train again")
        raise BundleError(fault) from None


def _array(content: bytes, start: int, told: _Tensor) -> npt.NDArray[Any]:
    first, end = told.data_offsets
    found = np.frombuffer(content, DTYPES[told.dtype], offset=start + first, count=int(np.prod(told.shape)))
    if found.nbytes != end - first:
        raise ValueError("a shape does not fit its bytes")
    return found.reshape(told.shape)
