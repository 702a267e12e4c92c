"""Remote models beside Hagane's own server, and beside servers that fail."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from load_module import BUNDLES, load_module

from hagane.bundle.bundle import Bundle
from hagane.bundle.write_bundle import write_bundle
from hagane.errors import BundleError, DataError, RequestError, SpecError, SqlError
from hagane.progress import SILENT
from hagane.serving import ServerThread
from hagane.sql.parse_script import parse_script
from hagane.types import Column, SqlType
from hagane.workflow.made_elsewhere import made_elsewhere
from hagane.workflow.remote import remote_client
from hagane.workflow.remote.remote_client import RemoteError
from hagane.workflow.remote.remote_model import create_remote_model, read_remote_model
from hagane.workflow.remote.remote_predict_stream import remote_predict_stream
from hagane.workflow.statement_spec import statement_spec
from hagane.workspace.workspace import Workspace

Answer = Callable[[list[dict[str, Any]]], tuple[int, Any]]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_client, "FIRST_PAUSE_SECONDS", 0.001)


@pytest.fixture
def doubler(tmp_path: Path) -> Iterator[tuple[Bundle, str]]:
    """A bundle, and where it is served."""
    made = load_module(BUNDLES)
    folder = write_bundle(tmp_path / "doubler", model=made.regressor_model(), signature=made.regressor_signature())
    bundle = Bundle.load(folder)
    with ServerThread(bundle).start() as server:
        yield bundle, server.url


@contextmanager
def endpoint(answer: Answer) -> Iterator[tuple[str, list[Any]]]:
    """A server that answers rows by `answer` (status, predictions), and what it was asked."""
    asked: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, dict(self.headers), body))
            status, found = answer(body.get("instances") or body["dataframe_records"])
            content = json.dumps(found if status != 200 else {"predictions": found}).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


X, Y = Column("x", SqlType.FLOAT64), Column("y", SqlType.FLOAT64)


def ask(
    workspace: Workspace, url: str, rows: pa.Table, *, outputs: Any = (Y,), progress: Any = SILENT, most: int = 0
) -> pa.Table:
    version = create_remote_model(workspace, name="far", endpoint=url, inputs=[X], outputs=outputs)
    remote = read_remote_model(version.path)
    assert remote is not None
    if most:
        remote = msgspec.structs.replace(remote, max_batching_rows=most)
    return remote_predict_stream(remote, rows.schema, rows.to_batches, progress=progress).read_all()


def numbers(n: int) -> pa.Table:
    return pa.table({"id": range(n), "x": [float(i) for i in range(n)]})


def test_hagane_serves_what_sql_asks(doubler: tuple[Bundle, str], workspace: Workspace) -> None:
    """CREATE MODEL … REMOTE, then ML.PREDICT over HTTP: in the rows' order, by several requests."""
    bundle, url = doubler
    fields = ", ".join(f"{each.name} {each.type.value}" for each in bundle.signature.inputs)
    answered = bundle.signature.prediction_name
    (statement,) = parse_script(
        f"CREATE MODEL far INPUT({fields}) OUTPUT({answered} FLOAT64) REMOTE WITH CONNECTION DEFAULT "
        f"OPTIONS(endpoint = '{url}')"
    )
    version = made_elsewhere(statement_spec(statement), workspace, name="far")
    assert (version.model_type, version.task) == ("remote", "inference")
    remote = read_remote_model(version.path)
    assert remote is not None
    names = [each.name for each in bundle.signature.inputs]
    rows = pa.table({name: [float(i) for i in range(1000)] for name in names})
    found = remote_predict_stream(remote, rows.schema, rows.to_batches).read_all()
    assert found.schema.names == [answered, "remote_model_status", *names]
    expected = [row[answered] for row in bundle.predict(rows.to_pylist()).rows()]
    assert found[answered].to_pylist() == expected
    assert set(found["remote_model_status"].to_pylist()) == {""}


def test_rows_keep_their_order_and_null_is_null(workspace: Workspace) -> None:
    def answer(rows: list[dict[str, Any]]) -> tuple[int, Any]:
        return 200, [{"y": None if row["x"] is None else row["x"] + 1} for row in rows]

    with endpoint(answer) as (url, asked):
        rows = pa.table({"x": pa.array([None if i % 7 == 0 else float(i) for i in range(100)])})
        found = ask(workspace, url, rows, most=16)
        assert found["y"].to_pylist() == [None if i % 7 == 0 else i + 1.0 for i in range(100)]
        assert len(asked) == 7
        assert {path for path, _, _ in asked} == {"/predict"}


class Notes:
    """A progress that keeps what is noted."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def phase(self, name: str, **_: Any) -> Any:
        return SILENT.phase(name)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def tell(self, event: Any) -> None: ...


def test_a_request_that_fails_leaves_its_rows_null_with_the_reason(workspace: Workspace) -> None:
    def answer(rows: list[dict[str, Any]]) -> tuple[int, Any]:
        return (400, {"error": "too much"}) if rows[0]["x"] == 10 else (200, [row["x"] for row in rows])

    progress = Notes()
    with endpoint(answer) as (url, asked):
        found = ask(workspace, url, numbers(30), most=10, progress=progress)
    assert found["y"].to_pylist() == [float(i) if not 10 <= i < 20 else None for i in range(30)]
    status = found["remote_model_status"].to_pylist()
    assert status[:10] == [""] * 10
    assert all("it answered 400: " in each and "too much" in each for each in status[10:20])
    assert len(asked) == 3, "what is refused is not asked again"
    assert progress.notes == [
        "the remote model answered nothing, or something else, to 10 rows: see remote_model_status"
    ]


def test_what_may_pass_is_tried_again(workspace: Workspace) -> None:
    times: list[int] = []

    def answer(rows: list[dict[str, Any]]) -> tuple[int, Any]:
        times.append(len(rows))
        return (503, {}) if len(times) < 4 else (200, [row["x"] for row in rows])

    with endpoint(answer) as (url, _):
        assert ask(workspace, url, numbers(3))["y"].to_pylist() == [0.0, 1.0, 2.0]
    assert times == [3] * 4


@pytest.mark.parametrize(
    ("predictions", "status"),
    [
        ([{"Y": 1.5}], ""),
        ([[1.5]], ""),
        ([1.5], ""),
        ([{"z": 1}], "the prediction has no y"),
        (["high"], "y is no FLOAT64: 'high'"),
        ([1, 2], "the remote model failed: it answered 2 predictions to 1 rows"),
        ("nothing", "the remote model failed: it answered no predictions to 1 rows"),
    ],
)
def test_what_an_endpoint_may_answer(predictions: Any, status: str, workspace: Workspace) -> None:
    with endpoint(lambda rows: (200, predictions)) as (url, _):
        found = ask(workspace, url, numbers(1))
    assert found["remote_model_status"].to_pylist() == [status]
    assert found["y"].to_pylist() == [None if status else 1.5]


@pytest.mark.parametrize(("status", "what"), [(401, "it answered 401"), (404, "it answered 404")])
def test_an_endpoint_that_refuses_us_ends_the_query(status: int, what: str, workspace: Workspace) -> None:
    with endpoint(lambda rows: (status, {"error": "no"})) as (url, asked), pytest.raises(RemoteError, match=what):
        ask(workspace, url, numbers(1))
    assert len(asked) == 1


def test_redirects_are_not_followed(workspace: Workspace) -> None:
    with endpoint(lambda rows: (302, {})) as (url, asked):
        assert "it answered 302" in ask(workspace, url, numbers(1))["remote_model_status"][0].as_py()
    assert len(asked) == 1


def test_an_endpoint_that_is_not_there_ends_the_query(workspace: Workspace) -> None:
    with endpoint(lambda rows: (200, rows)) as (url, _):
        pass
    with pytest.raises(RemoteError, match="it cannot be reached"):
        ask(workspace, url, numbers(1))


def test_a_connections_token_goes_to_the_endpoint_alone_and_never_unencrypted(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HAGANE_CONNECTION_DEFAULT", "secret")
    with endpoint(lambda rows: (200, [1.0] * len(rows))) as (url, asked):
        ask(workspace, f"{url}/invocations", numbers(1))
    path, headers, body = asked[0]
    assert (path, headers["Authorization"], list(body)) == ("/invocations", "Bearer secret", ["dataframe_records"])
    with pytest.raises(RequestError, match="unencrypted"):
        ask(workspace, "http://models.example:80", numbers(1))


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("file:///etc/passwd", "over HTTP alone"),
        ("ftp://host/x", "over HTTP alone"),
        ("late", "over HTTP alone"),
        ("http://", "over HTTP alone"),
        ("http://user:word@host/", "holds a name or a password"),
        ("http://host:many/", "is no URL"),
    ],
)
def test_endpoints_that_are_not_asked(url: str, what: str, workspace: Workspace) -> None:
    with pytest.raises(SpecError, match=what):
        create_remote_model(workspace, name="far", endpoint=url, inputs=[X], outputs=[Y])
    with pytest.raises(SpecError, match="a remote model needs INPUT"):
        create_remote_model(workspace, name="far", endpoint="http://host", inputs=[], outputs=[Y])
    assert workspace.list() == []


def test_a_remote_model_is_no_bundle_and_says_so(workspace: Workspace) -> None:
    version = create_remote_model(workspace, name="far", endpoint="http://host", inputs=[X], outputs=[Y])
    with pytest.raises(BundleError, match="a remote model: it runs elsewhere"):
        Bundle.load(version.path)
    assert workspace.get("far").model_type == "remote"
    with pytest.raises(DataError, match="no column 'x'"):
        ask(workspace, "http://127.0.0.1:9", pa.table({"z": [1]}))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("CREATE MODEL m INPUT(x FLOAT64) OUTPUT(y FLOAT64) REMOTE WITH CONNECTION DEFAULT", "needs endpoint"),
        ("CREATE MODEL m OPTIONS(model_type = 'ONNX')", "a ONNX model needs model_path"),
    ],
)
def test_a_statement_without_a_place_is_refused(text: str, what: str, workspace: Workspace) -> None:
    (statement,) = parse_script(text)
    with pytest.raises(SqlError, match=what):
        made_elsewhere(statement_spec(statement), workspace, name="m")
