"""Options of a server as JSON, and back: what a worker is told when it is started."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

_TYPE = "$type"


def options_to_json(options: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values as they are, structs and data classes of Hagane's with the name of their type.

    >>> from hagane.serving.overload_options import OverloadOptions
    >>> sent = options_to_json({"version": "3", "overload": OverloadOptions(queue_seconds=0.5), "protocols": None})
    >>> options_from_json(msgspec.json.decode(msgspec.json.encode(sent)))["overload"].queue_seconds
    0.5

    Raises TypeError for what JSON cannot hold.
    """
    return {name: _to_json(value) for name, value in options.items()}


def options_from_json(options: Mapping[str, Any]) -> dict[str, Any]:
    """What `options_to_json` was given. Raises msgspec.ValidationError where it was not."""
    return {name: _from_json(value) for name, value in options.items()}


def _to_json(value: Any) -> Any:
    if isinstance(value, msgspec.Struct) or (dataclasses.is_dataclass(value) and not isinstance(value, type)):
        type_ = type(value)
        return {_TYPE: f"{type_.__module__}:{type_.__qualname__}", "value": msgspec.to_builtins(value, enc_hook=_text)}
    return msgspec.to_builtins(value, enc_hook=_text)


def _text(value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no option that a worker can be told")


def _from_json(value: Any) -> Any:
    if not isinstance(value, dict) or _TYPE not in value:
        return value
    module, _, name = value[_TYPE].partition(":")
    if not module.startswith("hagane."):
        raise msgspec.ValidationError(f"{module} is not Hagane's")
    return msgspec.convert(value["value"], getattr(importlib.import_module(module), name))
