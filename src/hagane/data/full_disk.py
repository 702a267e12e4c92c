"""`told_of_full_disk`: a disk without room, told as every fault is."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hagane.errors import DataError, Fault

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "a file grew beyond what this process may write",
}


@contextmanager
def told_of_full_disk(folder: Path | None = None) -> Iterator[None]:
    """Raise an OSError of a disk without room as a DataError that names `folder` (by default that of temporary files).

    >>> with told_of_full_disk(Path("/")):
    ...     raise OSError(errno.ENOSPC, "No space left on device")
    Traceback (most recent call last):
    hagane.errors.DataError: the disk is full...
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _REASONS:
            raise
        place = Path(str(error.filename)) if error.filename else folder
        raise DataError(disk_fault(_REASONS[error.errno], place)) from None


def disk_fault(what: str, path: Path | None = None) -> Fault:
    """The fault of a disk without room: where, and how much is left there."""
    place = path or Path(tempfile.gettempdir())
    existing = next((each for each in (place, *place.parents) if each.exists()), Path("/"))
    return Fault(
        what=what,
        where=str(place),
        received=f"{shutil.disk_usage(existing).free / 2**20:,.0f} MiB are left",
        next_step="free space there, or set TMPDIR or --workspace to a larger disk, and run again; no part was kept",
    )
