"""`EndpointSource`: where a server learns what its endpoint is to be, and tells what it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hagane.serving.endpoint_state import EndpointState
from hagane.serving.mirror_comparison import MirrorComparison
from hagane.serving.server_report import ServerReport


class EndpointPlace(Protocol):
    """Where an endpoint is kept: a struct that travels to other processes as JSON, and is opened where it is served."""

    def open(self) -> EndpointSource:
        """The endpoint itself. Opens nothing that is not closed by the garbage collector."""


class EndpointSource(Protocol):
    """Kept by whoever keeps endpoints; asked by one thread of a server, about twice a second."""

    def history(self) -> Sequence[EndpointState]:
        """Every revision, the newest first. Raises HaganeError where it cannot be told, or there is none."""

    def has_changed(self) -> bool:
        """Whether the endpoint may be another than at the last call; microseconds where it is not."""

    def report(self, report: ServerReport) -> None:
        """Keep what the server tells of itself."""

    def withdraw(self, report: ServerReport) -> None:
        """The server has ended."""

    def add_comparison(self, server: str, comparison: MirrorComparison) -> None:
        """Keep what the server's mirrored requests have told so far of two versions."""
