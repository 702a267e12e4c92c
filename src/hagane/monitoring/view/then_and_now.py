"""`ThenAndNow`: how one column lay in the baseline and how it lies in a window, over the same buckets."""

from __future__ import annotations

import itertools
import math
from typing import Literal

import msgspec

from hagane.monitoring.distribution import Categories
from hagane.monitoring.distribution_of import distribution_of
from hagane.monitoring.watched import Subject
from hagane.statistics.statistics import ColumnStatistics
from hagane.types import SqlType

NUM_BUCKETS, NUM_VALUES, LONGEST = 20, 8, 60
_NUMBERS = (SqlType.INT64, SqlType.FLOAT64)
_ENDS = (0.01, 0.99)


class Side(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The baseline's rows, or the window's."""

    num_rows: int
    """Those with a value and those without."""
    missing: float
    """Which share of them has none."""
    shares: tuple[float, ...]
    """[buckets or values] of the rows that have a value."""
    below: float = 0.0
    """The share below the first bucket; `above`: above the last. Of categories: 0."""
    above: float = 0.0
    mean: float | None = None
    stddev: float | None = None


class ThenAndNow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One column, twice; for people to look at, and not what measures compare (`paired_distributions`)."""

    of: Subject
    name: str
    kind: Literal["numbers", "categories"]
    edges: tuple[float, ...] = ()
    """[buckets + 1] of numbers: the first 1 % and the last 1 % of each side may lie outside."""
    values: tuple[str, ...] = ()
    """[values] of categories, the most frequent of both sides; the others are what is missing to 1."""
    then: Side | None = None
    """None: the baseline does not know the column."""
    now: Side


def then_and_now(of: Subject, base: ColumnStatistics | None, study: ColumnStatistics) -> ThenAndNow | None:
    """Both sides of a column; None of times, arrays, and where nothing was kept of the values.

    Numbers lie in up to 20 buckets of equal width from the 1 % quantile to the 99 % quantile of both sides (whole
    numbers of a short range in one each), categories are the eight that are most frequent on either side.

    >>> from hagane.statistics.statistics import TopValue
    >>> sides = [ColumnStatistics(name="job", type=SqlType.STRING, count=4, num_nulls=0, top_values=values)
    ...          for values in ((TopValue("nurse", 4),), (TopValue("pilot", 3), TopValue("nurse", 1)))]
    >>> found = then_and_now("input", *sides)
    >>> found.values, found.then.shares, found.now.shares
    (('nurse', 'pilot'), (1.0, 0.0), (0.25, 0.75))
    """
    if base is not None and (base.type in _NUMBERS) != (study.type in _NUMBERS):
        base = None
    return (_numbers if study.type in _NUMBERS else _categories)(of, base, study)


def _categories(of: Subject, base: ColumnStatistics | None, study: ColumnStatistics) -> ThenAndNow | None:
    now = distribution_of(study)
    then = distribution_of(base) if base is not None else None
    if not isinstance(now, Categories):
        return None
    sides = [_shares(now), _shares(then) if isinstance(then, Categories) else {}]
    ordered = sorted({*sides[0], *sides[1]}, key=lambda value: (-max(side.get(value, 0.0) for side in sides), value))
    values = ordered[:NUM_VALUES]
    return ThenAndNow(
        of=of,
        name=study.name,
        kind="categories",
        values=tuple(value if len(value) <= LONGEST else value[: LONGEST - 1] + "…" for value in values),
        then=_side(base, [sides[1].get(value, 0.0) for value in values]) if base is not None else None,
        now=_side(study, [sides[0].get(value, 0.0) for value in values]),
    )


def _shares(counted: Categories) -> dict[str, float]:
    total = counted.total or 1.0
    return {value: count / total for value, count in counted.counts.items()}


def _numbers(of: Subject, base: ColumnStatistics | None, study: ColumnStatistics) -> ThenAndNow | None:
    if study.quantile_sketch is None:
        return None
    known = base is not None and base.quantile_sketch is not None
    edges = _edges([study, base] if known and base is not None else [study])
    return ThenAndNow(
        of=of,
        name=study.name,
        kind="numbers",
        edges=tuple(edges),
        then=_counted(base, edges) if known and base is not None else None,
        now=_counted(study, edges),
    )


def _edges(sides: list[ColumnStatistics]) -> list[float]:
    """Of equal width; of whole numbers of a whole width, so that each bucket holds as many of them."""
    ends = [side.quantile_sketch.quantiles(_ENDS) for side in sides if side.quantile_sketch is not None]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    if all(side.type is SqlType.INT64 for side in sides) and max(-low, high) < 2**50:
        step = max(1, math.ceil((high - low + 1) / NUM_BUCKETS))
        number = max(1, math.ceil((high - low + 1) / step))
        return [low - 0.5 + step * index for index in range(number + 1)]
    width = (high - low) / NUM_BUCKETS
    if not 0 < width < math.inf or low + width == low or high - width == high:
        half = max(abs(low), abs(high)) * 1e-6 or 0.5
        return [low - half, high + half]
    digits = max(0, 2 - math.floor(math.log10(width)))
    return [round(low + width * index, digits) for index in range(NUM_BUCKETS + 1)]


def _counted(column: ColumnStatistics, edges: list[float]) -> Side:
    """Each bucket holds what lies above its lower edge and up to the upper one; the first its lower edge, too."""
    assert column.quantile_sketch is not None
    ranks = list(column.quantile_sketch.ranks([math.nextafter(edges[0], -math.inf), *edges[1:]]))
    shares = [after - before for before, after in itertools.pairwise(ranks)]
    return _side(column, shares, below=ranks[0], above=1.0 - ranks[-1])


def _side(column: ColumnStatistics, shares: list[float], *, below: float = 0.0, above: float = 0.0) -> Side:
    num_rows = column.count + column.num_nulls
    return Side(
        num_rows=num_rows,
        missing=round(column.num_nulls / num_rows, 4) if num_rows else 0.0,
        shares=tuple(round(share, 4) for share in shares),
        below=round(below, 4),
        above=round(above, 4),
        mean=column.mean,
        stddev=column.stddev,
    )
