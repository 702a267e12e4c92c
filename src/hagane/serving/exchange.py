"""`Exchange`: what happened to one request."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import msgspec

from hagane.bundle.predictions import Predictions
from hagane.serving.http import Request, Response

if TYPE_CHECKING:
    from hagane.serving.deployment import Deployment

Kind = Literal["predict", "explain", "read", "live", "ready", "metrics", "feedback", "admin"]
"""What a path is for: `live` and `ready` tell of the server's health and are open to everyone."""


class Exchange(msgspec.Struct, gc=False):
    """A request and all that became of it: filled in on its way through the server, then shown to the observers."""

    request: Request
    deployment: Deployment
    protocol: str = ""
    """The name of the protocol that answers; empty where the path belongs to none."""
    template: str = ""
    """The route: a path with `{names}` in it; empty where there is none."""
    kind: Kind = "read"
    instances: object = None
    """The rows that were asked about, as the protocol read them; None before that, and for what reads only."""
    predictions: Predictions | None = None
    response: Response | None = None
    """What was answered; None while it is not, and for a client that went away."""
    deadline: float = math.inf
    """When the client stops to wait, in seconds of `time.monotonic`: `check_deadline` is asked before a run."""
    waited_seconds: float = 0.0
    """Between the whole request's arrival and the model's run."""
    model_seconds: float = 0.0
    """The run of the model; for rows that were run together with others, of all of them."""
    seconds: float = 0.0
    """From the request's first byte to its answer."""

    def give_up(self) -> None:
        """Nobody waits for the answer any more: what was not begun is not run."""
        self.deadline = -math.inf
