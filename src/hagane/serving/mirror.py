"""`Mirror`: requests are shown to versions that nobody hears, and their answers compared with what clients got."""

from __future__ import annotations

import copy
import logging
import threading
import time
import zlib
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import msgspec

from hagane.bundle.predictions import Predictions
from hagane.serving.deployment import Deployment
from hagane.serving.exchange import Exchange
from hagane.serving.http import HttpError
from hagane.serving.mirror_comparison import MirrorComparison, compare_predictions
from hagane.serving.protocol import Predict

if TYPE_CHECKING:
    from hagane.serving.app import App

MOST_WAITING = 256
"""Requests that wait to be mirrored; one more is dropped, and counted."""
MOST_WAITING_BYTES = 16_000_000
"""The bodies of all that wait."""
REST = 3.0
"""After each request the thread rests so many times as long as it took: requests that somebody waits for go first."""

_LOG = logging.getLogger("hagane.serving")
_Pair = tuple[str, str]


class Mirror:
    """An observer. On the event loop a request costs a hash of its id and a reference in a bounded queue.

    A thread runs the mirrored versions, a quarter of its time at most. Which requests are mirrored follows from their
    ids, as what the request log samples does. A request that names a version is its alone.
    """

    def __init__(self, app: App, on_drop: Callable[[Deployment], object] = lambda deployment: None) -> None:
        self._app = app
        self._on_drop = on_drop
        self._queue: SimpleQueue[tuple[Exchange, Deployment] | None] = SimpleQueue()
        self._bytes_in = self._bytes_out = 0
        self._dropped: dict[_Pair, int] = {}
        self._compared: dict[_Pair, MirrorComparison] = {}
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()

    def observe(self, exchange: Exchange) -> None:
        """Have it mirrored, where a version is to see it."""
        mirrors = self._app.endpoint.mirrors
        if not mirrors or exchange.kind != "predict" or exchange.predictions is None:
            return
        request = exchange.request
        if "version" in request.parameters or "label" in request.parameters:
            return
        draw = zlib.crc32(request.id.encode()) % 100
        for deployment, percent in mirrors:
            if draw < percent and deployment is not exchange.deployment:
                self._put(exchange, deployment, len(request.body))

    @property
    def comparisons(self) -> list[MirrorComparison]:
        """What has been seen so far, a pair of versions each."""
        pairs = dict.fromkeys([*list(self._compared), *list(self._dropped)])
        found = []
        for pair in pairs:
            none = MirrorComparison(endpoint=self._app.endpoint.name, served=pair[0], mirrored=pair[1])
            one = self._compared.get(pair, none)
            found.append(msgspec.structs.replace(one, num_dropped=self._dropped.get(pair, 0)))
        return found

    def close(self) -> None:
        """Mirror no more. What waits is given up. Twice is as good as once."""
        self._ending.set()
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join()

    def _put(self, exchange: Exchange, deployment: Deployment, size: int) -> None:
        if self._queue.qsize() >= MOST_WAITING or self._bytes_in - self._bytes_out + size > MOST_WAITING_BYTES:
            pair = (exchange.deployment.id, deployment.id)
            self._dropped[pair] = self._dropped.get(pair, 0) + 1
            self._on_drop(deployment)
            return
        self._bytes_in += size
        self._queue.put((exchange, deployment))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="hagane-mirror", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._ending.is_set():
            waiting = self._queue.get()
            if waiting is None:
                return
            begin = time.perf_counter()
            exchange, deployment = waiting
            try:
                self._add(self._mirror(exchange, deployment))
            except Exception:
                _LOG.exception("request %s could not be mirrored", exchange.request.id)
            self._bytes_out += len(exchange.request.body)
            took = time.perf_counter() - begin
            del waiting, exchange, deployment  # a version that leaves is not held while this waits
            self._ending.wait(REST * took)

    def _add(self, one: MirrorComparison) -> None:
        pair = (one.served, one.mirrored)
        before = self._compared.get(pair)
        self._compared[pair] = before.merged(one) if before is not None else one

    def _mirror(self, exchange: Exchange, deployment: Deployment) -> MirrorComparison:
        """Answer the request with the other version, show that to the logs, and compare."""
        served = exchange.predictions
        assert served is not None
        one = MirrorComparison(
            endpoint=self._app.endpoint.name,
            served=exchange.deployment.id,
            mirrored=deployment.id,
            served_reference=_reference(exchange.deployment),
            mirrored_reference=_reference(deployment),
            num_requests=1,
            num_rows=len(served),
        )
        try:
            shadow = _answer(exchange, deployment)
        except Exception as error:
            if not isinstance(error, HttpError):
                _LOG.warning("%s failed on a mirrored request: %s", _reference(deployment), error)
            return msgspec.structs.replace(one, num_refused=1)
        for observer in self._app.observers:
            tell: Any = getattr(observer, "observe_mirror", None)
            if tell is not None:
                tell(shadow)
        assert shadow.predictions is not None
        seconds = {"served_seconds": exchange.model_seconds, "mirrored_seconds": shadow.model_seconds}
        return msgspec.structs.replace(one, **seconds, **_compared(served, shadow.predictions))


def _answer(exchange: Exchange, deployment: Deployment) -> Exchange:
    """What the other version makes of the request. Raises HttpError for what it refuses."""
    request = copy.copy(exchange.request)
    protocol, route = deployment.route(request)
    assert isinstance(route, Predict)
    rows = route.decode(request)
    begin = time.monotonic()
    predictions = deployment.model.answer(rows)
    seconds = time.monotonic() - begin
    shadow = Exchange(request, deployment, protocol.name, route.template, exchange.kind)
    shadow.instances, shadow.predictions = rows.instances, predictions
    shadow.model_seconds = shadow.seconds = seconds
    return shadow


def _compared(served: Predictions, mirrored: Predictions) -> dict[str, Any]:
    labels = compare_predictions(served, mirrored)
    if labels is None:
        return {"num_incomparable": 1}
    own, its = served.row_errors, mirrored.row_errors
    return {
        "num_errors_both": int((own & its).sum()),
        "num_errors_served": int((own & ~its).sum()),
        "num_errors_mirrored": int((its & ~own).sum()),
        "labels": labels,
    }


def _reference(deployment: Deployment) -> str:
    return f"{deployment.model.bundle.name}@{deployment.model.version}"
