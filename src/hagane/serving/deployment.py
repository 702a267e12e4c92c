"""`Deployment`: one version of a model, loaded in this process, with the protocols that speak for it."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from hagane.errors import Fault, nearest
from hagane.serving.batcher import MOST_ROWS, Batcher
from hagane.serving.exchange import Exchange
from hagane.serving.http import HttpError, Request, Response, Rows
from hagane.serving.open_protocols import open_protocols
from hagane.serving.protocol import Explain, Predict, Protocol, Route
from hagane.serving.served_model import ServedModel
from hagane.serving.typed_body import TypedBody

if TYPE_CHECKING:
    from hagane.serving.request_log.feedback import Feedback

INLINE_BYTES = 32_768
"""Bodies up to this size are answered on the event loop; larger ones on a thread, so that nobody waits behind them."""
INLINE_SECONDS = 0.002
"""A model that takes longer than this for a row is always run on a thread."""
BATCH_SECONDS = 0.01
"""A batch on the event loop has no more rows than take so long."""
KNOWN_PATHS = 256
"""How many paths are remembered with what answers them: to match the routes takes longer than to read a small body."""
WARM_UP_TIMES = 5
"""How often the example is answered before the first request; the shortest time is believed."""

_LOG = logging.getLogger("hagane.serving")
CALLS = "grpc"
"""The protocol of what comes over gRPC."""
Found = tuple[Protocol, Route, dict[str, str]]


class Deployment:
    """What answers with one version of a model. Threads may share it."""

    def __init__(self, model: ServedModel, *, feedback: Callable[[Feedback], bool] | None = None) -> None:
        self.model = model
        self.protocols: tuple[Protocol, ...] = open_protocols(model, feedback)
        """The server's own paths first; one for ground truth where somebody keeps `feedback`."""
        self.inline_bytes = INLINE_BYTES
        """Bodies up to this size are answered where they are read; 0 for a slow model."""
        self.batcher = Batcher(model)
        """Runs what the event loop reads at once as one batch."""
        self.load_seconds = model.bundle.load_seconds
        """How long it took to load, and to warm."""
        self._found: dict[tuple[str, str], Found] = {}
        self.headers = _headers(model)
        """What every answer to a prediction says of who answered."""

    @property
    def id(self) -> str:
        """What tells this deployment from every other: `deployedModelId` in answers."""
        return self.model.id

    @property
    def paths(self) -> list[tuple[str, str]]:
        """Every method and path that is answered."""
        routes = [route for protocol in self.protocols for route in protocol.routes]
        return [(route.method, self.model.path(route.template)) for route in routes]

    def warm_up(self) -> None:
        """Answer the example, so that the first request finds everything ready; measures how long that takes.

        A batch on the event loop takes no more rows than are answered in some milliseconds.
        """
        began = time.perf_counter()
        try:
            seconds = _shortest(lambda: self.model.predict([self.model.example]))
            _ = self.model.outputs  # taken from an answer, once
            rows = TypedBody(self.model).read(msgspec.json.encode({"instances": [self.model.example]}))
            if rows is not None:
                values = rows.values * MOST_ROWS
                for_all = _shortest(lambda: self.model.bundle.predict_values(values))
                self.batcher.most_rows = max(1, min(MOST_ROWS, int(MOST_ROWS * BATCH_SECONDS / for_all)))
        except HttpError as error:
            _LOG.warning("the model refuses its own example: %s", "; ".join(fault.what for fault in error.faults))
        else:
            self.inline_bytes = INLINE_BYTES if seconds < INLINE_SECONDS else 0
        self.load_seconds = self.model.bundle.load_seconds + time.perf_counter() - began

    def predict(self, route: Predict | Explain, exchange: Exchange) -> Response:
        """Answer a request on its own; fills in what `exchange` tells of it. Raises HttpError."""
        if isinstance(route, Explain):
            return self._explain(route, exchange)
        return self.answer(route.decode(exchange.request), exchange)

    def answer(self, rows: Rows, exchange: Exchange) -> Response:
        """Answer the decoded rows of a request on its own. Raises HttpError."""
        exchange.instances = rows.instances
        begin = time.monotonic()
        predictions = exchange.predictions = self.model.answer(rows)
        exchange.model_seconds = time.monotonic() - begin
        return rows.encode(predictions)

    def _explain(self, route: Explain, exchange: Exchange) -> Response:
        rows = route.decode(exchange.request)
        exchange.instances = rows.instances
        begin = time.monotonic()
        explanations = self.model.explain(rows)
        exchange.predictions = explanations.predictions
        exchange.model_seconds = time.monotonic() - begin
        return rows.encode(explanations)

    def protocol_of_root(self, path: str) -> Protocol:
        """Who refuses a path that nobody knows: the protocol whose paths begin so, or else the first."""
        known = (each for each in self.protocols if any(path.startswith(root) for root in each.roots))
        return next(known, self.protocols[0])

    @functools.cached_property
    def calls(self) -> Protocol:
        """What answers over gRPC."""
        from hagane.serving.grpc_protocol import grpc_protocol  # brings protobuf, which only gRPC needs

        return grpc_protocol(self.model)

    def protocol_named(self, name: str) -> Protocol | None:
        """The protocol of that name, where it is spoken."""
        if name == CALLS:
            return self.calls
        return next((each for each in self.protocols if each.name == name), None)

    def route(self, request: Request) -> tuple[Protocol, Route]:
        """The protocol and route that answer a request; fills in its `parameters`.

        Raises HttpError: 404, 405, 204 for OPTIONS, 400 for a body that should name a model and cannot be read.
        """
        if request.is_call:
            route = next(each for each in self.calls.routes if each.template == request.path)
            protocol, names = self.calls, dict[str, str]()
        else:
            protocol, route, names = self._find(request.method, request.path)
        request.parameters = names if route.named is None else route.named(request)
        return protocol, route

    def _find(self, method: str, path: str) -> Found:
        found = self._found.get((method, path))
        if found is None:
            found = self._look_for(method, path)
            if len(self._found) < KNOWN_PATHS:
                self._found[method, path] = found
        return found

    def _look_for(self, method: str, path: str) -> Found:
        wanted = "GET" if method == "HEAD" else method
        there = []
        for protocol in self.protocols:
            for route in protocol.routes:
                match = route.pattern.fullmatch(path)
                if match is not None and route.method == wanted:
                    return protocol, route, match.groupdict()
                if match is not None:
                    there.append(route.method)
        raise wrong_method(method, path, there) if there else self._no_such_path(path)

    def _no_such_path(self, path: str) -> HttpError:
        what = f"there is nothing at {path[:200]!a}"
        near = nearest(path[:200], [known for _, known in self.paths])
        return HttpError(404, Fault(what=what, nearest=near, next_step="GET / tells every path"))


def _shortest(call: Callable[[], object]) -> float:
    """The seconds that it takes, several times measured: what else the machine does can only add to it."""
    seconds = []
    for _ in range(WARM_UP_TIMES):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def _headers(model: ServedModel) -> tuple[tuple[bytes, bytes], ...]:
    """None where a bundle is served alone: there is only one who could have answered."""
    if not model.endpoint:
        return ()
    return ((b"x-hagane-model-version", model.version.encode()), (b"x-hagane-deployed-model-id", model.id.encode()))


def wrong_method(method: str, path: str, there: list[str]) -> HttpError:
    """405, with the methods that are there; 204 for OPTIONS."""
    allowed = sorted({*there, "OPTIONS", *(["HEAD"] if "GET" in there else [])})
    headers = ((b"allow", ", ".join(allowed).encode()),)
    if method == "OPTIONS":
        return HttpError(204, headers=headers)
    fault = Fault(what=f"{ascii(method[:20])[1:-1]} is not for {path}", expected=" or ".join(sorted(set(there))))
    return HttpError(405, fault, headers=headers)
