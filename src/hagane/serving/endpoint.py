"""`Endpoint`: a name, and the deployments that answer behind it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from random import random

from hagane.errors import Fault, nearest
from hagane.serving.deployment import Deployment
from hagane.serving.endpoint_state import KEY_HEADER, EndpointState
from hagane.serving.http import HttpError, Request
from hagane.serving.protocol import Predict, Protocol, Route
from hagane.serving.traffic import NUM_BUCKETS, key_bucket


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """What a server answers with. It is replaced as a whole: a request sees one state of it from first to last."""

    name: str
    deployments: tuple[Deployment, ...]
    """One at least; the first answers what names no version and predicts nothing."""
    state: EndpointState | None = None
    """What it was made of; None where a bundle is served alone."""

    @property
    def first(self) -> Deployment:
        """The one whose paths and errors stand for the whole where a request names none."""
        return self.deployments[0]

    def choose(self, request: Request) -> Deployment:
        """Who answers this request, whose `parameters` are known: the version that it names, or one by the split.

        Requests of one key go to one version. Raises HttpError 404 for a version or a label that is not there.
        """
        if self._is_alone:
            return self.deployments[0]
        parameters = request.parameters
        if parameters:
            for kind in ("version", "label"):
                if kind in parameters:
                    return self._named_by(kind, parameters[kind])
            if "deployed_model" in parameters and parameters["deployed_model"] in self._named["version"]:
                return self._named["version"][parameters["deployed_model"]]
        key = request.headers.get(self._key_header)
        return self._buckets[key_bucket(self.name, key) if key is not None else int(random() * NUM_BUCKETS)]

    def find(self, request: Request) -> tuple[Deployment, Protocol, Route]:
        """Who answers, and how; fills in the request's `parameters`. Raises HttpError as `Deployment.route`."""
        protocol, route = self.first.route(request)
        if self._is_alone or (not isinstance(route, Predict) and not request.parameters):
            return self.first, protocol, route
        chosen = self.choose(request) if isinstance(route, Predict) else self.named(request)
        if chosen is not self.first:
            protocol, route = chosen.route(request)
        return chosen, protocol, route

    def named(self, request: Request) -> Deployment:
        """The version that the request names, or the first: who tells what is asked without a prediction.

        Raises HttpError 404 for a version or a label that is not there.
        """
        for kind in ("version", "label"):
            if kind in request.parameters and not self._is_alone:
                return self._named_by(kind, request.parameters[kind])
        return self.first

    @functools.cached_property
    def mirrors(self) -> tuple[tuple[Deployment, int], ...]:
        """Who answers copies, of which percentage of the requests."""
        shares = {each.id: each.mirror for each in self.state.models} if self.state else {}
        return tuple((each, shares[each.id]) for each in self.deployments if shares.get(each.id))

    @functools.cached_property
    def _is_alone(self) -> bool:
        return len(self.deployments) == 1

    @functools.cached_property
    def _key_header(self) -> bytes:
        return (self.state.key_header if self.state else KEY_HEADER).lower().encode()

    @functools.cached_property
    def _buckets(self) -> tuple[Deployment, ...]:
        """The deployment of each hundredth of the keys."""
        by_id = {each.id: each for each in self.deployments}
        return tuple(by_id[id_] for id_ in self.state.buckets) if self.state else (self.first,) * NUM_BUCKETS

    @functools.cached_property
    def _named(self) -> Mapping[str, Mapping[str, Deployment]]:
        """By version and by label. An id is as good as a version, and better: it is of one alone."""
        versions: dict[str, Deployment] = {}
        for each in self.deployments:
            versions.setdefault(each.model.version, each)
        ids = {each.id: each for each in self.deployments}
        labels = {label: each for each in self.deployments for label in each.model.labels}
        return {"version": versions | ids, "label": labels}

    def _named_by(self, kind: str, name: str) -> Deployment:
        known = self._named[kind]
        if name not in known:
            there = [each for each in known if kind == "label" or len(each) < 10]
            what = f"no {kind} {name[:100]!r} of {self.name} here"
            fault = Fault(what=what, where=kind, expected=", ".join(there), nearest=nearest(name[:100], there))
            raise HttpError(404, fault)
        return known[name]
