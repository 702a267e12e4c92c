"""Automatic preprocessing: BigQuery ML's published rules, spelled out as SQL that anyone can read and edit."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from hagane.types import Schema

if TYPE_CHECKING:
    from hagane.statistics.statistics import Statistics


class LeftOut(NamedTuple):
    """A column that automatic preprocessing did not use, and why."""

    column: str
    reason: str


class AutomaticTransform(NamedTuple):
    """Feature name → SQL expression, and the columns left out."""

    expressions: dict[str, str]
    left_out: tuple[LeftOut, ...]


def automatic_transform(schema: Schema, statistics: Statistics, label: str, *, scales: bool, accepts_missing: bool,
                        exclude: Collection[str] = ()) -> AutomaticTransform:
    """The transform of a table with this schema and these statistics."""
    raise NotImplementedError
