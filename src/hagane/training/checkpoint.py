"""`Checkpoint`: everything that a training with torch needs to go on, as one folder (`training.checkpoint_folder`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from hagane.training.checkpoint_folder import TENSORS_FILE, read_facts, write_folder


class Checkpoint(msgspec.Struct, frozen=True):
    """`tensors` by name, and whatever else goes into JSON."""

    step: int
    tensors: dict[str, Tensor]
    facts: dict[str, Any]

    def write(self, folder: Path) -> Path:
        """Write it under `folder`; where it lies. Raises OSError, and leaves nothing, where it cannot."""
        return write_folder(folder, self.step, self.facts, lambda file: save_file(self.tensors, file))

    @classmethod
    def read(cls, path: Path) -> Checkpoint | None:
        """The checkpoint at `path`; None where it is damaged, or of another version of the format."""
        if (written := read_facts(path)) is None:
            return None
        try:
            return cls(written.step, load_file(path / TENSORS_FILE), written.facts)
        except (FileNotFoundError, SafetensorError):
            return None


def tensors_under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those whose names begin with `prefix`, by the rest of their names.

    >>> import torch
    >>> tensors_under("best.", {"best.w": torch.tensor(1.0), "module.w": torch.tensor(2.0)})
    {'w': tensor(1.)}
    """
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


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
