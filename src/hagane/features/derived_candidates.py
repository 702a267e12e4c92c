"""Features that nobody asked for and that are worth a try: what trees find hard to make of single columns.

A tree splits one column at a time, so that a slanted border, a ratio or a distance costs it a staircase of splits.

================= ============================================================================================
turned            latitude and longitude of one place (told by their names): their sum and difference, the axes turned
                  by 45°
distances         two such places: degrees between them, those of longitude as long as those of latitude
ratios            pairs of columns that are always above 0 and have many values: one divided by the other
================= ============================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from hagane.errors import ExpressionError
from hagane.sql.bind import bind
from hagane.sql.expression import columns_of
from hagane.types import Column, Schema, SqlType

if TYPE_CHECKING:
    from hagane.statistics.statistics import ColumnStatistics, Statistics

LATITUDE = re.compile(r"(?:^|(?<=[_.\s]))(lat|latitude)(?=$|[_.\s])", re.IGNORECASE)
LONGITUDES = {"lat": ("lon", "lng", "long"), "latitude": ("longitude",)}
MOST_RATIO_COLUMNS = 8
"""Those with the most values: 28 ratios."""
LEAST_DISTINCT = 20
RADIANS = 0.017453292519943295


class Place(NamedTuple):
    """Two columns."""

    latitude: str
    longitude: str


def derived_candidates(
    schema: Schema, statistics: Statistics, unused: Collection[str]
) -> dict[str, dict[str, str]]:  # fmt: skip
    """Kind of candidate → feature name → SQL expression; kinds without any are left out.

    `unused` are columns that are no features: the label, what is excluded.
    """
    columns = [column for column in schema if column.name not in unused]
    places = tuple(_places(columns, statistics))
    found = {
        "turned coordinates": dict(_turned(places)) | dict(_distances(places)),
        "ratios": dict(_ratios(columns, statistics, {name for place in places for name in place})),
    }
    return {kind: _without_clashes(expressions, schema) for kind, expressions in found.items() if expressions}


def _places(columns: Sequence[Column], statistics: Statistics) -> Iterator[Place]:
    numbers = {
        column.name.lower(): column.name for column in columns if column.type in (SqlType.FLOAT64, SqlType.INT64)
    }
    for lowered, name in numbers.items():
        for word in LATITUDE.findall(lowered):
            others = (LATITUDE.sub(longitude, lowered, count=1) for longitude in LONGITUDES[word.lower()])
            other = next((numbers[each] for each in others if each in numbers), None)
            if other and _within(statistics[name], 90) and _within(statistics[other], 180):
                yield Place(name, other)


def _within(column: ColumnStatistics, most: float) -> bool:
    low, high = column.min, column.max
    known = isinstance(low, int | float) and isinstance(high, int | float)
    return known and -most <= float(low) < float(high) <= most  # type: ignore[arg-type]


def _turned(places: Sequence[Place]) -> Iterator[tuple[str, str]]:
    for latitude, longitude in places:
        yield f"{latitude}_plus_{longitude}", f"{quoted(latitude)} + {quoted(longitude)}"
        yield f"{latitude}_minus_{longitude}", f"{quoted(latitude)} - {quoted(longitude)}"


def _distances(places: Sequence[Place]) -> Iterator[tuple[str, str]]:
    for first, second in combinations(places, 2):
        north = f"{quoted(first.latitude)} - {quoted(second.latitude)}"
        east = f"({quoted(first.longitude)} - {quoted(second.longitude)}) * COS({quoted(first.latitude)} * {RADIANS})"
        yield f"{first.latitude}_to_{second.latitude}", f"SQRT(POW({north}, 2) + POW({east}, 2))"


def _ratios(columns: Sequence[Column], statistics: Statistics, places: set[str]) -> Iterator[tuple[str, str]]:
    """A tree cannot tell a / b from b / a: one of both is enough."""
    fit = [column.name for column in columns if column.name not in places and _is_amount(column, statistics)]
    fit.sort(key=lambda name: -(statistics[name].num_distinct or 0))
    chosen = set(fit[:MOST_RATIO_COLUMNS])
    for first, second in combinations((column.name for column in columns if column.name in chosen), 2):
        yield f"{first}_per_{second}", f"{quoted(first)} / {quoted(second)}"


def _is_amount(column: Column, statistics: Statistics) -> bool:
    if column.type not in (SqlType.INT64, SqlType.FLOAT64):
        return False
    known = statistics[column.name]
    is_positive = isinstance(known.min, int | float) and known.min > 0
    return is_positive and not known.num_infinite and (known.num_distinct or 0) >= LEAST_DISTINCT


def _without_clashes(expressions: Mapping[str, str], schema: Schema) -> dict[str, str]:
    """Feature names that no column has."""
    taken = {name.lower() for name in schema.names}
    found: dict[str, str] = {}
    for name, sql in expressions.items():
        if not _can_be_written(sql, schema):
            continue
        free = re.sub(r"\W", "_", name)
        while free.lower() in taken:
            free += "_"
        taken.add(free.lower())
        found[free] = sql
    return found


def quoted(name: str) -> str:
    """A column's name in BigQuery's dialect, in backquotes where it is no plain word.

    >>> quoted("age"), quoted("emp.var.rate")
    ('age', '`emp.var.rate`')
    """
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and not _is_reserved(name) else f"`{name}`"


def _is_reserved(name: str) -> bool:
    schema = Schema((Column(name, SqlType.INT64),))
    try:
        return columns_of(bind(name, schema)) != (name,)
    except ExpressionError:
        return True


def _can_be_written(sql: str, schema: Schema) -> bool:
    """A name may hold a backquote itself."""
    try:
        bind(sql, schema)
    except ExpressionError:
        return False
    return True
