"""What is wrong with the rows of a request: collected cheaply, however many; told in order, up to a limit."""

from __future__ import annotations

import heapq
from typing import Any, NamedTuple

from hagane.bundle.values import Refusal
from hagane.errors import Fault, RequestError, nearest

MAX_FAULTS = 100
"""How many faults are told; how many more there are is said."""
MAX_NEAREST = 8
"""For how many unknown names the nearest known one is looked up."""


class BadValue(NamedTuple):
    """A value that is not of its column's type."""

    value: object
    refusal: Refusal


class UnknownField(NamedTuple):
    """A field that the signature does not know."""

    name: object


class BadRow(NamedTuple):
    """A row that is no row."""

    received: str
    expected: str


class Misfit(NamedTuple):
    """One of these, and where it stands."""

    row: int
    column: str
    """Of the signature; empty where the row as a whole is meant, or a field that the signature does not know."""
    found: BadValue | UnknownField | BadRow


class Faults:
    """Collects what is wrong cheaply, however many; tells the first `MAX_FAULTS` in the order of rows and columns."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._near: dict[str, str] = {}
        self._found: list[tuple[int, int, int, BadValue | UnknownField | BadRow]] = []

    def add(self, row: int, column: int, found: BadValue | UnknownField | BadRow) -> None:
        """Note a fault of `row`; `column` orders the faults of one row."""
        self._found.append((row, column, len(self._found), found))

    @property
    def found(self) -> tuple[Misfit, ...]:
        """All of them, in the order in which they were met."""
        return tuple(
            Misfit(row, self._names[column] if 0 <= column < len(self._names) else "", found)
            for row, column, _, found in self._found
        )

    def raise_any(self) -> None:
        """Raises RequestError when there is any fault."""
        if not self._found:
            return
        told = [self._fault(row, column, found) for row, column, _, found in heapq.nsmallest(MAX_FAULTS, self._found)]
        more = len(self._found) - len(told)
        if more:
            told.append(Fault(what=f"and {more} more faults", where="instances", next_step="correct these first"))
        raise RequestError(*told)

    def _fault(self, row: int, column: int, found: BadValue | UnknownField | BadRow) -> Fault:
        where = f"instances[{row}]"
        if isinstance(found, BadRow):
            return Fault(what="not a row", where=where, expected=found.expected, received=found.received)
        if isinstance(found, UnknownField):
            return self._unknown(where, found.name)
        return self._bad_value(where, self._names[column], found.value, found.refusal)

    @staticmethod
    def _bad_value(where: str, name: str, value: Any, refusal: Refusal) -> Fault:
        element = "" if refusal.place is None else f"[{refusal.place}]"
        return Fault(
            what=f"{name}{element} is not {_article(refusal)}",
            where=path_to(where, name) + element,
            expected=refusal.expected,
            received=describe(value if refusal.place is None else value[refusal.place]),
            next_step=refusal.next_step,
        )

    def _nearest(self, name: str) -> str:
        """Looked up once a name, and for a few names only: thousands of columns make it slow."""
        if name not in self._near and len(self._near) < MAX_NEAREST:
            self._near[name] = nearest(name[:100], self._names)
        return self._near.get(name, "")

    def _unknown(self, where: str, name: object) -> Fault:
        near = self._nearest(name) if isinstance(name, str) else ""
        return Fault(
            what=f"{_quoted(name)} is not a column of the model",
            where=path_to(where, name),
            nearest=near,
            expected="" if near else some_of(self._names),
            next_step="correct the name, or leave the field out",
        )


def describe(value: object) -> str:
    """A received value, short enough to print, and what kind of thing it is.

    >>> describe("forty"), describe(3.5), describe([1, 2]), describe(None)
    ("'forty' (a string)", '3.5 (a number)', 'a list of 2 values', 'null')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"{str(value).lower()} (a bool)"
    if isinstance(value, str):
        return f"{_quoted(value)} (a string)"
    if isinstance(value, int):
        return (
            f"{value} (a number)"
            if value.bit_length() < 256
            else f"a number of about {value.bit_length() * 0.301:.0f} digits"
        )
    if isinstance(value, float):
        return f"{value!r} (a number)"
    if isinstance(value, dict):
        return f"an object of {_counted(len(value), 'field')}"
    if isinstance(value, list | tuple):
        return f"a list of {_counted(len(value), 'value')}"
    return f"a {type(value).__name__}"


def path_to(where: str, name: object) -> str:
    """`instances[3].age`, or `instances[3]['my column']` where the name is no plain word."""
    return (
        f"{where}.{name}"
        if isinstance(name, str) and name.isidentifier() and len(name) <= 100
        else f"{where}[{_quoted(name)}]"
    )


def _quoted(name: object) -> str:
    text = str(name)
    return (
        ascii(text[:60]) + f"… ({len(text)} characters)"
        if len(text) > 60
        else (repr(text) if text.isprintable() else ascii(text))
    )


def some_of(names: tuple[str, ...]) -> str:
    """The first 20 of these names, and how many there are."""
    shown = ", ".join(names[:20])
    return shown if len(names) <= 20 else f"{shown}, … ({len(names)} columns)"


def _article(refusal: Refusal) -> str:
    sql_type = refusal.expected.partition(":")[0]  # "INT64", "ARRAY<INT64>"
    return f"{'an' if sql_type[0] in 'AEIOU' else 'a'} {sql_type}"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
