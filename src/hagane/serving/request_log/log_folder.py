"""`LogFolder`: where one endpoint's log lies on disk, and which of its files count.

    <logs>/pseudonyms.key                                   what sensitive values are hashed with; mode 0600
    <logs>/<endpoint>/models/<deployed model id>.json       what was served: signature, name, version
    <logs>/<endpoint>/requests/dt=2026-11-21/hh=15/<worker>-<n>.parquet
    <logs>/<endpoint>/feedback/dt=2026-11-21/hh=15/<worker>-<n>.parquet
    <logs>/<endpoint>/arrivals/dt=2026-11-21/hh=15/<worker>-<n>.parquet

Hours are UTC: a request's by when its first byte came, feedback's by when it arrived. A file is written beside its
place and renamed, so what can be seen is whole. Files of an hour are merged later (`compact`): a merged file names
those that it stands for in its own metadata, and from the moment it is there they no longer count, whether or not they
have been removed yet.
"""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

from hagane.serving.request_log.file_metadata import replaced_by

Kind = Literal["requests", "feedback", "arrivals"]
KINDS: tuple[Kind, ...] = ("requests", "feedback", "arrivals")
OF_ROWS: tuple[Kind, ...] = ("requests", "feedback")
"""The kinds whose files hold rows of people; arrivals are counts."""
KEY_NAME = "pseudonyms.key"
HOUR_MICROSECONDS = 3_600_000_000
MERGED = "merged-"
"""How the names of merged files begin."""
_HOUR = re.compile(r"dt=(\d{4}-\d{2}-\d{2})/hh=(\d{2})")
_FOLDER_MODE = 0o700


def endpoint_file_name(endpoint: str) -> str:
    """What a file or folder of an endpoint is called: its name, what a path cannot hold as `%2F`.

    >>> endpoint_file_name("late"), endpoint_file_name("a/b"), endpoint_file_name("..")
    ('late', 'a%2Fb', '%2E.')
    """
    name = quote(endpoint, safe=" @+=,")
    return "%2E" + name[1:] if name.startswith(".") else name


@dataclass(frozen=True)
class LogFolder:
    """The log of one endpoint under the folder of all logs. Nothing is made until something is written.

    >>> LogFolder(Path("logs"), "late").hour_path("requests", 498615).as_posix()
    'logs/late/requests/dt=2026-11-18/hh=15'
    >>> LogFolder(Path("logs"), "..").path.as_posix()
    'logs/%2E.'
    """

    logs: Path
    endpoint: str

    @property
    def path(self) -> Path:
        """The endpoint's folder."""
        return self.logs / endpoint_file_name(self.endpoint)

    @property
    def key_path(self) -> Path:
        """The key of the pseudonyms, one for all endpoints."""
        return self.logs / KEY_NAME

    @property
    def models(self) -> Path:
        """A JSON file for each model that was served."""
        return self.path / "models"

    @property
    def lock_path(self) -> Path:
        """Held shared by whoever reads, alone by whoever merges, deletes or erases."""
        return self.path / ".lock"

    @property
    def cleaned_path(self) -> Path:
        """Holds the number of the last hour of requests that was deleted, if any was."""
        return self.path / ".cleaned"

    def hour_path(self, kind: Kind, hour: int) -> Path:
        """The folder of an hour, counted from 1970."""
        begin = datetime.datetime.fromtimestamp(hour * 3600, datetime.UTC)
        return self.path / kind / f"dt={begin:%Y-%m-%d}" / f"hh={begin:%H}"

    def make_hour(self, kind: Kind, hour: int) -> Path:
        """The same, made if it is not there: for the owner's eyes alone."""
        path = self.hour_path(kind, hour)
        make_private(path)
        return path

    def hours(self, kind: Kind) -> dict[int, Path]:
        """Every hour that has a folder, the earliest first."""
        found = {}
        for path in (self.path / kind).glob("dt=*/hh=*"):
            hour = hour_of(path)
            if hour is not None:
                found[hour] = path
        return dict(sorted(found.items()))

    def files(self, kind: Kind, *, since: int | None = None, until: int | None = None) -> list[Path]:
        """The files of the hours [since, until) that count, the earliest hour first. Hold the lock while reading."""
        return [
            file
            for hour, path in self.hours(kind).items()
            if (since is None or hour >= since) and (until is None or hour < until)
            for file in files_of(path)
        ]

    def num_bytes(self) -> int:
        """What its rows take on disk."""
        return sum(hour_bytes(path) for kind in KINDS for path in self.hours(kind).values())


def endpoints(logs: Path) -> list[str]:
    """The endpoints that have a log under `logs`, by name."""
    if not logs.is_dir():
        return []
    return sorted(unquote(entry.name) for entry in logs.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def files_of(hour: Path) -> list[Path]:
    """The files of an hour's folder whose rows count, by name."""
    names = sorted(entry.name for entry in _scan(hour) if is_log_file(entry.name))
    merged = [name for name in names if name.startswith(MERGED)] if len(names) > 1 else []
    replaced = {name for each in merged for name in replaced_by(hour / each)}
    return [hour / name for name in names if name not in replaced]


def is_log_file(name: str) -> bool:
    """Whether it is a whole file of rows; what is being written has a hidden name."""
    return name.endswith(".parquet") and not name.startswith(".")


def hour_bytes(hour: Path) -> int:
    """What an hour's folder takes on disk, unfinished files too."""
    total = 0
    for entry in _scan(hour):
        try:
            total += entry.stat().st_size
        except FileNotFoundError:
            continue  # renamed or removed meanwhile
    return total


def hour_of(path: Path) -> int | None:
    """The hour of an hour's folder, counted from 1970; None for another folder.

    >>> hour_of(Path("dt=2026-11-18/hh=15")), hour_of(Path("dt=2026-02-31/hh=15"))
    (498615, None)
    """
    found = _HOUR.fullmatch(f"{path.parent.name}/{path.name}")
    if not found:
        return None
    try:
        begin = datetime.datetime.fromisoformat(f"{found[1]}T{found[2]}:00:00+00:00")
    except ValueError:
        return None
    return int(begin.timestamp()) // 3600


def make_private(path: Path) -> None:
    """A folder, with those above it, that only its owner can look into."""
    for each in (*reversed(path.parents), path):
        if not each.exists():
            each.mkdir(mode=_FOLDER_MODE, exist_ok=True)


def _scan(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except FileNotFoundError:
        return
