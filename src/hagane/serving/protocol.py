"""What a serving protocol is: its paths, how it reads rows, how it writes predictions, and the shape of its errors."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from hagane.serving.exchange import Kind
from hagane.serving.explain_rows import ExplainRows
from hagane.serving.http import HttpError, Request, Response, Rows

Named = Callable[[Request], Mapping[str, str]]
"""Of a route whose model and version stand in the body and not in the path: what `{names}` would have named."""


@dataclasses.dataclass(frozen=True)
class Body:
    """A kind of body that a path takes, for its description."""

    schema: dict[str, Any]
    """JSON Schema; rows and columns are `hagane.serving.row_schema`'s."""
    example: object
    """One that the model answers."""
    content_type: str = "application/json"


@dataclasses.dataclass(frozen=True)
class Predict:
    """A path that predicts: `decode` (request → rows), then one run of the model, then the rows' own `encode`.

    The three are apart so that a server may run the rows of several requests at once.
    """

    template: str
    """The path, with `{names}` for segments that the protocol reads."""
    decode: Callable[[Request], Rows]
    """The rows of the request, and how they will be answered. Raises HttpError."""
    method: str = "POST"
    bodies: tuple[Body, ...] = ()
    """What it takes, the commonest first."""
    named: Named | None = None
    kind: ClassVar[Kind] = "predict"

    @functools.cached_property
    def pattern(self) -> re.Pattern[str]:
        """What the template matches."""
        return route_pattern(self.template)


@dataclasses.dataclass(frozen=True)
class Explain:
    """A path that explains: `decode`, then one run of the explainer on a thread, then the rows' own `encode`."""

    template: str
    decode: Callable[[Request], ExplainRows]
    """Raises HttpError."""
    method: str = "POST"
    bodies: tuple[Body, ...] = ()
    """What it takes, the commonest first."""
    named: Named | None = None
    kind: ClassVar[Kind] = "explain"

    @functools.cached_property
    def pattern(self) -> re.Pattern[str]:
        """What the template matches."""
        return route_pattern(self.template)


@dataclasses.dataclass(frozen=True)
class Read:
    """A path that tells something."""

    template: str
    answer: Callable[[Request], Response]
    """Raises HttpError."""
    method: str = "GET"
    kind: Kind = "read"
    bodies: tuple[Body, ...] = ()
    """What it takes, where it takes anything."""
    status: int = 200
    """Of its answer when all is well."""
    named: Named | None = None

    @functools.cached_property
    def pattern(self) -> re.Pattern[str]:
        """What the template matches."""
        return route_pattern(self.template)


Route = Predict | Explain | Read


@dataclasses.dataclass(frozen=True)
class Protocol:
    """One protocol, for one model."""

    name: str
    routes: tuple[Route, ...]
    error: Callable[[HttpError], Response]
    """An error in the protocol's shape."""
    roots: tuple[str, ...] = ()
    """How the protocol's paths begin: a path with such a beginning that nobody knows is refused in its shape."""


def route_pattern(template: str) -> re.Pattern[str]:
    """A path with `{names}` as a pattern; a name stands for one segment (without `/` and `:`).

    >>> route_pattern("/v1/models/{model}:predict").fullmatch("/v1/models/late:predict")["model"]
    'late'
    """
    parts = re.split(r"\{(\w+)\}", template)
    return re.compile("".join(f"(?P<{part}>[^/:]+)" if odd % 2 else re.escape(part) for odd, part in enumerate(parts)))
