"""`measure_missing`: what is missing, together with what, and whether that tells the label."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.statistics.correlation_ratios import correlation_ratios
from hagane.statistics.cramers_v import cramers_v
from hagane.statistics.draw_sample import MAX_CATEGORIES, SampledColumn, TableSample
from hagane.statistics.statistics import ColumnStatistics, Statistics
from hagane.types import SqlType

MAX_PATTERNS, MAX_PAIRS, MAX_COLUMNS = 10, 20, 200
TOGETHER = 0.5
TELLS_LABEL = 0.1
WORDS = frozenset(
    (
        "?",
        "",
        "-",
        "--",
        ".",
        "na",
        "n/a",
        "nan",
        "null",
        "none",
        "nil",
        "missing",
        "unknown",
        "not available",
        "undefined",
    )
)
SENTINELS = frozenset((-1, -9, -99, -999, -9999, -99999, 99, 999, 9999, 99999, 999999))
MIN_SENTINEL_SHARE = 0.005


class MissingPattern(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that lack exactly these columns."""

    columns: tuple[str, ...]
    """Empty: rows that lack nothing."""
    num_rows: int
    """Of the sample."""


class MissingPair(msgspec.Struct, frozen=True, kw_only=True):
    """Two columns that are missing together more, or less, than by chance."""

    a: str
    b: str
    correlation: float
    """Of being missing, -1 to 1."""


class MissingTellsLabel(msgspec.Struct, frozen=True, kw_only=True):
    """A column that is missing more often for some labels than for others."""

    column: str
    strength: float
    """Cramér's V of being missing and the class, or the correlation ratio of a number; 0 to 1."""
    label_if_missing: float | None = None
    """Mean of a number, or share of the class `label_class`, where the column is missing; None with several classes."""
    label_if_present: float | None = None
    label_class: str = ""


class StandIn(msgspec.Struct, frozen=True, kw_only=True):
    """A value that may stand for a missing one."""

    column: str
    value: str
    num_rows: int


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """Missing values of a table; the counts of each column are among its statistics."""

    num_columns: int = 0
    """That lack a value in some row."""
    num_complete_rows: int = 0
    """Rows of the sample that lack nothing."""
    num_sampled_rows: int = 0
    patterns: tuple[MissingPattern, ...] = ()
    """The most frequent combinations of missing columns, up to ten."""
    num_patterns: int = 0
    together: tuple[MissingPair, ...] = ()
    tells_label: tuple[MissingTellsLabel, ...] = ()
    stand_ins: tuple[StandIn, ...] = ()


def measure_missing(sample: TableSample, statistics: Statistics, label: str | None) -> Missing:
    """Patterns and relations are the sample's; of more than 200 columns with missing values, the most missing."""
    stand_ins = tuple(each for column in statistics if column.name != label for each in _stand_ins(column))
    lacking = [column for column in statistics if column.num_nulls]
    kept = sorted(lacking, key=lambda column: -column.num_nulls)[:MAX_COLUMNS]
    names = [column.name for column in statistics if column in kept]
    if not names or not sample.num_rows:
        return Missing(num_complete_rows=sample.num_rows, num_sampled_rows=sample.num_rows, stand_ins=stand_ins)
    missing = np.column_stack([np.isnan(sample[name].values) for name in names])
    rows, counts = np.unique(np.packbits(missing, axis=1), axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    bits = np.unpackbits(rows, axis=1)[:, : len(names)].astype(bool)
    patterns = tuple(
        MissingPattern(columns=tuple(np.array(names, object)[bits[place]]), num_rows=int(counts[place]))
        for place in order[:MAX_PATTERNS]
    )
    return Missing(
        num_columns=len(lacking),
        num_complete_rows=int(counts[~bits.any(axis=1)].sum()),
        num_sampled_rows=sample.num_rows,
        patterns=patterns,
        num_patterns=len(counts),
        together=_together(names, missing),
        tells_label=_tells(sample, names, missing, label) if label else (),
        stand_ins=stand_ins,
    )


def _together(names: list[str], missing: npt.NDArray[np.bool_]) -> tuple[MissingPair, ...]:
    varying = np.flatnonzero(missing.any(axis=0) & ~missing.all(axis=0))
    if len(varying) < 2:
        return ()
    found = np.atleast_2d(np.asarray(np.corrcoef(missing[:, varying], rowvar=False)))
    pairs = [
        MissingPair(a=names[varying[i]], b=names[varying[j]], correlation=float(found[i, j]))
        for i, j in np.argwhere(np.triu(np.abs(found) >= TOGETHER, 1))
    ]
    return tuple(sorted(pairs, key=lambda pair: -abs(pair.correlation))[:MAX_PAIRS])


def _tells(
    sample: TableSample, names: list[str], missing: npt.NDArray[np.bool_], label: str
) -> tuple[MissingTellsLabel, ...]:
    target = sample[label]
    found = [_tell(name, missing[:, index], target) for index, name in enumerate(names) if name != label]
    kept = [each for each in found if each is not None and each.strength >= TELLS_LABEL]
    return tuple(sorted(kept, key=lambda each: -each.strength)[:MAX_PAIRS])


def _tell(name: str, missing: npt.NDArray[np.bool_], target: SampledColumn) -> MissingTellsLabel | None:
    known = ~np.isnan(target.values)
    missing, values = missing[known], target.values[known]
    if target.role == "text" or min(missing.sum(), (~missing).sum()) < 10:
        return None
    if target.role == "category" and len(target.categories) > 2:
        place = missing * MAX_CATEGORIES + values.astype(np.int64)
        strength = cramers_v(np.bincount(place, minlength=2 * MAX_CATEGORIES).reshape(2, -1))
        return None if strength is None else MissingTellsLabel(column=name, strength=strength)
    ratio = float(correlation_ratios(missing.astype(np.int64), values[:, None])[0][0])
    if np.isnan(ratio):
        return None
    return MissingTellsLabel(
        column=name,
        strength=ratio,
        label_if_missing=float(values[missing].mean()),
        label_if_present=float(values[~missing].mean()),
        label_class=target.categories[1]
        if target.role == "category"
        else "true"
        if target.type is SqlType.BOOL
        else "",
    )


def _stand_ins(column: ColumnStatistics) -> list[StandIn]:
    """Words that say "missing", and numbers like 999 at an end of the range, apart from the others and frequent."""
    if column.type is SqlType.STRING:
        return [
            StandIn(column=column.name, value=str(top.value), num_rows=top.count)
            for top in column.top_values
            if str(top.value).strip().lower() in WORDS
        ]
    if column.type is not SqlType.INT64:
        return []
    ends = (column.min, column.max)
    return [
        StandIn(column=column.name, value=str(top.value), num_rows=top.count)
        for top in column.top_values
        if top.value in SENTINELS
        and top.value in ends
        and top.count >= MIN_SENTINEL_SHARE * column.count
        and _is_apart(column, int(top.value))
    ]


def _is_apart(column: ColumnStatistics, value: int) -> bool:
    """Whether no frequent value lies near: -1 among counts, or a 999 that the others are far from."""
    others = [int(top.value) for top in column.top_values if top.value != value and not isinstance(top.value, str)]
    if not others:
        return False
    gap = min(abs(other - value) for other in others)
    return (value < 0 <= min(others)) or gap > max(others) - min(others)
