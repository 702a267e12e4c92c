"""`EventFile`: one process's file of events, as TensorBoard reads it (TFRecord frames)."""

from __future__ import annotations

import itertools
import os
import re
import socket
import struct
import time
from pathlib import Path
from typing import BinaryIO, cast

from hagane.training.tensorboard.crc32c import masked_crc32c

PREFIX = "events.out.tfevents."


class EventFile:
    """A new file in `folder`, which is made. Raises OSError where it cannot be.

    TensorBoard reads the files of a folder in the order of their names, one after another: the name begins with a time,
    that of now, or just behind the file before. Frames go to the system at once, so that what is written survives a
    kill.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path, self._file = _open_new(folder)

    def write(self, event: bytes) -> None:
        """Append one event."""
        self._file.write(framed(event))

    def close(self) -> None:
        """Write no more."""
        self._file.close()


def framed(record: bytes) -> bytes:
    """A TFRecord: length, its checksum, the bytes, their checksum; little-endian.

    >>> framed(b"").hex()
    '000000000000000029039807d8ea82a2'
    """
    length = struct.pack("<Q", len(record))
    checks = (struct.pack("<I", masked_crc32c(part)) for part in (length, record))
    return length + next(checks) + record + next(checks)


def _open_new(folder: Path) -> tuple[Path, BinaryIO]:
    earliest = max((_time_of(path) for path in folder.glob(f"{PREFIX}*")), default=0) + 1
    for moment in itertools.count(max(int(time.time()), earliest)):
        path = folder / f"{PREFIX}{moment:010}.{socket.gethostname()}.{os.getpid()}"
        try:
            return path, cast(BinaryIO, path.open("xb", buffering=0))
        except FileExistsError:
            continue
    raise AssertionError


def _time_of(path: Path) -> int:
    found = re.match(re.escape(PREFIX) + r"(\d{1,12})\b", path.name)
    return int(found[1]) if found else 0
