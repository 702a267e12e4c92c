"""Serve a bundle over HTTP: a plain ASGI application, protocols by table, and a server around them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_PUBLIC = {
    "create_app": "hagane.serving.app",
    "ServerThread": "hagane.serving.server",
    "serve": "hagane.serving.server",
}

__all__ = ["ServerThread", "create_app", "serve"]

if TYPE_CHECKING:
    from hagane.serving.app import create_app
    from hagane.serving.server import ServerThread, serve


def __getattr__(name: str) -> Any:
    """Imported when it is asked for: who only reads the state of an endpoint needs no server."""
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'hagane.serving' has no attribute '{name}'")
