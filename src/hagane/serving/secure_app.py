"""`secure_app`: who may ask an application for what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hagane.serving.tokens.token_guard import TokenGuard

if TYPE_CHECKING:
    from hagane.serving.app import App


class SecurityOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Paths of files, never their content: it travels to workers as JSON."""

    tokens: str | None = None
    """The file of tokens. The endpoint is closed once there is one for it."""
    require_token: bool = False
    """Whether it is closed before."""


def secure_app(app: App, options: SecurityOptions | None = None) -> TokenGuard | None:
    """Add the guards that `options` ask for; the one that looks at tokens."""
    if options is None or options.tokens is None:
        return None
    guard = TokenGuard(Path(options.tokens), app.endpoint.name, is_required=options.require_token)
    app.guards += (guard,)
    return guard
