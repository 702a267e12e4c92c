"""`Described`: what people say of a table, a view, a dataset or a model."""

from __future__ import annotations

import msgspec


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """Of a table, a view, a dataset or a model."""

    description: str = ""
    labels: dict[str, str] = {}
    expires: str = ""
    """When it ceases to be: ISO 8601, UTC; empty: never."""
