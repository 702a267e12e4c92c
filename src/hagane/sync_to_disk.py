"""`sync_to_disk`: have the disk hold what was written."""

from __future__ import annotations

import os
from pathlib import Path


def sync_to_disk(path: Path) -> None:
    """Wait until the disk holds the file at `path`; of a folder, the names in it. Raises OSError.

    >>> import tempfile
    >>> sync_to_disk(Path(tempfile.mkdtemp()))
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
