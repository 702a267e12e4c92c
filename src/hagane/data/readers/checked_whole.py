"""`checked_whole`: compressed files are read to their ends, which DuckDB's own reading of them does not insist on.

It takes what unpacks, and says nothing of the rest: half of a truncated `.csv.zst`, or of a `.csv.gz` with a damaged
block, is a table to it.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from hagane.data.readers.damaged_archive import damaged_archive
from hagane.data.readers.unpacked import PACKED, unpacked
from hagane.errors import DataError

_CHUNK_BYTES = 1 << 20


@contextmanager
def checked_whole(files: Sequence[Path]) -> Iterator[None]:
    """Unpack the compressed ones of `files` beside the work within, on a thread of its own.

    Raises DataError for the first that is truncated or damaged, rather than what the work made of it.

    >>> with checked_whole([Path("trips.csv")]):  # nothing to unpack
    ...     pass
    """
    packed = [file for file in files if file.suffix.lower() in PACKED]
    if not packed:
        yield
        return
    is_over = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        check = pool.submit(_check, packed, is_over)
        try:
            yield
        except DataError:
            check.result()
            raise
        except BaseException:
            is_over.set()
            raise
        check.result()


def _check(files: Sequence[Path], is_over: threading.Event) -> None:
    for file in files:
        try:
            with unpacked(file) as stream:
                while not is_over.is_set() and stream.read(_CHUNK_BYTES):
                    pass
        except (OSError, EOFError, zlib.error) as error:
            raise damaged_archive(file, error) from None
