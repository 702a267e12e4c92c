"""`secure_app`: who may ask an application for what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hagane.errors import Fault, ServeError
from hagane.serving.tls_files import TlsFiles
from hagane.serving.tokens.token_guard import TokenGuard

if TYPE_CHECKING:
    from hagane.serving.app import App


class SecurityOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Paths of files, never their content: it travels to workers as JSON."""

    tokens: str | None = None
    """The file of tokens. The endpoint is closed once there is one for it."""
    require_token: bool = False
    """Whether it is closed before."""
    tls_cert: str | None = None
    """The server's certificate and those between it and its authority, in PEM."""
    tls_key: str | None = None
    tls_client_ca: str | None = None
    """The authorities whose certificates clients must show."""
    trusted_keys: str | None = None
    """Public keys of which one must have signed the bundle."""


def secure_app(app: App, options: SecurityOptions) -> None:
    """Add the guards and the encryption that `options` ask for. Raises ServeError for files that cannot be used."""
    app.tls = _tls_files(options)
    if options.tokens is not None:
        app.guards += (TokenGuard(Path(options.tokens), app.endpoint.name, is_required=options.require_token),)


def _tls_files(options: SecurityOptions) -> TlsFiles | None:
    if options.tls_cert is None and options.tls_key is None and options.tls_client_ca is None:
        return None
    if options.tls_cert is None or options.tls_key is None:
        missing = "--tls-cert" if options.tls_cert is None else "--tls-key"
        raise ServeError(Fault(what="a certificate and its key come together", expected=missing))
    return TlsFiles(options.tls_cert, options.tls_key, options.tls_client_ca)


def trusted_keys(options: SecurityOptions | None) -> Path | None:
    """The file of public keys of which one must have signed each bundle that is served; None where none need."""
    return Path(options.trusted_keys) if options is not None and options.trusted_keys is not None else None
