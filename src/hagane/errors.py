"""Every error that a user of Hagane can meet, and the one way in which it is told.

An error is a list of faults. A fault says what is wrong, where, what was expected, what came, the nearest name, and
what to do next; parts that do not apply are left out. `HaganeError.render()` is the text that the terminal shows and
`HaganeError.as_json()` what programs read. `assert` is for our own bugs, never for a user's input.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import msgspec

SHORTEST_BEGINNING = 3
"""Fewer letters than these are no sign of a name that begins with them."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong.

    >>> print(Fault(what="no column 'agee'", where="transform.x", nearest="age", next_step="correct the name").render())
    no column 'agee'
      where: transform.x
      did you mean: age
      next: correct the name
    """

    what: str
    where: str = ""
    sql: str = ""
    """The SQL text in which the fault lies, underlined when rendered."""
    start: int = 0
    """First character of the fault in `sql`."""
    end: int = 0
    """One past the last character of the fault in `sql`."""
    expected: str = ""
    received: str = ""
    nearest: str = ""
    next_step: str = ""

    def render(self) -> str:
        """The fault as text, one line a part, the SQL underlined."""
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.sql:
            lines += [f"  {line}" for line in underline(self.sql, self.start, self.end)]
        parts = {
            "expected": self.expected,
            "received": self.received,
            "did you mean": self.nearest,
            "next": self.next_step,
        }
        lines += [f"  {name}: {text}" for name, text in parts.items() if text]
        return "\n".join(lines)


def underline(sql: str, start: int, end: int) -> list[str]:
    """The line of `sql` that holds `start`, and a line of carets under [start, end).

    >>> print("\\n".join(underline("SELECT LN(agee)", 10, 14)))
    SELECT LN(agee)
              ^^^^
    """
    first = sql.rfind("\n", 0, start) + 1
    last = sql.find("\n", start)
    line = sql[first : last if last >= 0 else len(sql)]
    width = max(1, min(end, first + len(line)) - start)
    return [line, " " * (start - first) + "^" * width]


def nearest(name: str, names: Iterable[str]) -> str:
    """The name most like `name`, ignoring case, else the only one that begins with it, or an empty string.

    >>> nearest("agee", ["job", "age"]), nearest("dum", ["one_hot_encoding", "dummy_encoding"])
    ('age', 'dummy_encoding')
    """
    by_lower = {candidate.lower(): candidate for candidate in names}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    if not found and len(name) >= SHORTEST_BEGINNING:
        begun = [candidate for candidate in by_lower if candidate.startswith(name.lower())]
        found = begun if len(begun) == 1 else []
    return by_lower[found[0]] if found else ""


class HaganeError(Exception):
    """The root of the tree: one or more faults, told together."""

    exit_code = 1
    """What the command line exits with."""

    def __init__(self, *faults: Fault | str) -> None:
        self.faults = tuple(Fault(what=fault) if isinstance(fault, str) else fault for fault in faults)
        super().__init__(self.render())

    def render(self) -> str:
        """Every fault, one after another, numbered where there are several."""
        if len(self.faults) == 1:
            return self.faults[0].render()
        numbered = (f"{index}. {fault.render()}" for index, fault in enumerate(self.faults, 1))
        return f"{len(self.faults)} faults\n" + "\n".join(numbered)

    def as_json(self) -> dict[str, object]:
        """The error for programs: its class, and each fault's parts."""
        return {"error": type(self).__name__, "faults": [msgspec.to_builtins(fault) for fault in self.faults]}


class SpecError(HaganeError):
    """The spec asks for something that cannot be."""

    exit_code = 3


class ExpressionError(SpecError):
    """A feature expression cannot be parsed, typed or compiled; the fault underlines where."""


class SqlError(SpecError):
    """A SQL script cannot be read, or asks for something that cannot be; the fault underlines where."""


class DataError(HaganeError):
    """The data cannot be read, or are not what the spec says."""

    exit_code = 4


class BadRowsError(DataError):
    """More rows than allowed could not be parsed."""


class TrainingError(HaganeError):
    """Training could not produce a model (no rows, one class, a loss that is not a number)."""

    exit_code = 5


class TrainingInterruptedError(TrainingError):
    """Training could not go on (its processes died, machines did not meet); what was saved stays for the next run."""


class ReplicaError(TrainingError):
    """A replica of a launched job failed; a command exits with the replica's own code."""

    def __init__(self, *faults: Fault | str, exit_code: int = 5) -> None:
        super().__init__(*faults)
        self.exit_code = exit_code


class PreemptedError(HaganeError):
    """Training was told to end (SIGTERM); its state is saved, and the same command goes on from there."""

    exit_code = 75


class BundleError(HaganeError):
    """A bundle is missing, damaged, of another format version, or does not reproduce its own predictions."""

    exit_code = 6


class RequestError(HaganeError):
    """Rows given for prediction do not fit the model's signature; every fault is named."""

    exit_code = 7


class NotFoundError(HaganeError):
    """A named thing (model, version, file) does not exist."""

    exit_code = 8


class MissingExtraError(HaganeError):
    """A feature needs a package that is not installed; the fault names the extra."""

    exit_code = 9


class ServeError(HaganeError):
    """The server cannot start: the address is taken, or there is nothing to serve."""

    exit_code = 10


class StorageError(HaganeError):
    """A file or folder cannot be written: no room, no access, no such folder, something else is there already.

    What was there is as it was.
    """

    exit_code = 73
