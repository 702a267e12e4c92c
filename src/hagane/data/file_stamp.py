"""`FileStamp`: what a file was when it was opened, so that a change half-way through is noticed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from hagane.errors import DataError, Fault


class FileStamp(NamedTuple):
    """A file's size, time of change and identity on disk."""

    path: Path
    size: int
    mtime_ns: int
    inode: int

    @staticmethod
    def of(path: Path) -> FileStamp:
        """The file as it is now. Raises DataError when it is gone."""
        try:
            status = path.stat()
        except OSError as error:
            raise DataError(_gone(path, error)) from None
        return FileStamp(path, status.st_size, status.st_mtime_ns, status.st_ino)

    def check(self) -> None:
        """Raise DataError when the file is no longer what it was."""
        now = FileStamp.of(self.path)
        if now != self:
            raise DataError(
                Fault(
                    what=f"{self.path.name} changed while it was read",
                    where=str(self.path),
                    expected=f"the {self.size:,} bytes that it had at first",
                    received=f"{now.size:,} bytes" if now.size != self.size else "another file or other contents",
                    next_step="let whatever writes it finish, then run again; a new file under a new name is safest",
                )
            )


def check_files(stamps: Iterable[FileStamp]) -> None:
    """Raise DataError for the first file that is gone, or no longer what it was."""
    for stamp in stamps:
        stamp.check()


def _gone(path: Path, error: OSError) -> Fault:
    return Fault(
        what=f"cannot read {path.name}: {error.strerror}",
        where=str(path),
        next_step="put the file back and run again; what was finished before is kept",
    )
