"""`ColumnCache`: encoded columns in a folder that trainings, trials and processes share.

Each column is a file `<key>.column` (see `hagane.features.column_key`). It appears whole, by a rename, and is never
changed: who has mapped it keeps it, whoever removes the file. The file's time of change says when it was used last;
beyond the limit the columns that were used longest ago go first.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from hagane.errors import DataError, Fault, SpecError, StorageError
from hagane.features.column_file import ColumnFile, ColumnFooter, read_footer
from hagane.progress import SILENT, Progress

SUFFIX = ".column"
LIMIT_FILE = "limit.json"
ANSWERS_FOLDER = "answers"
"""Within the cache's: what fits have asked of the rows (`hagane.features.fit_answers`)."""
USE_SECONDS = 60
"""A use is noted where the one before is longer ago: trials in several processes look at the same columns all the
time, and a time that does not change says that nobody has changed the file."""
TRIALS_FOLDER = "trials"
"""Within it, too: the last states of trials whose budget is searched (`hagane.workflow.trial_checkpoints`)."""
DISK_SHARE = 10
"""Without a limit of its own the cache may take a tenth of its disk."""


class CacheEntry(NamedTuple):
    """One column in the cache."""

    key: str
    footer: ColumnFooter | None
    """None: the file is damaged."""
    num_bytes: int
    last_used: float
    """Seconds since 1970, UTC."""

    def as_json(self) -> dict[str, object]:
        """For programs: what the footer says, without what it counts by block."""
        footer = self.footer
        about = {} if footer is None else {"name": footer.name, "part": footer.part, "kind": footer.kind,
                                           "dtype": footer.dtype, "num_rows": footer.num_rows}  # fmt: skip
        return {"key": self.key, **about, "num_bytes": self.num_bytes, "last_used": self.last_used}


class _Limit(msgspec.Struct, frozen=True):
    limit_bytes: int


class ColumnCache:
    """The columns in `folder`, which is made by the first one that is kept.

    >>> import tempfile
    >>> ColumnCache(Path(tempfile.mkdtemp())).entries()
    []
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def limit_bytes(self) -> int:
        """What the cache may hold: what `set_limit` said, else a tenth of the disk."""
        try:
            return msgspec.json.decode((self.folder / LIMIT_FILE).read_bytes(), type=_Limit).limit_bytes
        except (FileNotFoundError, msgspec.DecodeError):
            there = next(folder for folder in (self.folder, *self.folder.parents) if folder.exists())
            return shutil.disk_usage(there).total // DISK_SHARE

    def set_limit(self, limit_bytes: int) -> list[CacheEntry]:
        """Keep to this limit from now on, in every process; the columns that had to go. Raises SpecError below 0."""
        if limit_bytes < 0:
            raise SpecError(
                Fault(what="limit_bytes is out of range", expected="0 bytes or more", received=f"{limit_bytes}")
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / f"{LIMIT_FILE}.{os.getpid()}"
        partial.write_bytes(msgspec.json.encode(_Limit(limit_bytes)))
        partial.rename(self.folder / LIMIT_FILE)
        return self.evict()

    def find(self, key: str) -> ColumnFile | None:
        """The column of this key, every byte of it checked; None where there is none. A damaged one is removed.

        A file that this process has checked, and that has not been changed since, is not read again.
        """
        path = self._path(key)
        try:
            file = ColumnFile(path)
            if not _is_checked(path):
                file.check()
        except OSError:
            return None
        except DataError:
            path.unlink(missing_ok=True)
            return None
        with suppress(OSError):  # another user's, or just evicted
            _note_use(path)
        return file

    def keep(self, key: str, file: ColumnFile) -> None:
        """Take a finished column over: its file moves into the cache, `file` stays readable.

        On another disk than the cache's it stays where it is. Raises StorageError.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            os.replace(file.path, self._path(key))
            file.moved_to(self._path(key))
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise StorageError(
                    Fault(what=f"{self.folder}: {error.strerror}", next_step="make room or grant access")
                ) from error

    def entries(self) -> list[CacheEntry]:
        """Every column, the one used last first."""
        found = [entry for path, _ in self._files() if (entry := _entry(path))]
        return sorted(found, key=lambda entry: (-entry.last_used, entry.key))

    def evict(self, keys_in_use: Collection[str] = ()) -> list[CacheEntry]:
        """Remove the columns used longest ago until the limit is kept, none of `keys_in_use`; those removed."""
        used = sorted((status.st_mtime, status.st_size, path) for path, status in self._files())
        excess, removed = sum(size for _, size, _ in used) - self.limit_bytes, []
        for _, size, path in used:
            if excess <= 0:
                break
            if _key(path) not in keys_in_use and (entry := _entry(path)):
                path.unlink(missing_ok=True)
                excess -= size
                removed.append(entry)
        return removed

    def clear(self) -> list[CacheEntry]:
        """Remove every column, what fits have asked, and what trials left; the columns removed."""
        entries = self.entries()
        for folder in (ANSWERS_FOLDER, TRIALS_FOLDER):
            shutil.rmtree(self.folder / folder, ignore_errors=True)
        for entry in entries:
            self._path(entry.key).unlink(missing_ok=True)
        return entries

    def verify(self, progress: Progress = SILENT) -> list[CacheEntry]:
        """Read every column whole and remove those that are damaged; those removed."""
        entries, removed = self.entries(), []
        with progress.phase("verify", total=sum(entry.num_bytes for entry in entries), unit="bytes") as phase:
            for entry in entries:
                path = self._path(entry.key)
                try:
                    ColumnFile(path).check()
                except FileNotFoundError:
                    pass  # another process has removed it
                except DataError:
                    path.unlink(missing_ok=True)
                    removed.append(entry)
                phase.advance(entry.num_bytes)
        return removed

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self.folder.glob(f"*{SUFFIX}"):
            with suppress(FileNotFoundError):  # another process has just removed it
                yield path, path.stat()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{SUFFIX}"


def _is_checked(path: Path) -> bool:
    return _checked.get(path) == _Checked.of(path)


def _note_use(path: Path) -> None:
    """The file was used now, and its bytes are right."""
    if time.time() - path.stat().st_mtime > USE_SECONDS:
        os.utime(path)
    _checked[path] = _Checked.of(path)


class _Checked(NamedTuple):
    """By what a file is known again: whoever changes a byte of it changes one of these."""

    inode: int
    num_bytes: int
    changed: int
    """Nanoseconds since 1970."""

    @staticmethod
    def of(path: Path) -> _Checked:
        status = path.stat()
        return _Checked(status.st_ino, status.st_size, status.st_mtime_ns)


_checked: dict[Path, _Checked] = {}
"""Files whose bytes this process has held against their checksums, as they were then."""


def _entry(path: Path) -> CacheEntry | None:
    """What lies at `path`; None where another process has just removed it."""
    try:
        status = path.stat()
        footer = read_footer(path)
    except FileNotFoundError:
        return None
    except DataError:
        footer = None
    return CacheEntry(_key(path), footer, status.st_size, status.st_mtime)


def _key(path: Path) -> str:
    return path.name.removesuffix(SUFFIX)
