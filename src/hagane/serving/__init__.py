"""Serve a bundle over HTTP: a plain ASGI application, protocols by table, and a server around them."""

from hagane.serving.app import create_app
from hagane.serving.server import ServerThread, serve

__all__ = ["ServerThread", "create_app", "serve"]
