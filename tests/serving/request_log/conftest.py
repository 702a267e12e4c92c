"""An application with a request log, driven without a socket, and the log read by DuckDB."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hagane.bundle.bundle import Bundle
from hagane.serving import create_app
from hagane.serving.app import App
from hagane.serving.http import Request, Response
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.log_options import LogOptions
from hagane.serving.request_log.request_log import RequestLog

Rows = list[dict[str, Any]]


class Logged:
    """Requests go in by `ask`; what the log holds of them is read by `rows`."""

    def __init__(self, app: App, log: RequestLog) -> None:
        self.app, self.log = app, log
        self.files = log.folder.path

    def ask(self, instances: object, request_id: str = "", path: str = "/predict") -> Response:
        """One request, answered where it is asked."""
        named = {"id": request_id} if request_id else {}
        body = json.dumps({"instances": instances}).encode()
        return asyncio.run(answer(self.app, Request("POST", path, {}, {}, body, **named)))

    def rows(self, sql: str = "SELECT * FROM log ORDER BY time, request_id, row", kind: str = "requests") -> Rows:
        """What DuckDB finds in the files, once all that was observed is written."""
        assert self.log.flush(60)
        return read(self.files, sql, kind)


async def answer(app: App, request: Request) -> Response:
    answered: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
    app.handle(request, answered.set_result)
    return await answered


def read(folder: Path, sql: str, kind: str = "requests") -> Rows:
    with duckdb.connect() as connection:
        files = str(folder / kind / "dt=*" / "hh=*" / "*.parquet")
        connection.execute("SET TimeZone = 'UTC'")
        view = f"read_parquet('{files}', union_by_name = true, hive_partitioning = false)"
        return connection.sql(sql.replace("FROM log", f"FROM {view}")).to_arrow_table().to_pylist()


@pytest.fixture
def logged(flights: Bundle, tmp_path: Path) -> Iterator[Callable[..., Logged]]:
    """Makes a logged application; `LogOptions` by name."""
    made: list[RequestLog] = []

    def make(bundle: Bundle = flights, endpoint: str = "flights", **options: Any) -> Logged:
        log = RequestLog(LogFolder(tmp_path / "logs", endpoint), LogOptions(**options)).open()
        app = create_app(bundle, version="3")
        app.endpoint.first.inline_bytes = 10**9
        app.observers = (log,)
        made.append(log)
        return Logged(app, log)

    yield make
    for log in made:
        log.close()


@pytest.fixture
def read_log() -> Callable[..., Rows]:
    """SQL over the files of an endpoint's folder."""
    return read
