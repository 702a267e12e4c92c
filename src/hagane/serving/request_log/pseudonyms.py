"""`Pseudonyms`: keyed hashes that stand for sensitive values: equal for equal values of a column, and no way back."""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from hagane.errors import Fault, StorageError
from hagane.serving.request_log.log_folder import make_private

KEY_BYTES = 32
_DIGITS = 32


class Pseudonyms:
    """HMAC-SHA256 of a column's name and value, the first 128 bits as hexadecimal digits.

    Without the key nobody can try values until one fits. The column's name goes in, so that equal values of two columns
    cannot be recognised.

    >>> known = Pseudonyms(bytes(32))
    >>> known.of("job", "pilot")
    'fb2a3398ca1c8de9b664465f2b31f6a8'
    >>> known.of("job", "pilot") == known.of("hobby", "pilot")
    False
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def load(cls, path: Path) -> Pseudonyms:
        """With the key in the file, which is made where it is not there. Raises StorageError.

        Several processes may make it at once: one wins, and all have its key.
        """
        try:
            return cls(_read(path))
        except FileNotFoundError:
            _make(path)
            return cls(_read(path))

    def of(self, column: str, value: str | int | float) -> str:
        """The pseudonym of a value as `ColumnData` holds it: texts, numbers, 0 and 1, µs, days."""
        if isinstance(value, float):
            value = value + 0.0  # -0.0 is 0.0
        message = f"{column}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, message, "sha256").hex()[:_DIGITS]


def _read(path: Path) -> bytes:
    try:
        key = path.read_bytes()
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StorageError(Fault(what=f"the key cannot be read: {error.strerror}", where=str(path))) from None
    if mode & 0o077:
        what, step = "others may read the key of the hashes", f"chmod 600 {path}"
        raise StorageError(Fault(what=what, where=str(path), expected="mode 600", next_step=step))
    if len(key) != KEY_BYTES:
        what = "this is no key"
        raise StorageError(
            Fault(what=what, where=str(path), expected=f"{KEY_BYTES} bytes", received=f"{len(key)} bytes")
        )
    return key


def _make(path: Path) -> None:
    """A new key, unless another process was first: a link, unlike a rename, takes nobody's place."""
    make_private(path.parent)
    aside = path.with_name(f".{path.name}.partial-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        descriptor = os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
    except OSError as error:
        raise StorageError(Fault(what=f"the key cannot be made: {error.strerror}", where=str(path))) from None
    finally:
        aside.unlink(missing_ok=True)
