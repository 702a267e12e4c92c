"""`ApiCall`: one request of the API, its path taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hagane.session.rest.api_error import ApiError


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """What a handler is given."""

    path: Mapping[str, str]
    """What the route names: `project`, `dataset`, `table`, …"""
    query: Mapping[str, str]
    """Behind `?`."""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By name in lower case."""
    base_url: str = ""
    """Where this server is, as the client calls it."""

    def json(self) -> dict[str, Any]:
        """The body. Raises ApiError where it is no object of JSON.

        >>> ApiCall(path={}, query={}, body=b'{"a": 1}').json()
        {'a': 1}
        """
        if not self.body:
            return {}
        try:
            found: dict[str, Any] = msgspec.json.decode(self.body, type=dict)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise ApiError("parseError", f"the request's body cannot be read: {error}") from None
        return found

    def number(self, name: str, default: int | None = None) -> int | None:
        """A parameter that is a whole number, not negative. Raises ApiError for another."""
        text = self.query.get(name)
        if text is None or text == "":
            return default
        if not (text.isascii() and text.isdecimal()):
            raise ApiError("invalid", f"{name} is no number: {text}")
        return int(text)

    def flag(self, name: str) -> bool:
        """A parameter that is true or false."""
        return self.query.get(name, "").lower() in ("true", "1")
