"""`ArrayCheckpoint`: what a fit in numpy or by LightGBM needs to go on, in the format of `checkpoint_folder`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from hagane.training.checkpoint_folder import TENSORS_FILE, read_facts, write_folder


class ArrayCheckpoint(msgspec.Struct, frozen=True):
    """`arrays` by name, and whatever else goes into JSON."""

    step: int
    arrays: dict[str, npt.NDArray[Any]]
    facts: dict[str, Any]

    def write(self, folder: Path) -> Path:
        """Write it under `folder`; where it lies. Raises OSError, and leaves nothing, where it cannot."""
        whole = {name: np.ascontiguousarray(array) for name, array in self.arrays.items()}
        return write_folder(folder, self.step, self.facts, lambda file: save_file(whole, file))

    @classmethod
    def read(cls, path: Path) -> ArrayCheckpoint | None:
        """The checkpoint at `path`; None where it is damaged, or of another version of the format.

        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> path = ArrayCheckpoint(3, {"point": np.array([0.1, 2.0])}, {"loss": 0.5}).write(folder)
        >>> ArrayCheckpoint.read(path)
        ArrayCheckpoint(step=3, arrays={'point': array([0.1, 2. ])}, facts={'loss': 0.5})
        """
        if (written := read_facts(path)) is None:
            return None
        try:
            return cls(written.step, load_file(path / TENSORS_FILE), written.facts)
        except (FileNotFoundError, SafetensorError):
            return None
