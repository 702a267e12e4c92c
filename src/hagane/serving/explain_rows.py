"""`ExplainRows`: what a protocol read out of a request for explanations, and how it will answer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from hagane.errors import Fault
from hagane.explanation.explanations import Explanations
from hagane.explanation.wanted import Wanted
from hagane.serving.http import Response, same_place


class ExplainRows(NamedTuple):
    """As `Rows`, for explanations."""

    instances: object
    """The rows, not yet looked at."""
    encode: Callable[[Explanations], Response]
    """Their explanations in the protocol's shape."""
    wanted: Wanted = Wanted("output")
    baseline: Mapping[str, Any] | None = None
    """Values that the baseline row has instead of its own."""
    faults: tuple[Fault, ...] = ()
    place: Callable[[str], str] = same_place
    """As in `Rows`."""
