"""What a trained torch module leaves to a later fit: its state before anything is folded, and what its outputs mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from hagane.errors import BundleError
from hagane.models.parameter_file import ABOUT, FILE, read_about, unreadable
from hagane.models.several_targets import AnyTarget
from hagane.models.target import Target
from hagane.models.warm_start import WarmStart
from hagane.training.checkpoint import Checkpoint, tensors_under

JOB_FILE = "job.json"
"""In a run's folder: the `TrainingJob`."""


class TorchParameters(NamedTuple):
    """A module's `state`, the `target` towards which it was trained, what its outputs lack (`shift`)."""

    state: dict[str, Tensor]
    target: Target
    shift: tuple[float, ...]


def torch_parameters(state: Mapping[str, Tensor], target: Target, shift: Sequence[float]) -> dict[str, bytes]:
    """The file that holds them; `state` as `nn.Module.state_dict` gives it.

    >>> from torch import nn
    >>> files = torch_parameters(nn.Linear(2, 1).state_dict(), Target(1, "squared_error", "identity", 2.5), ())
    >>> list(files)
    ['parameters.safetensors']
    """
    held = {name: tensor.detach().cpu() for name, tensor in unshared(state).items()}
    about = msgspec.json.encode(_Arguments(target, tuple(shift))).decode()
    return {FILE: save(held, {ABOUT: about})}


def unshared(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors, contiguous, each in memory of its own: layers that are shared have several names."""
    found: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in state.items():
        is_shared = tensor.data_ptr() in seen
        seen.add(tensor.data_ptr())
        found[name] = tensor.clone(memory_format=torch.contiguous_format) if is_shared else tensor.contiguous()
    return found


def read_torch_parameters(start: WarmStart) -> TorchParameters:
    """What an earlier fit left. Raises BundleError where it left nothing, or nothing that can be read."""
    try:
        content = start.parameters[FILE]
        state = load(content)
        about = read_about(content, _Arguments)
    except (KeyError, SafetensorError, msgspec.DecodeError) as error:
        raise BundleError(unreadable(start, error)) from None
    return TorchParameters(state, about.target, about.shift)


def parameters_of_checkpoint(checkpoint: Path) -> dict[str, bytes] | None:
    """The same of a training that is not at its end: of its best iteration, where there was one.

    None where `checkpoint` is damaged, or of no network.
    """
    try:
        job_file = next(place / JOB_FILE for place in checkpoint.parents if (place / JOB_FILE).is_file())
        job = msgspec.json.decode(job_file.read_bytes(), type=_Job)
    except (OSError, StopIteration, msgspec.DecodeError):
        return None
    if (found := Checkpoint.read(checkpoint)) is None:
        return None
    state = tensors_under("best.", found.tensors) or tensors_under("module.", found.tensors)
    return torch_parameters(state, job.arguments.target, job.arguments.shift)


class _Arguments(msgspec.Struct):
    target: AnyTarget
    shift: tuple[float, ...] = ()


class _Job(msgspec.Struct):
    """Of a `TrainingJob` what its outputs mean."""

    arguments: _Arguments
