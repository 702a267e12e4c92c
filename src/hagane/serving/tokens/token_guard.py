"""`TokenGuard`: lets in who bears a token, for what the token is for."""

from __future__ import annotations

import hmac
import logging
from datetime import UTC, datetime
from pathlib import Path

from hagane.errors import DataError, Fault
from hagane.serving.exchange import Exchange, Kind
from hagane.serving.http import HttpError
from hagane.serving.tokens.failed_attempts import FailedAttempts
from hagane.serving.tokens.token import SECRET, Scope, Token, hash_of
from hagane.serving.tokens.token_file import parse_tokens

LOOK_SECONDS = 0.5
"""How often the file is looked at: so long a revoked token may still be used."""
_OPEN: frozenset[Kind] = frozenset({"live", "ready"})
"""Whoever starts and stops servers has no token."""
_SCOPES: dict[Kind, Scope] = {
    "predict": "predict", "explain": "explain", "feedback": "feedback", "metrics": "metrics", "admin": "admin"
}  # fmt: skip
"""What only reads (metadata, documents) needs any token of the endpoint."""
_NONE = hash_of("")

_LOG = logging.getLogger("hagane.serving")


class TokenGuard:
    """A `Guard`. The endpoint is closed as soon as there is a token for it in the file, be it revoked or expired, and
    open while there never was one, unless `is_required`.

    The file may change at any time. One that is damaged leaves what was known; one that is removed leaves no token, and
    what was closed closed.
    """

    def __init__(self, path: Path, endpoint: str, *, is_required: bool = False) -> None:
        self._path = path
        self._endpoint = endpoint
        self.is_closed = is_required
        """Whether a token is needed."""
        self._tokens: dict[str, Token] = {}
        self._stamp: tuple[int, int, int] | None = None
        self._looked = float("-inf")
        self._failed = FailedAttempts()
        self.look(0.0)

    def check(self, exchange: Exchange) -> None:
        """Raises HttpError: 401 without a token that is valid here, 403 without its scope, 429 after many failures."""
        received = exchange.request.received
        if received - self._looked > LOOK_SECONDS:
            self.look(received)
        if not self.is_closed or exchange.kind in _OPEN:
            return
        token = self._valid(exchange)
        needed = _SCOPES.get(exchange.kind)
        if needed is not None and needed not in token.scopes:
            raise _no_scope(needed, token)

    def look(self, now: float) -> None:
        """Read the file again if it is another."""
        self._looked = now
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
            if stamp != self._stamp:
                self._take(parse_tokens(self._path.read_bytes(), str(self._path)))
                self._stamp = stamp
        except FileNotFoundError:
            self._tokens, self._stamp = {}, None
        except (OSError, DataError) as error:
            if self._stamp != (0, 0, 0):
                _LOG.warning("the tokens are as they were, their file cannot be read: %s", error)
            self._stamp = (0, 0, 0)
            self.is_closed = True

    def _take(self, tokens: tuple[Token, ...]) -> None:
        self._tokens = {token.id: token for token in tokens if token.is_for(self._endpoint)}
        self.is_closed = self.is_closed or bool(self._tokens)

    def _valid(self, exchange: Exchange) -> Token:
        given = exchange.request.headers.get(b"authorization", b"")
        kind, _, secret = given.decode("latin-1").partition(" ")
        secret = secret.strip(" \t")
        if kind.lower() != "bearer" or not secret:
            raise self._refused(exchange, "no token", given=False)
        form = SECRET.fullmatch(secret)
        token = self._tokens.get(form[1]) if form is not None else None
        known = hmac.compare_digest(hash_of(secret), token.sha256 if token is not None else _NONE)
        if token is None or not known:
            raise self._refused(exchange, "an unknown token")
        state = token.state(datetime.now(UTC))
        if state != "valid":
            raise self._refused(exchange, f"the token {token.id} ({token.name}), which is {state}")
        return token

    def _refused(self, exchange: Exchange, why: str, *, given: bool = True) -> HttpError:
        wait = self._failed.add(exchange.request.received, f"request {exchange.request.id} came with {why}")
        if wait:
            fault = Fault(what="too many requests without a valid token", next_step=f"wait {wait} s")
            return HttpError(429, fault, headers=((b"retry-after", str(wait).encode()),))
        challenge = b'Bearer realm="hagane"' + (b', error="invalid_token"' if given else b"")
        what = "the token is not valid here" if given else "a token is needed"
        fault = Fault(what=what, expected="Authorization: Bearer TOKEN", next_step="ask who runs the server for one")
        return HttpError(401, fault, headers=((b"www-authenticate", challenge),))


def _no_scope(needed: Scope, token: Token) -> HttpError:
    challenge = f'Bearer realm="hagane", error="insufficient_scope", scope="{needed}"'
    what, received = f"the token may not {_VERBS[needed]}", ", ".join(token.scopes)
    fault = Fault(what=what, expected=f"the scope {needed}", received=received)
    return HttpError(403, fault, headers=((b"www-authenticate", challenge.encode()),))


_VERBS: dict[Scope, str] = {
    "predict": "ask for predictions", "explain": "ask for explanations", "feedback": "tell what was true",
    "metrics": "read metrics", "admin": "change what is served",
}  # fmt: skip
