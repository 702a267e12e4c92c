"""`Api`: what the server answers, asked without a socket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hagane.serving.http import Request, Response
from hagane.session.rest.bigquery_server import bigquery_app

PROJECT = "/bigquery/v2/projects/hagane"


class Api:
    """Calls the app as the HTTP server would."""

    def __init__(self, root: Path, **options: Any) -> None:
        self.app = bigquery_app(root, host="127.0.0.1", **options)
        self.headers: dict[bytes, bytes] = {b"host": b"127.0.0.1:9050"}

    def raw(self, method: str, path: str, body: bytes = b"", query: str = "", **headers: str) -> Response:
        sent = self.headers | {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        return self.app.answer(
            Request(method=method, path=path, parameters={}, headers=sent, body=body, query=query.encode())
        )

    def __call__(
        self, method: str, path: str, body: Any = None, query: str = "", *, status: int = 200
    ) -> dict[str, Any]:
        """The answer's JSON, of this status."""
        sent = b"" if body is None else json.dumps(body).encode()
        response = self.raw(method, PROJECT + path, sent, query)
        assert response.status == status, response.body
        found: dict[str, Any] = json.loads(response.body)
        return found

    def query(self, sql: str, *, status: int = 200, **more: Any) -> dict[str, Any]:
        body = {"query": sql, "useLegacySql": False, "formatOptions": {"useInt64Timestamp": True}, "timeoutMs": 60_000}
        return self("POST", "/queries", body | more, status=status)

    def rows(self, sql: str, **more: Any) -> list[list[Any]]:
        return [[cell["v"] for cell in row["f"]] for row in self.query(sql, **more).get("rows", [])]
