"""`serve_with_workers`: serve a bundle with several processes on one port."""

from __future__ import annotations

import contextlib
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hagane.errors import Fault, ServeError
from hagane.serving.metrics.families import REPLACED
from hagane.serving.metrics.registry import Registry
from hagane.serving.workers.supervisor import HANG_SECONDS, Supervisor
from hagane.serving.workers.travelling_options import options_to_json
from hagane.serving.workers.worker_settings import WorkerSettings
from hagane.usable_cores import usable_cores


def serve_with_workers(
    listener: socket.socket,
    path: str | Path | None,
    num_workers: int,
    *,
    announce: Callable[[str], object],
    grpc_address: tuple[str, int] | None = None,
    drain_seconds: float = 0,
    max_requests: int | None = None,
    hang_seconds: float = HANG_SECONDS,
    options: Mapping[str, Any],
) -> None:
    """As `serve_on`, by `num_workers` processes, of which each gets its part of the cores. From the main thread alone.

    A worker that has answered `max_requests` is replaced, and one whose event loop has not turned for `hang_seconds` is
    killed. What they count is counted together. `options` must be what JSON can hold: plain values and
    Hagane's structs. Raises what a worker raises that cannot start, and ServeError.
    """
    num_threads = options.get("num_threads") or max(1, usable_cores() // num_workers)
    with _shared_port(grpc_address) as address, tempfile.TemporaryDirectory(prefix="hagane-metrics-") as folder:
        watch = {**msgspec.to_builtins(options.get("watch") or {})}
        watch["metrics_folder"] = watch.get("metrics_folder") or folder
        settings = WorkerSettings(
            path=str(Path(path).absolute()) if path is not None else None,
            listener=-1,
            status=-1,
            board=-1,
            slot=-1,
            num_slots=0,
            supervisor=0,
            grpc_address=address,
            drain_seconds=drain_seconds,
            count_requests=max_requests is not None,
            options=options_to_json({**options, "num_threads": num_threads, "watch": watch}),
        )
        with contextlib.closing(Registry(Path(watch["metrics_folder"]))) as registry:
            supervisor = Supervisor(
                listener,
                num_workers,
                settings,
                announce,
                max_requests=max_requests,
                hang_seconds=hang_seconds,
                on_replace=registry.number(REPLACED).add,
            )
            supervisor.run()


@contextlib.contextmanager
def _shared_port(address: tuple[str, int] | None) -> Iterator[tuple[str, int] | None]:
    """A port that workers may share (SO_REUSEPORT), kept from others while they come and go. Raises ServeError."""
    if address is None:
        yield None
        return
    host, port = address
    try:
        family, kind, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        keeper = socket.socket(family, kind)
    except (OSError, UnicodeError) as error:
        raise ServeError(Fault(what=f"gRPC cannot listen: {error}", where=f"{host}:{port}")) from None
    with keeper:
        try:
            keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            keeper.bind(where)
        except OSError as error:
            what, next_step = f"gRPC cannot listen on port {port}: {error.strerror}", "--grpc-port 0 takes any"
            raise ServeError(Fault(what=what, where=f"{host}:{port}", next_step=next_step)) from None
        yield host, keeper.getsockname()[1]
