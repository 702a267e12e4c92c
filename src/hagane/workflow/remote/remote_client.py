"""`RemoteClient`: rows to an endpoint, as JSON over HTTP, and its predictions back.

A request is what Vertex AI, KServe, TensorFlow Serving and Hagane's own server take: `{"instances": [{…}, …]}`,
answered by `{"predictions": […]}`; a URL that ends in `/invocations` is MLflow's (`{"dataframe_records": …}`). What may
pass (no connection, 429, 500, 502, 503, 504) is tried again, later each time; redirects are not followed.
"""

from __future__ import annotations

import http.client
import os
import random
import re
import ssl
import time
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from hagane.errors import Fault, HaganeError, RequestError
from hagane.workflow.remote.remote_model import RemoteModel

ATTEMPTS = 4
FIRST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 0.25, 20.0
PASSING = (429, 500, 502, 503, 504)
MOST_ANSWER_BYTES = 256 << 20
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class RemoteError(HaganeError):
    """The endpoint did not answer; `is_final`: nor would it other rows (no such place, no right to it)."""

    def __init__(self, fault: Fault, *, is_final: bool) -> None:
        super().__init__(fault)
        self.is_final = is_final


class _Reply(NamedTuple):
    status: int
    body: bytes
    retry_after: float | None


class RemoteClient:
    """Asks one remote model. Threads may share one: each request has a connection of its own."""

    def __init__(self, remote: RemoteModel) -> None:
        self._remote = remote
        url = urlsplit(remote.endpoint)
        self._is_secure, self._host, self._port = url.scheme == "https", url.hostname or "", url.port
        self._path = predict_path(url.path) + (f"?{url.query}" if url.query else "")
        self._is_mlflow = url.path.rstrip("/").endswith("/invocations")
        self._token = _token(remote, is_safe=self._is_secure or self._host in LOOPBACK)

    def predict(self, instances: Sequence[dict[str, Any]]) -> list[Any]:
        """A prediction an instance, in their order. Raises RemoteError."""
        key = "dataframe_records" if self._is_mlflow else "instances"
        body = msgspec.json.encode({key: list(instances)})
        reply = self._asked(body)
        if reply.status != 200:
            said = reply.body[:300].decode(errors="replace").strip()
            raise self._failure(f"it answered {reply.status}: {said}", is_final=reply.status in (401, 403, 404, 405))
        try:
            found = msgspec.json.decode(reply.body)["predictions"]
        except (msgspec.MsgspecError, KeyError, TypeError):
            raise self._failure('it answered no JSON with "predictions"', is_final=False) from None
        if not isinstance(found, list) or len(found) != len(instances):
            count = len(found) if isinstance(found, list) else "no"
            raise self._failure(f"it answered {count} predictions to {len(instances)} rows", is_final=False)
        return found

    def _asked(self, body: bytes) -> _Reply:
        """The reply, after as many attempts as may help."""
        for attempt in range(1, ATTEMPTS + 1):
            pause = min(MOST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)) * random.uniform(0.5, 1.0)
            try:
                reply = self._once(body)
            except (OSError, http.client.HTTPException) as error:
                if attempt == ATTEMPTS or isinstance(error, ssl.SSLCertVerificationError):
                    said = str(error) or type(error).__name__
                    raise self._failure(f"it cannot be reached: {said}", is_final=True) from None
            else:
                if reply.status not in PASSING or attempt == ATTEMPTS:
                    return reply
                pause = pause if reply.retry_after is None else min(MOST_PAUSE_SECONDS, reply.retry_after)
            time.sleep(pause)
        raise AssertionError

    def _once(self, body: bytes) -> _Reply:
        kind = http.client.HTTPSConnection if self._is_secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self._remote.timeout_seconds)
        try:
            connection.request("POST", self._path, body, self._headers())
            response = connection.getresponse()
            content = response.read(MOST_ANSWER_BYTES + 1)
            if len(content) > MOST_ANSWER_BYTES:
                raise http.client.HTTPException(f"its answer is longer than {MOST_ANSWER_BYTES >> 20} MiB")
            return _Reply(response.status, content, _seconds(response.getheader("Retry-After")))
        finally:
            connection.close()

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        return headers | ({"Authorization": f"Bearer {self._token}"} if self._token else {})

    def _failure(self, what: str, *, is_final: bool) -> RemoteError:
        return RemoteError(
            Fault(what=f"the remote model failed: {what}", where=self._remote.endpoint), is_final=is_final
        )


def predict_path(path: str) -> str:
    """Where an endpoint's URL is asked to predict: as BigQuery is given it, it names the endpoint alone.

    >>> [predict_path(path) for path in ("", "/v1/projects/p/locations/l/endpoints/7", "/v1/models/late", "/predict")]
    ['/predict', '/v1/projects/p/locations/l/endpoints/7:predict', '/v1/models/late:predict', '/predict']
    """
    bare = path.rstrip("/")
    if not bare:
        return "/predict"
    last = bare.rpartition("/")[0].rpartition("/")[2]
    return f"{bare}:predict" if last in ("endpoints", "models") and not bare.endswith(":predict") else bare


def token_variable(connection: str) -> str:
    """The environment's variable that holds a connection's token.

    >>> token_variable("us.my-conn")
    'HAGANE_CONNECTION_US_MY_CONN'
    """
    return "HAGANE_CONNECTION_" + re.sub(r"[^A-Za-z0-9]", "_", connection).upper()


def _token(remote: RemoteModel, *, is_safe: bool) -> str:
    """Raises RequestError rather than send one where others can read it."""
    name = token_variable(remote.connection)
    token = os.environ.get(name, "")
    if token and not is_safe:
        what = f"the token of {name} would be sent unencrypted"
        raise RequestError(Fault(what=what, where=remote.endpoint, expected="https://…, or this machine"))
    return token


def _seconds(text: str | None) -> float | None:
    return float(text) if text and re.fullmatch(r"\d{1,6}", text.strip()) else None
