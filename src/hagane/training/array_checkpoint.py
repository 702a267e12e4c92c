"""`ArrayCheckpoint`: what a fit in numpy or by LightGBM needs to go on, in the format of `checkpoint_folder`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from hagane.training.checkpoint_folder import TENSORS_FILE, list_checkpoints, read_facts, write_folder


class ArrayCheckpoint(msgspec.Struct, frozen=True):
    """`arrays` by name, and whatever else goes into JSON."""

    step: int
    arrays: dict[str, npt.NDArray[Any]]
    facts: dict[str, Any]


def write_arrays(folder: Path, checkpoint: ArrayCheckpoint) -> Path:
    """Write `checkpoint` under `folder`; where it lies. Raises OSError, and leaves nothing, where it cannot."""
    whole = {name: np.ascontiguousarray(array) for name, array in checkpoint.arrays.items()}
    return write_folder(folder, checkpoint.step, checkpoint.facts, lambda file: save_file(whole, file))


def latest_arrays(folder: Path) -> ArrayCheckpoint | None:
    """The newest checkpoint under `folder` that is whole.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = write_arrays(folder, ArrayCheckpoint(3, {"point": np.array([0.1, 2.0])}, {"loss": 0.5}))
    >>> latest_arrays(folder)
    ArrayCheckpoint(step=3, arrays={'point': array([0.1, 2. ])}, facts={'loss': 0.5})
    """
    return next((found for path in reversed(list_checkpoints(folder)) if (found := _read(path))), None)


def _read(path: Path) -> ArrayCheckpoint | None:
    if (written := read_facts(path)) is None:
        return None
    try:
        return ArrayCheckpoint(written.step, load_file(path / TENSORS_FILE), written.facts)
    except (OSError, SafetensorError):
        return None
