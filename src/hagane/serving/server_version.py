"""Hagane's version, as the server tells it."""

from __future__ import annotations

import importlib.metadata


def server_version() -> str:
    """Of the installed package: the package itself, from where it could be imported, reaches everything that trains."""
    return importlib.metadata.version("hagane")
