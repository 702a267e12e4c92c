"""The application under an ASGI server that we did not write answers what our own front answers."""

from __future__ import annotations

import socket
import threading
import time

import httpx
import uvicorn

from hagane.bundle.bundle import Bundle
from hagane.serving import ServerThread, create_app


def test_uvicorn_runs_it(flights: Bundle) -> None:
    config = uvicorn.Config(create_app(flights, max_body_bytes=5_000), log_config=None, server_header=False)
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        theirs = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with ServerThread(flights, max_body_bytes=5_000) as ours, httpx.Client(trust_env=False) as client:
            for method, path, body in (
                ("POST", "/predict", b'{"instances": [{"age": 40}]}'),
                ("POST", "/v1/models/flights:predict", b'{"inputs": {"age": [1, 2]}}'),
                ("POST", "/predict", b"{"),
                ("POST", "/predict", b" " * 6_000),
                ("POST", "/v2/x", b" " * 6_000),
                ("OPTIONS", "/predict", b""),
                ("GET", "/metadata?x=%20", b""),
                ("HEAD", "/healthz", b""),
                ("GET", "/v1/%E9%8B%BC", b""),
            ):
                said = [client.request(method, url + path, content=body) for url in (theirs, ours.url)]
                assert len({each.status_code for each in said}) == 1, (path, said)
                assert said[0].content == said[1].content
                headers = [set(each.headers) - {"connection"} for each in said]  # each server's own to say
                assert headers[0] == headers[1]
        server.should_exit = True
        thread.join(30)
