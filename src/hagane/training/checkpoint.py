"""`Checkpoint`: everything that a training needs to go on, as one folder: `tensors.safetensors` and `checkpoint.json`.

A checkpoint is there or not: it is written aside, flushed to the disk, and renamed. One that does not hold what its
JSON says (a disk that lost power between the two) is passed over for the one before it. No pickle: reading one runs
no code.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

FORMAT_VERSION = 1
TENSORS_FILE = "tensors.safetensors"
FACTS_FILE = "checkpoint.json"
PREFIX = "step-"


class Checkpoint(msgspec.Struct, frozen=True):
    """`tensors` by name, and whatever else goes into JSON."""

    step: int
    tensors: dict[str, Tensor]
    facts: dict[str, Any]


class _Written(msgspec.Struct, frozen=True, kw_only=True):
    """What `checkpoint.json` holds."""

    version: int
    step: int
    sha256: str
    facts: dict[str, Any]


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write `checkpoint` under `folder`; where it lies. Raises OSError, and leaves nothing, where it cannot."""
    final = folder / f"{PREFIX}{checkpoint.step:012}"
    partial = folder / f".{final.name}.partial-{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        save_file(checkpoint.tensors, partial / TENSORS_FILE)
        written = _Written(
            version=FORMAT_VERSION,
            step=checkpoint.step,
            sha256=_digest(partial / TENSORS_FILE),
            facts=checkpoint.facts,
        )
        (partial / FACTS_FILE).write_bytes(msgspec.json.encode(written))
        for file in (partial / TENSORS_FILE, partial / FACTS_FILE, partial):
            _flush(file)
        shutil.rmtree(final, ignore_errors=True)
        os.rename(partial, final)
        _flush(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return final


def read_checkpoint(path: Path) -> Checkpoint | None:
    """The checkpoint at `path`; None where it is damaged, or of another version of the format."""
    try:
        written = msgspec.json.decode((path / FACTS_FILE).read_bytes(), type=_Written)
        if written.version != FORMAT_VERSION or written.sha256 != _digest(path / TENSORS_FILE):
            return None
        return Checkpoint(written.step, load_file(path / TENSORS_FILE), written.facts)
    except (OSError, msgspec.DecodeError, SafetensorError):
        return None


def latest_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint under `folder` that is whole."""
    return next((found for path in reversed(list_checkpoints(folder)) if (found := read_checkpoint(path))), None)


def list_checkpoints(folder: Path) -> list[Path]:
    """Those under `folder`, the oldest first."""
    return sorted(folder.glob(f"{PREFIX}*")) if folder.is_dir() else []


def flatten(prefix: str, value: Any) -> tuple[dict[str, Tensor], Any]:
    """The tensors in nested mappings and lists by the path to each, and the rest with None in their places.

    >>> import torch
    >>> flatten("o", {"lr": 0.1, "state": [{"step": torch.tensor(3.0)}]})
    ({'o.state.0.step': tensor(3.)}, {'lr': 0.1, 'state': [{'step': None}]})
    """
    if isinstance(value, Tensor):
        return {prefix: value}, None
    if isinstance(value, Mapping):
        parts = {str(key): flatten(f"{prefix}.{key}", part) for key, part in value.items()}
        return {k: t for found, _ in parts.values() for k, t in found.items()}, {
            k: rest for k, (_, rest) in parts.items()
        }
    if isinstance(value, list | tuple):
        listed = [flatten(f"{prefix}.{index}", part) for index, part in enumerate(value)]
        return {k: t for found, _ in listed for k, t in found.items()}, [rest for _, rest in listed]
    return {}, value


def unflatten(prefix: str, rest: Any, tensors: Mapping[str, Tensor]) -> Any:
    """What `flatten` took apart; keys of digits are numbers again, tuples are lists.

    >>> import torch
    >>> unflatten("o", {"state": {"0": None}}, {"o.state.0": torch.tensor(3.0)})
    {'state': {0: tensor(3.)}}
    """
    if prefix in tensors:
        return tensors[prefix]
    if isinstance(rest, Mapping):
        found = {key: unflatten(f"{prefix}.{key}", part, tensors) for key, part in rest.items()}
        return {int(key) if key.isdecimal() else key: part for key, part in found.items()}
    if isinstance(rest, list):
        return [unflatten(f"{prefix}.{index}", part, tensors) for index, part in enumerate(rest)]
    return rest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
