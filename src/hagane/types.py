"""The types of Hagane's language: what a column holds, and what a table's rows look like.

Six scalar types and arrays of three of them, named as in BigQuery. How each travels through tensors is decided in
`hagane.runtime.layout`.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterator
from typing import Literal

import msgspec

LabelTask = Literal["classification", "regression"]
"""What is done with a label: a class, or a number, is predicted."""
LabelFreeTask = Literal["clustering", "dimensionality_reduction", "preprocessing", "inference"]
"""What is done without one; `inference`: whatever a model does that was imported."""
TaskName = LabelTask | LabelFreeTask


class SqlType(enum.StrEnum):
    """A type of the feature language (BigQuery's names).

    >>> SqlType("INT64").is_numeric
    True
    >>> SqlType("ARRAY<STRING>").element.value, SqlType.STRING.array.value, SqlType.STRING.is_array
    ('STRING', 'ARRAY<STRING>', False)
    """

    BOOL = "BOOL"
    INT64 = "INT64"
    FLOAT64 = "FLOAT64"
    STRING = "STRING"
    TIMESTAMP = "TIMESTAMP"  # microseconds since 1970-01-01 UTC
    DATE = "DATE"  # days since 1970-01-01
    ARRAY_INT64 = "ARRAY<INT64>"
    ARRAY_FLOAT64 = "ARRAY<FLOAT64>"
    ARRAY_STRING = "ARRAY<STRING>"

    @property
    def is_numeric(self) -> bool:
        """Whether arithmetic is defined on it."""
        return self in (SqlType.INT64, SqlType.FLOAT64)

    @property
    def is_array(self) -> bool:
        """Whether its values are arrays."""
        return self.value.startswith("ARRAY<")

    @property
    def element(self) -> SqlType:
        """The type of an array's elements. Raises ValueError for a type that is no array."""
        return SqlType(self.value.removeprefix("ARRAY<").removesuffix(">")) if self.is_array else _no_array(self)

    @property
    def array(self) -> SqlType:
        """The type of arrays of it. Raises ValueError where there is none."""
        return SqlType(f"ARRAY<{self.value}>")


def _no_array(type_: SqlType) -> SqlType:
    raise ValueError(f"{type_.value} is no array")


SCALAR_TYPES = tuple(type_ for type_ in SqlType if not type_.is_array)
"""The types that are no arrays."""


class Column(msgspec.Struct, frozen=True):
    """A name and its type."""

    name: str
    type: SqlType


class Schema(msgspec.Struct, frozen=True, dict=True):
    """The columns of a table, in order.

    >>> schema = Schema((Column("age", SqlType.INT64), Column("job", SqlType.STRING)))
    >>> schema.names
    ('age', 'job')
    >>> schema["job"].type.value
    'STRING'
    """

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every column's name, in order."""
        return tuple(column.name for column in self.columns)

    @functools.cached_property
    def by_lower(self) -> dict[str, tuple[Column, ...]]:
        """The columns of each name in small letters."""
        found: dict[str, tuple[Column, ...]] = {}
        for column in self.columns:
            name = column.name.lower()
            found[name] = (*found.get(name, ()), column)
        return found

    @functools.cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in reversed(self.columns)}  # of one name, the first

    def __getitem__(self, name: str) -> Column:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def select(self, names: tuple[str, ...]) -> Schema:
        """The named columns, in the order of `names`. Raises KeyError for a name that is not there."""
        return Schema(tuple(self[name] for name in names))
