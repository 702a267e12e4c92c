"""TensorBoard's protocol buffers, encoded by hand: the few fields that scalars and hyperparameters need.

Field numbers are those of `event.proto`, `summary.proto`, `struct.proto` and the hparams plugin's `plugin_data.proto`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from hagane.varint import varint

FILE_VERSION = "brain.Event:2"
"""From version 2 on a reader takes `session_start` as the word that later steps come again."""
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
SESSION_START = 1
SUCCEEDED, FAILED = 1, 2
"""Of the hparams plugin's `Status`."""
Hparam = bool | float | str


def version_event(wall_time: float) -> bytes:
    """The first event of a file."""
    return _event(wall_time, 0, _text(3, FILE_VERSION))


def scalars_event(wall_time: float, step: int, scalars: Mapping[str, float]) -> bytes:
    """The scalars of a step, by tag."""
    values = (_bytes(1, _text(1, tag) + _field(2, FIXED32, struct.pack("<f", value))) for tag, value in scalars.items())
    return _event(wall_time, step, _bytes(5, b"".join(values)))


def session_start_event(wall_time: float, step: int) -> bytes:
    """That what was written of `step` and later is void."""
    return _event(wall_time, step, _bytes(7, varint_field(1, SESSION_START)))


def hparams_event(wall_time: float, hparams: Mapping[str, Hparam]) -> bytes:
    """What this run was trained with."""
    entries = (_bytes(1, _text(1, name) + _bytes(2, _value(value))) for name, value in hparams.items())
    start = b"".join(entries) + _double(5, wall_time)
    return _hparams_summary(wall_time, "_hparams_/session_start_info", _bytes(3, start))


def hparams_end_event(wall_time: float, succeeded: bool) -> bytes:
    """That this run is over, and how."""
    end = varint_field(1, SUCCEEDED if succeeded else FAILED) + _double(2, wall_time)
    return _hparams_summary(wall_time, "_hparams_/session_end_info", _bytes(4, end))


def _hparams_summary(wall_time: float, tag: str, content: bytes) -> bytes:
    """A value of the hparams plugin, which looks at its metadata alone."""
    metadata = _bytes(1, _text(1, "hparams") + _bytes(2, content))
    return _event(wall_time, 0, _bytes(5, _bytes(1, _text(1, tag) + _bytes(9, metadata))))


def _event(wall_time: float, step: int, what: bytes) -> bytes:
    return _double(1, wall_time) + (varint_field(2, step) if step else b"") + what


def _value(value: Hparam) -> bytes:
    """`google.protobuf.Value`."""
    if isinstance(value, bool):
        return varint_field(4, int(value))
    return _text(3, value) if isinstance(value, str) else _double(2, float(value))


def _text(number: int, text: str) -> bytes:
    return _bytes(number, text.encode("utf-8", "replace"))


def _bytes(number: int, content: bytes) -> bytes:
    return _field(number, BYTES, varint(len(content)) + content)


def _double(number: int, value: float) -> bytes:
    return _field(number, FIXED64, struct.pack("<d", value))


def varint_field(number: int, value: int) -> bytes:
    """A field of a whole number of up to 64 bits, negative ones in two's complement.

    >>> varint_field(2, 300).hex()
    '10ac02'
    """
    return _field(number, VARINT, varint(value & 0xFFFFFFFFFFFFFFFF))


def _field(number: int, wire_type: int, content: bytes) -> bytes:
    return varint(number << 3 | wire_type) + content
