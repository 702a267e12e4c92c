"""What an analyzer is: what it asks the database, what it keeps, and the scalar tree that it becomes.

An analyzer never touches rows. It names aggregates, DuckDB computes them over the training rows, `parameters` turns the
answers into a small frozen Struct, and `lower` writes the fitted function as a scalar expression over its argument,
which the compiler then turns into nodes like any other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple, Protocol

import msgspec

from hagane.sql.expression import Call, Expression, Literal
from hagane.types import SqlType

Value = bool | int | float | str
SORTED = "$sorted"


class ValueCounts(NamedTuple):
    """Ask for the distinct non-NULL values, most frequent first, ties in ascending order."""

    min_count: int = 1
    """Values seen less often are left out."""
    limit: int = 32_000
    """At most so many values."""


class Aggregates(NamedTuple):
    """What an analyzer needs to know about its argument.

    `scalars` are DuckDB aggregates by name, in which `{x}` stands for the argument: where that is FLOAT64 a DOUBLE with
    NaN and infinities read as NULL, else of the argument's own type.
    """

    scalars: Mapping[str, str] = {}
    counts: ValueCounts | None = None
    tokens: ValueCounts | None = None
    """Of an array: the distinct elements that are not NULL, and in how many arrays each of them is."""
    moments: bool = False
    """Whether the mean and the sample standard deviation are wanted too (`mean`, `stddev` of `Measured.scalars`)."""
    quantiles: Mapping[str, tuple[float, ...]] = {}
    """Quantiles by nearest rank at these fractions, which `Measured.scalars` has as lists by the same names."""
    sorted: bool = False
    """Whether all numbers are wanted, in order (`SORTED` of `Measured.scalars`): not for an analyzer, but for whoever
    answers many of them. They are held in memory."""


class Measured(NamedTuple):
    """The database's answers: `scalars` by the same names (None over no rows), (value, count) of `counts` or tokens."""

    scalars: Mapping[str, object] = {}
    counts: tuple[tuple[Value, int], ...] = ()


class IdFeature(NamedTuple):
    """An analyzer (or bucketizer) at the top of an expression, as an id feature (slots as in `Feature`)."""

    expression: Expression
    """INT64, never NULL, in [0, cardinality)."""
    cardinality: int
    vocabulary: tuple[str, ...] = ()
    dropped_slot: int = -1


class SparseFeature(NamedTuple):
    """An analyzer at the top of an expression, as a sparse feature (slots as in `Feature`)."""

    expression: Expression
    """ARRAY<INT64>, never NULL, compiled with weights: the slots of each row."""
    cardinality: int
    vocabulary: tuple[str, ...] = ()


class Analyzer(Protocol):
    """One analytic `ML.` function. Stateless: options come with every call."""

    name: str
    Parameters: type[msgspec.Struct]

    def aggregates(self, options: tuple[object, ...], type: SqlType) -> Aggregates:
        """What to measure for an argument of `type`."""

    def parameters(self, options: tuple[object, ...], type: SqlType, measured: Measured) -> msgspec.Struct:
        """What is kept; defined for an all-NULL and for an empty column too."""

    def lower(self, parameters: msgspec.Struct, argument: Expression) -> Expression:
        """The fitted function of `argument` as a scalar tree."""

    def as_feature(self, parameters: msgspec.Struct, argument: Expression) -> IdFeature | SparseFeature | None:
        """The id or sparse feature that this analyzer is at the top of an expression; None for a dense number."""


def as_float(expression: Expression) -> Expression:
    """`expression` as FLOAT64."""
    if expression.type is SqlType.FLOAT64:
        return expression
    return Call("CAST", (expression,), SqlType.FLOAT64, (False,))


def literal(value: float) -> Literal:
    """A FLOAT64 constant."""
    return Literal(float(value), SqlType.FLOAT64)


_SAFE_CENTER = 2.0**969
"""No finite number minus one up to this overflows."""


def scaled(argument: Expression, center: float, low: float, high: float) -> Expression:
    """(argument - center) / (high - low); 0 where that is 0 (a column without spread), NULL where the argument is.

    A scale of 0 becomes a division by infinity, so that every scaler has one shape and all of them fuse into one group.
    Where a difference of finite numbers may overflow, all of it is computed in halves.
    """
    argument = as_float(argument)
    if max(abs(center), abs(low), abs(high)) > _SAFE_CENTER:
        argument = Call("*", (argument, literal(0.5)), SqlType.FLOAT64)
        center, low, high = center / 2, low / 2, high / 2
    return Call("$SCALE", (argument, literal(center), literal(high - low or math.inf)), SqlType.FLOAT64)


def number(measured: Measured, name: str, default: float) -> float:
    """A measured scalar as float; `default` over no rows.

    >>> number(Measured({"mean": None}), "mean", 0.0)
    0.0
    """
    value = measured.scalars[name]
    return default if value is None else float(value)  # type: ignore[arg-type]
