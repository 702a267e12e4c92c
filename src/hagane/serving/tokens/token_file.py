"""`TokenFile`: the tokens of a workspace, in one file that servers read while it changes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from hagane.errors import DataError, Fault, NotFoundError, SpecError, StorageError, nearest
from hagane.file_lock import lock_file
from hagane.serving.tokens.token import EVERY_ENDPOINT, SCOPES, Scope, Token, hash_of, new_secret
from hagane.write_aside import write_aside

FORMAT_VERSION = 1
LOCK_SECONDS = 10.0
MOST_NAME = 100


class _Content(msgspec.Struct):
    format_version: int
    tokens: tuple[Token, ...]


class TokenFile:
    """Create, list and revoke. Only its owner may read the file (mode 0600); it holds hashes, no tokens.

    >>> import tempfile
    >>> tokens = TokenFile(Path(tempfile.mkdtemp()) / "tokens.json")
    >>> secret, token = tokens.create("shop", scopes=("predict",))
    >>> token.name, secret in tokens.path.read_text()
    ('shop', False)
    """

    def __init__(self, path: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = path
        self._now = now

    def tokens(self, endpoint: str | None = None) -> list[Token]:
        """Every token, or those that are for an endpoint, the oldest first. Raises DataError for a damaged file."""
        return [token for token in self._read() if endpoint is None or token.is_for(endpoint)]

    def create(
        self,
        name: str,
        *,
        endpoint: str = EVERY_ENDPOINT,
        scopes: tuple[Scope, ...] = ("predict", "explain"),
        lifetime: timedelta | None = None,
    ) -> tuple[str, Token]:
        """The token, told this once, and what is kept of it.

        Several tokens may have one name: to rotate, make a new one, and revoke the old one by its id when nobody uses
        it. Raises SpecError with every fault, and StorageError where the file cannot be written.
        """
        _check(name, scopes, lifetime)
        token_id, secret = new_secret()
        now = self._now()
        expires = now + lifetime if lifetime is not None else None
        token = Token(
            id=token_id,
            name=name,
            endpoint=endpoint,
            scopes=scopes,
            sha256=hash_of(secret),
            created=now,
            expires=expires,
        )
        with self._changing() as tokens:
            tokens.append(token)
        return secret, token

    def revoke(self, named: str, *, endpoint: str | None = None) -> list[Token]:
        """Revoke the token of an id, or all of a name that are valid still. Raises NotFoundError with the nearest."""
        with self._changing() as tokens:
            there = [each for each in tokens if endpoint is None or each.endpoint == endpoint]
            found = [each for each in there if named in (each.id, each.name)]
            if not found:
                near = nearest(named, [each.name for each in there])
                raise NotFoundError(Fault(what=f"no token {named!r}", where=str(self.path), nearest=near))
            ended = {each.id: msgspec.structs.replace(each, revoked=self._now()) for each in found if not each.revoked}
            tokens[:] = [ended.get(each.id, each) for each in tokens]
        return list(ended.values())

    def _read(self) -> tuple[Token, ...]:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise DataError(Fault(what=f"the tokens cannot be read: {error.strerror}", where=str(self.path))) from None
        return parse_tokens(content, str(self.path))

    @contextmanager
    def _changing(self) -> Iterator[list[Token]]:
        """The tokens, written when the block ends without an error; one process at a time."""
        with _locked(self.path):
            tokens = [*self._read()]
            yield tokens
            text = msgspec.json.format(msgspec.json.encode(_Content(FORMAT_VERSION, tuple(tokens))), indent=2)
            try:
                write_aside(self.path, lambda aside: _write_private(aside, text))
            except OSError as error:
                raise StorageError(Fault(what=f"cannot write: {error.strerror}", where=str(self.path))) from None


def parse_tokens(content: bytes, where: str) -> tuple[Token, ...]:
    """The tokens that a file holds. Raises DataError, which quotes nothing of it."""
    try:
        read = msgspec.json.decode(content, type=_Content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(Fault(what=f"the file of tokens is damaged: {error}", where=where)) from None
    if read.format_version != FORMAT_VERSION:
        told = f"format version {read.format_version}"
        raise DataError(Fault(what="another Hagane wrote this file of tokens", where=where, received=told))
    return read.tokens


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        until = time.monotonic() + LOCK_SECONDS
        while (lock := lock_file(path.with_name(f".{path.name}.lock"))) is None:
            if time.monotonic() > until:
                raise StorageError(Fault(what="another process is changing the tokens", where=str(path)))
            time.sleep(0.02)
    except OSError as error:
        raise StorageError(Fault(what=f"cannot write: {error.strerror}", where=str(path))) from None
    try:
        yield
    finally:
        os.close(lock)


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _check(name: str, scopes: tuple[Scope, ...], lifetime: timedelta | None) -> None:
    faults = []
    if not name.strip() or len(name) > MOST_NAME or not name.isprintable():
        expected = f"1 to {MOST_NAME} printable characters"
        faults.append(Fault(what="that is no name for a token", expected=expected, received=repr(name[:40])))
    faults += [
        Fault(what=f"{scope!r} is no scope", expected=", ".join(SCOPES), nearest=nearest(scope, SCOPES))
        for scope in scopes
        if scope not in SCOPES
    ]
    if not scopes:
        faults.append(Fault(what="a token without a scope opens nothing", expected=", ".join(SCOPES)))
    if lifetime is not None and lifetime <= timedelta(0):
        faults.append(Fault(what="a token that has expired already", expected="a time to come"))
    if faults:
        raise SpecError(*faults)
