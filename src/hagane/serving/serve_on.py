"""`serve_on`: serve a bundle on a socket that listens, until this process is told to end."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hagane.bundle.bundle import Bundle
from hagane.serving.app import App, create_app
from hagane.serving.exposure_warning import exposure_warning
from hagane.serving.http_server import HttpServer
from hagane.serving.listen import url_of
from hagane.serving.observer import Observer
from hagane.serving.rare_collections import rare_collections
from hagane.serving.secure_app import trusted_keys
from hagane.serving.start_message import start_message
from hagane.serving.tokens.token_guard import TokenGuard

if TYPE_CHECKING:
    from hagane.serving.grpc_server import GrpcServer
    from hagane.serving.workers.worker_board import WorkerBoard


def serve_on(
    listener: socket.socket,
    path: str | Path | None,
    *,
    announce: Callable[[str], object],
    grpc_address: tuple[str, int] | None = None,
    share: tuple[WorkerBoard, int] | None = None,
    drain_seconds: float = 0,
    observers: tuple[Observer, ...] = (),
    **options: Any,
) -> None:
    """Load the bundle (without a path: the option `endpoint`) and serve it on `listener`; `announce` gets the start
    message once connections are taken.

    With `share` (the board of all workers and this one's line on it) others take connections of the same socket, and of
    the gRPC port. SIGTERM and SIGINT end it: for `drain_seconds` it answers as before but says that it is not ready,
    then it takes no more connections and finishes what is in flight. SIGUSR1 retires it, where other processes go on.
    `options` are `create_app`'s. Raises BundleError and ServeError.
    """
    keys = trusted_keys(options.get("security"))
    app = create_app(None if path is None else Bundle.load(path, trusted_keys=keys), **options)
    app.url = url_of(listener, is_encrypted=app.tls is not None)
    app.observers += observers
    with contextlib.closing(app), rare_collections():
        grpc = grpc_beside(app, grpc_address, shared=share is not None)

        def start() -> None:
            app.start()
            announce(_message(listener, app, grpc.address if grpc else ""))

        HttpServer(
            app,
            tls=app.tls.context if app.tls is not None else None,
            grpc=grpc,
            on_start=start,
            on_drain=app.health.drain,
            drain_seconds=drain_seconds,
            share=share,
        ).run(listener)


def _message(listener: socket.socket, app: App, grpc_address: str) -> str:
    """The start message, and to whom the server is open where that is more than this machine."""
    needs_token = any(isinstance(guard, TokenGuard) and guard.is_closed for guard in app.guards)
    is_encrypted = app.tls is not None
    warning = exposure_warning(listener.getsockname()[0], needs_token=needs_token, is_encrypted=is_encrypted)
    return start_message(app.model, url_of(listener, is_encrypted=is_encrypted), grpc_address, warning)


def grpc_beside(app: App, address: tuple[str, int] | None, *, shared: bool = False) -> GrpcServer | None:
    """The gRPC server, where there is a port for it: an `HttpServer` starts and ends it. Raises ServeError."""
    if address is None:
        return None
    from hagane.serving.grpc_server import GrpcServer

    return GrpcServer(app, *address, shared=shared)
