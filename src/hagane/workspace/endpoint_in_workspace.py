"""`EndpointInWorkspace`: an endpoint, as servers are told of it."""

from __future__ import annotations

import msgspec

from hagane.workspace.watched_endpoint import WatchedEndpoint


class EndpointInWorkspace(msgspec.Struct, frozen=True, kw_only=True):
    """An `EndpointPlace`.

    >>> EndpointInWorkspace(root=".hagane", name="late").name
    'late'
    """

    root: str
    """The workspace's folder."""
    name: str

    def open(self) -> WatchedEndpoint:
        """The endpoint, to be followed."""
        return WatchedEndpoint(self.root, self.name)
