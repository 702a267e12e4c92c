"""`serve_bigquery`: BigQuery's API over a workspace, until this process is told to end; and on a thread."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pyarrow as pa

from hagane.errors import ServeError
from hagane.serving.exposure_warning import is_loopback
from hagane.serving.http_server import HttpServer
from hagane.serving.listen import listen, url_of
from hagane.session.rest.api_state import ApiState
from hagane.session.rest.bigquery_app import BigQueryApp
from hagane.session.rest.jobs import Jobs
from hagane.session.rest.uploads import Uploads
from hagane.session.rest.workspace_sessions import WorkspaceSessions
from hagane.workspace.workspace import Workspace

DEFAULT_PROJECT = "hagane"


def serve_bigquery(
    workspace: Workspace | Path | str | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 9050,
    token: str = "",
    project: str = DEFAULT_PROJECT,
    memory_limit: str | int | None = None,
    announce: Callable[[str], object] = lambda url: None,
) -> None:
    """Serve until SIGTERM or SIGINT; `announce` gets the address once connections are taken.

    `memory_limit` is what the work on rows may take, of all jobs that run at once.
    Raises ServeError: the address is taken, or others than this machine could reach it and no token is asked for.
    """
    app = bigquery_app(workspace, host=host, token=token, project=project, memory_limit=memory_limit)
    with contextlib.closing(app), contextlib.closing(listen(host, port)) as listener:
        HttpServer(app, on_start=lambda: announce(url_of(listener))).run(listener)


def bigquery_app(
    workspace: Workspace | Path | str | None,
    *,
    host: str,
    token: str = "",
    project: str = DEFAULT_PROJECT,
    memory_limit: str | int | None = None,
) -> BigQueryApp:
    """What answers. Raises ServeError where it would run SQL for whoever reaches it."""
    if not token and not is_loopback(host):
        step = "give a token, or serve on 127.0.0.1"
        raise ServeError(f"whoever reaches {host} could run SQL here: {step}")
    place = workspace if isinstance(workspace, Workspace) else Workspace(workspace)
    jobs = Jobs()

    def answers(dataset: str, table: str) -> pa.Table | None:
        rows = jobs.answer(dataset, table)
        return None if rows is None else rows.table

    state = ApiState(WorkspaceSessions(place, project, answers, memory_limit=memory_limit), jobs, Uploads(jobs.folder))
    return BigQueryApp(state, token=token)


class BigQueryServerThread:
    """A server on a thread of this process, for tests and notebooks; it serves from `with` to its end.

    with BigQueryServerThread("my-workspace") as server:
        client = bigquery.Client("hagane", AnonymousCredentials(), client_options={"api_endpoint": server.url})
    """

    def __init__(
        self,
        workspace: Workspace | Path | str | None = None,
        *,
        port: int = 0,
        token: str = "",
        project: str = DEFAULT_PROJECT,
    ) -> None:
        self._options = {"token": token, "project": project}
        self._workspace, self._port = workspace, port
        self._ends = contextlib.ExitStack()
        self.url = ""
        """`http://127.0.0.1:41235`, once it serves."""

    def __enter__(self) -> Self:
        app = bigquery_app(self._workspace, host="127.0.0.1", **self._options)
        self._ends.callback(app.close)
        listener: socket.socket = self._ends.enter_context(contextlib.closing(listen("127.0.0.1", self._port)))
        self.url = url_of(listener)
        server = HttpServer(app)
        thread = threading.Thread(target=server.run, args=(listener,), name="hagane-bigquery", daemon=True)
        thread.start()
        self._ends.callback(thread.join)
        self._ends.callback(server.stop)
        server.started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()
