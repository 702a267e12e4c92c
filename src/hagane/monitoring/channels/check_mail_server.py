"""`check_mail_server`: whether an address is one of a mail server."""

from __future__ import annotations

import urllib.parse

from hagane.errors import Fault, StorageError

PORTS = {"smtp": 587, "smtps": 465}


def check_mail_server(url: str) -> None:
    """Raises StorageError for what is no SMTP URL; it says nothing of it, for it may hold a password.

    >>> check_mail_server("smtp://mail.example:587")
    """
    try:
        parts = urllib.parse.urlsplit(url)
        is_server = parts.scheme in PORTS and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_server = False
    if not is_server:
        step = "smtp://host:587, or smtps://user:password@host"
        raise StorageError(Fault(what="the mail server is no SMTP URL", expected=step))
