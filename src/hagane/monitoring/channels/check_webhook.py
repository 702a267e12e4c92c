"""`check_webhook`: whether an address is a URL that can be called."""

from __future__ import annotations

import urllib.parse

from hagane.errors import Fault, StorageError

SCHEMES = ("http", "https")


def check_webhook(url: str) -> None:
    """Raises StorageError for what is no URL that can be called; it says nothing of the URL, which is a secret.

    >>> check_webhook("https://hooks.example/T0")
    """
    try:
        parts = urllib.parse.urlsplit(url)
        is_url = parts.scheme in SCHEMES and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_url = False
    if not is_url or not url.isascii() or not url.isprintable() or " " in url:
        step = "look for a space or a line break that was copied with it"
        what = "the webhook is no URL that can be called"
        raise StorageError(Fault(what=what, expected="https://…", next_step=step))
