"""`Endpoint`: a name, and the deployments that answer behind it."""

from __future__ import annotations

import dataclasses

from hagane.serving.deployment import Deployment
from hagane.serving.http import Request
from hagane.serving.protocol import Protocol, Route


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """What a server answers with. It is replaced as a whole: a request sees one state of it from first to last."""

    name: str
    deployments: tuple[Deployment, ...]
    """One at least."""

    @property
    def first(self) -> Deployment:
        """The one whose paths and errors stand for the whole where a request names none."""
        return self.deployments[0]

    def choose(self, request: Request) -> Deployment:
        """Who answers this request, whose `parameters` are known."""
        return self.deployments[0]

    def find(self, request: Request) -> tuple[Deployment, Protocol, Route]:
        """Who answers, and how; fills in the request's `parameters`. Raises HttpError: 404, 405, 204 for OPTIONS."""
        protocol, route, request.parameters = self.first.find(request.method, request.path)
        chosen = self.choose(request)
        if chosen is not self.first:
            protocol, route, request.parameters = chosen.find(request.method, request.path)
        return chosen, protocol, route
