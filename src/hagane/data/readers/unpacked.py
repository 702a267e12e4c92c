"""`unpacked`: a text file's bytes, whatever it is packed with."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import pyarrow as pa

PACKED = (".gz", ".zst")
"""The endings of what is unpacked."""


def unpacked(file: Path) -> Any:
    """A binary stream of what is in the file (lines, `peek` and `read` as of any). Raises OSError.

    While it is read, EOFError, zlib.error and OSError say that the file is truncated or damaged.
    """
    match file.suffix.lower():
        case ".gz":
            return gzip.open(file, "rb")
        case ".zst":
            return io.BufferedReader(pa.input_stream(str(file), compression="zstd"))
        case _:
            return file.open("rb")
