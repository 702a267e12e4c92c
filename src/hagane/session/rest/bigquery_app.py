"""`BigQueryApp`: requests of the API to their handlers, on threads, and refusals in its shape."""

from __future__ import annotations

import asyncio
import gzip
import hmac
import io
import re
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from hagane.errors import Fault, HaganeError
from hagane.serving.exposure_warning import is_loopback
from hagane.serving.http import HttpError, Request, Response
from hagane.session.rest import dataset_api, job_api, model_api, table_api
from hagane.session.rest.api_call import ApiCall
from hagane.session.rest.api_error import ApiError
from hagane.session.rest.api_state import ApiState
from hagane.session.rest.job import LOCATION

MAX_BODY_BYTES = 256 * 1024 * 1024
"""Clients send files in pieces of 100 MiB."""
NUM_THREADS = 64
"""Requests that are answered at once; most of them wait for a job."""

Handler = Callable[[ApiCall, ApiState], dict[str, Any]]
_PREFIX = re.compile(r"^(/resumable)?(/upload)?(/bigquery/v2)?(?=/projects)")
_DATASET = "/projects/{project}/datasets/{dataset}"


def _list_projects(call: ApiCall, state: ApiState) -> dict[str, Any]:
    project = state.sessions.project
    found = {"kind": "bigquery#project", "id": project, "friendlyName": project,
             "projectReference": {"projectId": project}}  # fmt: skip
    return {"kind": "bigquery#projectList", "projects": [found], "totalItems": 1}


def _service_account(call: ApiCall, state: ApiState) -> dict[str, Any]:
    return {"kind": "bigquery#getServiceAccountResponse", "email": f"{LOCATION}@{call.path['project']}"}


def _no_routines(call: ApiCall, state: ApiState) -> dict[str, Any]:
    return {"routines": []}


def _refuse_routines(call: ApiCall, state: ApiState) -> dict[str, Any]:
    raise ApiError("notImplemented", "routines do not run here: write the expression into the query")


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/projects", _list_projects),
    ("GET", "/projects/{project}/serviceAccount", _service_account),
    ("GET", "/projects/{project}/datasets", dataset_api.list_datasets),
    ("POST", "/projects/{project}/datasets", dataset_api.insert_dataset),
    ("GET", _DATASET, dataset_api.get_dataset),
    ("PATCH", _DATASET, dataset_api.patch_dataset),
    ("PUT", _DATASET, dataset_api.patch_dataset),
    ("DELETE", _DATASET, dataset_api.delete_dataset),
    ("GET", f"{_DATASET}/tables", table_api.list_tables),
    ("POST", f"{_DATASET}/tables", table_api.insert_table),
    ("GET", f"{_DATASET}/tables/{{table}}", table_api.get_table),
    ("PATCH", f"{_DATASET}/tables/{{table}}", table_api.patch_table),
    ("PUT", f"{_DATASET}/tables/{{table}}", table_api.patch_table),
    ("DELETE", f"{_DATASET}/tables/{{table}}", table_api.delete_table),
    ("GET", f"{_DATASET}/tables/{{table}}/data", table_api.list_rows),
    ("POST", f"{_DATASET}/tables/{{table}}/insertAll", table_api.insert_rows),
    ("GET", f"{_DATASET}/models", model_api.list_models),
    ("GET", f"{_DATASET}/models/{{model}}", model_api.get_model),
    ("PATCH", f"{_DATASET}/models/{{model}}", model_api.patch_model),
    ("DELETE", f"{_DATASET}/models/{{model}}", model_api.delete_model),
    ("GET", f"{_DATASET}/routines", _no_routines),
    ("POST", f"{_DATASET}/routines", _refuse_routines),
    ("GET", f"{_DATASET}/routines/{{routine}}", _refuse_routines),
    ("POST", "/projects/{project}/jobs", job_api.insert_job),
    ("GET", "/projects/{project}/jobs", job_api.list_jobs),
    ("GET", "/projects/{project}/jobs/{job}", job_api.get_job),
    ("POST", "/projects/{project}/jobs/{job}/cancel", job_api.cancel_job),
    ("DELETE", "/projects/{project}/jobs/{job}/delete", job_api.delete_job),
    ("POST", "/projects/{project}/queries", job_api.query),
    ("GET", "/projects/{project}/queries/{job}", job_api.get_query_results),
)
"""What is answered: `{name}` is one part of the path."""
_COMPILED = tuple(
    (method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)), handler)
    for method, template, handler in ROUTES
)


class BigQueryApp:
    """An `Application` for the HTTP server of `hagane.serving`.

    It runs whatever SQL it is sent. So it answers only who sends its `token` (`Authorization: Bearer …`), or without
    one who calls it by a name of the loopback: a page in a browser that was led here by a name of its own is refused,
    as is any that tells its origin.
    """

    max_body_bytes = MAX_BODY_BYTES

    def __init__(self, state: ApiState, *, token: str = "") -> None:
        self.state = state
        self._token = token
        self._threads = ThreadPoolExecutor(NUM_THREADS, "hagane-api")

    def handle(self, request: Request, reply: Callable[[Response], object]) -> object:
        """Answer on a thread; `reply` is called on the event loop's own."""
        loop = asyncio.get_running_loop()

        def work() -> None:
            response = self.answer(request)
            loop.call_soon_threadsafe(reply, response)

        return self._threads.submit(work)

    def refuse(self, request: Request, error: HttpError, reply: Callable[[Response], object]) -> None:
        """A request that cannot be read to its end."""
        message = "; ".join(fault.what for fault in error.faults) or "the request cannot be read"
        reply(_error_response(ApiError("tooLarge" if error.status == 413 else "invalid", message), error.status))

    def check_size(self, size: int) -> None:
        """Raises HttpError 413 for a body of more than `max_body_bytes`."""
        if size > self.max_body_bytes:
            raise HttpError(413, Fault(what="the request is too large", expected=f"{self.max_body_bytes:,} bytes"))

    def close(self) -> None:
        """End all jobs; it answers no more."""
        self.state.jobs.close()
        self.state.sessions.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def answer(self, request: Request) -> Response:
        """The answer, whatever happens."""
        try:
            self._check_caller(request)
            return self._route(request)
        except ApiError as error:
            return _error_response(error)
        except HaganeError as error:
            return _error_response(ApiError.of(error))
        except Exception as error:  # it would leave the client without an answer
            message = f"this is a fault of Hagane's own: {type(error).__name__}: {error}"
            return _error_response(ApiError("invalid", message))

    def _check_caller(self, request: Request) -> None:
        if b"origin" in request.headers:
            raise ApiError("required", "pages in browsers are not answered")
        if self._token:
            sent = request.headers.get(b"authorization", b"")
            if not hmac.compare_digest(sent, f"Bearer {self._token}".encode()):
                raise ApiError("required", "a token is needed: Authorization: Bearer …")
            return
        host = request.headers.get(b"host", b"").decode("latin-1")
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            name = host
        if not is_loopback(name):
            raise ApiError("required", f"this server is not called {name!r}: use 127.0.0.1")

    def _route(self, request: Request) -> Response:
        prefix = _PREFIX.match(request.path)
        path = request.path[prefix.end() :] if prefix else request.path
        query = dict(parse_qsl(request.query.decode("latin-1"), keep_blank_values=True))
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.items()}
        host = headers.get("host", "")
        for method, pattern, handler in _COMPILED:
            found = pattern.fullmatch(path)
            if found is None or (method != request.method and not (prefix and prefix[2])):
                continue
            parts = {name: unquote(part) for name, part in found.groupdict().items()}
            body = _unpacked(request)
            call = ApiCall(path=parts, query=query, body=body, headers=headers, base_url=f"http://{host}")
            if prefix and prefix[2]:
                return self._upload(call, request)
            return Response(200, msgspec.json.encode(handler(call, self.state)))
        raise ApiError(
            "notFound", f"Not found: {request.method} {request.path}; see docs/bigquery_api.md for what there is"
        )

    def _upload(self, call: ApiCall, request: Request) -> Response:
        """Files for load jobs: whole with the job, or in pieces."""
        uploads, kind = self.state.uploads, call.query.get("uploadType", "")
        if request.method == "POST" and kind == "multipart":
            upload = uploads.whole(call.headers.get("content-type", ""), call.body)
        elif request.method == "POST" and kind == "resumable":
            name = uploads.begin(call.body)
            place = f"{call.base_url}{request.path}?uploadType=resumable&upload_id={name}"
            return Response(200, b"", headers=((b"location", place.encode()),))
        elif request.method == "PUT" and "upload_id" in call.query:
            name = call.query["upload_id"]
            whole = uploads.take(name, call.headers.get("content-range", ""), call.body)
            if whole is None:
                come = uploads.num_bytes(name)
                headers = ((b"range", f"bytes=0-{come - 1}".encode()),) if come else ()
                return Response(308, b"", headers=headers)
            upload = whole
        else:
            raise ApiError("invalid", "an upload is multipart or resumable")
        return Response(200, msgspec.json.encode(job_api.start_uploaded(call, self.state, upload)))


def _unpacked(request: Request) -> bytes:
    encoding = request.headers.get(b"content-encoding", b"identity").lower()
    if encoding in (b"identity", b""):
        return bytes(request.body)
    if encoding != b"gzip":
        raise ApiError("invalid", f"bodies in {encoding.decode('latin-1')} are not read")
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(request.body)) as file:
            found = file.read(MAX_BODY_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ApiError("invalid", f"the body cannot be unpacked: {error}") from None
    if len(found) > MAX_BODY_BYTES:
        raise ApiError("tooLarge", "the body is too large")
    return found


def _error_response(error: ApiError, status: int | None = None) -> Response:
    return Response(status or error.status, msgspec.json.encode(error.body()))
