"""Open the socket that the server listens on, or say clearly why it cannot."""

from __future__ import annotations

import errno
import socket

from hagane.errors import Fault, ServeError


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 lets the system choose. Raises ServeError."""
    if not 0 <= port <= 65535:
        raise ServeError(Fault(what=f"{port} is no port", expected="a number from 0 to 65535"))
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
    except (OSError, UnicodeError) as error:
        raise ServeError(
            Fault(what=f"there is no address {host!r} with port {port}: {error}", next_step="try 127.0.0.1")
        ) from None
    listener = socket.socket(family, kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ServeError(_refused(host, port, error)) from None
    listener.setblocking(False)
    return listener


def url_of(listener: socket.socket, *, is_encrypted: bool = False) -> str:
    """Where clients on this machine reach it; a socket on all addresses is reached by the loopback's."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    scheme = "https" if is_encrypted else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _refused(host: str, port: int, error: Exception) -> Fault:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return Fault(
            what=f"port {port} is in use",
            where=f"{host}:{port}",
            next_step=f"stop what listens there, or choose another port: --port {port + 1 if port < 65535 else 8080}",
        )
    if number == errno.EACCES:
        return Fault(
            what=f"port {port} is not open to this user", where=f"{host}:{port}", expected="a port from 1024 on"
        )
    return Fault(what=f"cannot listen: {error}", where=f"{host}:{port}", next_step="try --host 127.0.0.1")
