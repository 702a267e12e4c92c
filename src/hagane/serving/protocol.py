"""What a serving protocol is: its paths, how it reads rows, how it writes predictions, and the shape of its errors."""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections.abc import Callable

from hagane.bundle.predictions import Predictions
from hagane.serving.http import HttpError, Request, Response, Rows
from hagane.serving.protocols import PROTOCOLS
from hagane.serving.served_model import ServedModel


@dataclasses.dataclass(frozen=True)
class Predict:
    """A path that predicts: `decode` (request → rows), then one run of the model, then `encode`.

    The three are apart so that a server may run the rows of several requests at once.
    """

    pattern: re.Pattern[str]
    decode: Callable[[Request], Rows]
    """The instances of the request. Raises HttpError."""
    encode: Callable[[Request, Predictions], Response]
    method: str = "POST"


@dataclasses.dataclass(frozen=True)
class Read:
    """A path that tells something."""

    pattern: re.Pattern[str]
    answer: Callable[[Request], Response]
    """Raises HttpError."""
    method: str = "GET"


Route = Predict | Read


@dataclasses.dataclass(frozen=True)
class Protocol:
    """One protocol, for one model."""

    name: str
    routes: tuple[Route, ...]
    error: Callable[[HttpError], Response]
    """An error in the protocol's shape."""


def open_protocols(model: ServedModel) -> tuple[Protocol, ...]:
    """Every protocol of the table, in its order, for this model."""
    return tuple(importlib.import_module(module).protocol(model) for module in PROTOCOLS.values())


def route_pattern(template: str) -> re.Pattern[str]:
    """A path with `{names}` as a pattern; a name stands for one segment (without `/` and `:`).

    >>> route_pattern("/v1/models/{model}:predict").fullmatch("/v1/models/late:predict")["model"]
    'late'
    """
    parts = re.split(r"\{(\w+)\}", template)
    return re.compile("".join(f"(?P<{part}>[^/:]+)" if odd % 2 else re.escape(part) for odd, part in enumerate(parts)))
