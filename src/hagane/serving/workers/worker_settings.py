"""`WorkerSettings`: what a worker is told when it is started."""

from __future__ import annotations

from typing import Any

import msgspec


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """JSON on the worker's standard input, so that the list of processes shows nothing of it."""

    path: str | None
    """The bundle; None where the options name an endpoint."""
    listener: int
    """The inherited descriptor of the listening socket."""
    status: int
    """The descriptor of the pipe on which the worker tells that it is ready, or why it cannot be."""
    board: int
    """The descriptor of the `WorkerBoard`."""
    slot: int
    """The worker's line on it."""
    num_slots: int
    supervisor: int
    """The number of the process that started it: when that is gone, the worker ends."""
    grpc_address: tuple[str, int] | None = None
    """Where gRPC is spoken, on a port that the workers share."""
    drain_seconds: float = 0
    count_requests: bool = False
    """Whether the board is to know how many requests were answered."""
    options: dict[str, Any] = {}
    """The server's other options, as `options_to_json` makes them."""


class WorkerStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line that a worker tells its supervisor: that it is ready, or why it cannot be."""

    message: str = ""
    """The start message of one that is ready."""
    error: str = ""
    """The class of the error in `hagane.errors`."""
    faults: list[dict[str, Any]] = []
