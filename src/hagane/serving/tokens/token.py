"""`Token`: who may ask a server what, and until when. The secret itself is nowhere kept."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime
from typing import Literal, get_args

import msgspec

Scope = Literal["predict", "explain", "feedback", "metrics", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
EVERY_ENDPOINT = "*"
SECRET = re.compile(r"hgn_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")
"""A token as its bearer has it: a mark that scanners of leaked secrets know, its public id, 256 random bits."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """One token, as it lies on the disk.

    Its SHA-256 suffices: what is slow on purpose (bcrypt) guards words that people choose, and nobody guesses 256
    random bits; a server asks for it with every request.
    """

    id: str
    """8 hexadecimal digits, part of the token itself: they may be told."""
    name: str
    endpoint: str
    """`*` for every one."""
    scopes: tuple[Scope, ...]
    sha256: str
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None
    """Kept when it is revoked: a server whose last token was revoked lets nobody in."""

    def state(self, now: datetime) -> Literal["valid", "expired", "revoked"]:
        """Whether it opens anything at that time."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= now else "valid"

    def is_for(self, endpoint: str) -> bool:
        """Whether it is one of that endpoint's."""
        return self.endpoint in (EVERY_ENDPOINT, endpoint)


def new_secret() -> tuple[str, str]:
    """A new token's id, and the token.

    >>> SECRET.fullmatch(new_secret()[1]) is not None
    True
    """
    token_id = secrets.token_hex(4)
    return token_id, f"hgn_{token_id}_{secrets.token_urlsafe(32)}"


def hash_of(secret: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(secret.encode()).hexdigest()
