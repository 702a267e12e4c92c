"""What a function takes and what it gives: the frame of every entry in the tables of this package."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hagane.types import SqlType

BOOL, INT64, FLOAT64 = SqlType.BOOL, SqlType.INT64, SqlType.FLOAT64
STRING, TIMESTAMP, DATE = SqlType.STRING, SqlType.TIMESTAMP, SqlType.DATE

ARRAY_INT64, ARRAY_FLOAT64, ARRAY_STRING = SqlType.ARRAY_INT64, SqlType.ARRAY_FLOAT64, SqlType.ARRAY_STRING

NUMBERS = (INT64, FLOAT64)
ORDERED = (INT64, FLOAT64, BOOL, TIMESTAMP, DATE)
ALL = (INT64, FLOAT64, BOOL, STRING, TIMESTAMP, DATE)
ARRAYS = (ARRAY_INT64, ARRAY_FLOAT64, ARRAY_STRING)


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a function: `first` once, `repeated` one or more times (none where it is empty), `last` once.

    >>> from hagane.sql.functions import FUNCTIONS
    >>> case = FUNCTIONS["CASE"].overloads[0]
    >>> [type_.value for type_ in case.parameters(5)], case.parameters(4)
    (['BOOL', 'INT64', 'BOOL', 'INT64', 'INT64'], None)
    """

    first: tuple[SqlType, ...]
    result: SqlType
    repeated: tuple[SqlType, ...] = ()
    last: tuple[SqlType, ...] = ()

    def parameters(self, count: int) -> tuple[SqlType, ...] | None:
        """The parameter types for `count` arguments, or None where this overload does not take that many."""
        rest = count - len(self.first) - len(self.last)
        if not self.repeated:
            return self.first + self.last if rest == 0 else None
        times, odd = divmod(rest, len(self.repeated))
        return None if odd or times < 1 else self.first + self.repeated * times + self.last


@dataclass(frozen=True, slots=True)
class Signature:
    """A scalar function: its overloads in order of preference, and what cannot be read off them.

    `strict` functions are NULL where any argument is. `fails` says where the function is an error although no
    argument is NULL: NULL and `row_error` (empty: it never fails). `safe` functions give NULL there without
    `row_error`. `literals` are the positions of arguments that must be constants (-1: every one after the first).
    """

    name: str
    usage: str
    doc: str
    overloads: tuple[Overload, ...]
    modifiers: tuple[str, ...] = ()
    strict: bool = True
    fails: str = ""
    safe: bool = False
    literals: tuple[int, ...] = ()
    exact: bool = True
    """False where graph and DuckDB may differ by a few ulp."""


@dataclass(frozen=True, slots=True)
class Option:
    """A further argument of an analyzer: a constant with a default (`default=None`: must be given).

    `low` and `high` bound numbers; `choices` are the strings allowed.
    """

    name: str
    type: SqlType
    default: int | str | tuple[int, ...] | None = None
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalyzerSignature:
    """An analytic ML function `ML.X(argument, options…) OVER ()`: accepted argument types → result type."""

    name: str
    usage: str
    doc: str
    types: dict[SqlType, SqlType]
    options: tuple[Option, ...] = ()


def each(types: Iterable[SqlType], arity: int, result: SqlType | None = None) -> tuple[Overload, ...]:
    """An overload a type, which takes `arity` arguments of it."""
    return tuple(Overload((type_,) * arity, result or type_) for type_ in types)


def many(types: Iterable[SqlType]) -> tuple[Overload, ...]:
    """An overload a type, which takes one or more arguments of it."""
    return tuple(Overload((), type_, repeated=(type_,)) for type_ in types)


FLOAT1 = each((FLOAT64,), 1)
FLOAT2 = each((FLOAT64,), 2)
INT2 = each((INT64,), 2)
STRING1 = each((STRING,), 1)
OVERFLOW = "the result does not fit the type"
DIVISOR = "the divisor is 0, or the result overflows"
