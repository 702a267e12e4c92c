"""A checkpoint's folder: `tensors.safetensors` and `checkpoint.json`, there or not, whichever library made the tensors.

It is written aside, flushed to the disk, and renamed. One that does not hold what its JSON says (a disk that lost power
between the two) is passed over for the one before it. No pickle: reading one runs no code. Nothing here needs torch.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from hagane.sync_to_disk import sync_to_disk

FORMAT_VERSION = 1
TENSORS_FILE = "tensors.safetensors"
FACTS_FILE = "checkpoint.json"
PREFIX = "step-"


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What `checkpoint.json` holds."""

    version: int
    step: int
    sha256: str
    facts: dict[str, Any]


def write_folder(folder: Path, step: int, facts: dict[str, Any], save: Callable[[Path], None]) -> Path:
    """Write a checkpoint under `folder`; where it lies. `save` writes the tensors' file.

    Raises OSError, and leaves nothing, where it cannot.
    """
    final = folder / f"{PREFIX}{step:012}"
    partial = folder / f".{final.name}.partial-{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        _save(save, partial / TENSORS_FILE)
        written = Written(version=FORMAT_VERSION, step=step, sha256=_digest(partial / TENSORS_FILE), facts=facts)
        (partial / FACTS_FILE).write_bytes(msgspec.json.encode(written))
        for file in (partial / TENSORS_FILE, partial / FACTS_FILE, partial):
            sync_to_disk(file)
        shutil.rmtree(final, ignore_errors=True)
        os.rename(partial, final)
        sync_to_disk(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return final


def read_facts(path: Path) -> Written | None:
    """What the checkpoint at `path` says of itself; None where it is damaged, or of another version of the format.

    Raises OSError where the disk does not give it: what cannot be read now is not damaged.
    """
    try:
        written = msgspec.json.decode((path / FACTS_FILE).read_bytes(), type=Written)
        whole = written.version == FORMAT_VERSION and written.sha256 == _digest(path / TENSORS_FILE)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None
    return written if whole else None


def list_checkpoints(folder: Path) -> list[Path]:
    """Those under `folder`, the oldest first."""
    return sorted(folder.glob(f"{PREFIX}*")) if folder.is_dir() else []


def step_of(checkpoint: Path) -> int:
    """The number in a checkpoint's name."""
    return int(checkpoint.name.removeprefix(PREFIX))


def is_checkpoint(path: Path) -> bool:
    """Whether the path is that of a checkpoint, whole or damaged."""
    return path.name.startswith(PREFIX) and path.name.removeprefix(PREFIX).isdecimal() and path.is_dir()


def newest_checkpoint(folder: Path) -> Path | None:
    """Of those under `folder`, or in folders of it (a process's each), that of the highest step."""
    folders = (Path(parent, name) for parent, names, _ in os.walk(folder) for name in names)  # one may go meanwhile
    return max(filter(is_checkpoint, folders), key=step_of, default=None)


def newest_step(folder: Path) -> int:
    """The highest step of the checkpoints under `folder`, or in folders of it; 0 where there is none."""
    found = newest_checkpoint(folder)
    return 0 if found is None else step_of(found)


def remove_partial_checkpoints(folder: Path) -> None:
    """Remove what processes that were killed while they wrote left behind. Nobody may be writing."""
    for partial in folder.glob(f".{PREFIX}*.partial-*"):
        shutil.rmtree(partial, ignore_errors=True)


def keep_newest(folder: Path, number: int) -> None:
    """Remove all but the newest `number`."""
    for old in list_checkpoints(folder)[:-number]:
        shutil.rmtree(old, ignore_errors=True)


def _save(save: Callable[[Path], None], path: Path) -> None:
    """As safetensors do, whose error of a disk is none of Python's."""
    from safetensors import SafetensorError  # which what only lists checkpoints does without: a server

    try:
        save(path)
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
