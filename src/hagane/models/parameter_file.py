"""`parameters.safetensors`: what a fitted model leaves to a later fit, whatever its family: arrays, and a text.

Shapes and types are the family's own. There is no pickle in it, and the same arrays give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from hagane.errors import BundleError, Fault
from hagane.models.warm_start import PREFIX, WarmStart

FILE = f"{PREFIX}safetensors"
ABOUT = "hagane"
"""The text in the file's header; one alone: several would stand in another order each time."""
About = TypeVar("About", bound=msgspec.Struct)


class Parameters(NamedTuple):
    """The arrays by name, and what they are of."""

    arrays: dict[str, npt.NDArray[Any]]
    about: Any


def parameter_file(arrays: Mapping[str, npt.NDArray[Any]], about: msgspec.Struct) -> dict[str, bytes]:
    """The file's name and content.

    >>> class Kind(msgspec.Struct):
    ...     link: str
    >>> list(parameter_file({"weights": np.zeros(2)}, Kind("identity")))
    ['parameters.safetensors']
    """
    held = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return {FILE: save(held, {ABOUT: msgspec.json.encode(about).decode()})}


def read_parameters(start: WarmStart, kind: type[About]) -> Parameters:
    """What an earlier fit left, `about` as a `kind`. Raises BundleError where it is nothing that can be read."""
    try:
        content = start.parameters[FILE]
        return Parameters(load(content), read_about(content, kind))
    except (KeyError, SafetensorError, msgspec.DecodeError) as error:
        raise BundleError(unreadable(start, error)) from None


def read_about(content: bytes, kind: type[About]) -> About:
    """The text in a safetensors' header: 8 bytes of its length, then JSON."""
    length = int.from_bytes(content[:8], "little")
    header: dict[str, dict[str, str]] = msgspec.json.decode(content[8 : 8 + length])
    return msgspec.json.decode(header["__metadata__"][ABOUT], type=kind)


def unreadable(start: WarmStart, error: Exception) -> Fault:
    """Of parameters that are of another kind, or damaged."""
    what = f"the parameters of {start.reference} cannot be read: {error}"
    return Fault(what=what, where="training.warm_start", expected=f"a {FILE} of this family")
