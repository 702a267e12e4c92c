"""`TableName`: a dataset and a table of it, and the names of files that stand for them."""

from __future__ import annotations

import re
from typing import NamedTuple

from hagane.errors import DataError, Fault

DEFAULT_DATASET = "main"
"""What a bare name is in."""
LONGEST_FILE_NAME = 200
"""Bytes; most file systems take 255."""
_PLAIN = re.compile(r"[a-z0-9_]")
_ESCAPE = re.compile(r"\^([a-z])|%([0-9a-f]{2})|(.)", re.DOTALL)


class TableName(NamedTuple):
    """A table or a view of a dataset; both names distinguish case, as BigQuery's do.

    >>> str(TableName("main", "trips")), str(TableName("lake", "trips"))
    ('trips', 'lake.trips')
    """

    dataset: str
    table: str

    def __str__(self) -> str:
        return self.table if self.dataset == DEFAULT_DATASET else f"{self.dataset}.{self.table}"


def file_name(name: str) -> str:
    """The name of a file or folder that stands for `name` and for no other, where case counts and where it does not.

    Raises DataError for an empty name and for one that is too long.

    >>> file_name("trips_2013"), file_name("Trips"), file_name("pays visités")
    ('trips_2013', '^trips', 'pays%20visit%c3%a9s')
    """
    escaped = "".join(character if _PLAIN.match(character) else _escaped(character) for character in name)
    if not name or len(escaped) > LONGEST_FILE_NAME:
        received = f"{len(escaped)} characters, escaped" if name else "an empty name"
        what = f"a table or dataset cannot be called {name[:40]!r}"
        raise DataError(Fault(what=what, expected=f"1 to {LONGEST_FILE_NAME} letters", received=received))
    return escaped


def name_of_file(escaped: str) -> str:
    """The name for which `file_name` gave this.

    >>> name_of_file("^trips"), name_of_file("pays%20visit%c3%a9s")
    ('Trips', 'pays visités')
    """
    found = bytearray()
    for capital, code, plain in _ESCAPE.findall(escaped):
        found += capital.upper().encode() if capital else bytes.fromhex(code) if code else plain.encode()
    return found.decode(errors="replace")


def _escaped(character: str) -> str:
    if "A" <= character <= "Z":
        return "^" + character.lower()
    return "".join(f"%{byte:02x}" for byte in character.encode())
