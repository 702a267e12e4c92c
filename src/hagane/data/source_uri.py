"""`SourceUri`: a source that is no local path, `scheme://address#selection`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from hagane.errors import DataError, Fault

_URI = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)://(?P<address>[^#]*)(?:#(?P<selection>.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SourceUri:
    """The parts of `scheme://address#selection`.

    >>> parse_uri("sqlite://shop.db#orders")
    SourceUri(scheme='sqlite', address='shop.db', selection='orders')
    """

    scheme: str
    """In small letters."""
    address: str
    selection: str = ""
    """A table of the database, or a query in its own dialect; empty where nothing follows the address."""

    @property
    def url(self) -> str:
        """Without the selection."""
        return f"{self.scheme}://{self.address}"


def parse_uri(source: str) -> SourceUri | None:
    """The parts of a URI; None for anything else (a path, a query). Raises DataError where it holds a password.

    >>> parse_uri("trips/2013.parquet") is None
    True
    """
    found = _URI.fullmatch(source.strip())
    if found is None:
        return None
    uri = SourceUri(found["scheme"].lower(), found["address"], (found["selection"] or "").strip())
    _check_password(uri)
    return uri


def _check_password(uri: SourceUri) -> None:
    """A source stands in the spec, and the spec travels in the bundle: no secret may stand in it."""
    try:
        parts = urlsplit(uri.url)
        password = parts.password
    except ValueError:
        return
    if password:
        raise DataError(
            Fault(
                what="the source holds a password",
                where=uri.url.replace(f":{password}@", ":…@"),
                expected="no secret: the source is kept in the spec, which travels with the model",
                next_step="leave it out; for PostgreSQL set PGPASSWORD or write it into ~/.pgpass",
            )
        )
