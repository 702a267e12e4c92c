"""`describe_label`: how the label is distributed, what tells it, and how its rows should be split."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.counted import counted
from hagane.number_text import share_text
from hagane.page.number_text import number_text
from hagane.statistics.correlation_ratios import correlation_ratios
from hagane.statistics.draw_sample import SampledColumn, TableSample
from hagane.statistics.leaks import MAX_CLASSES, Leak
from hagane.statistics.statistics import ColumnStatistics, Statistics
from hagane.types import SqlType

Floats = npt.NDArray[np.float64]
MAX_FEATURES, MAX_SHOWN_CLASSES, NUM_BINS, MAX_VALUES = 30, 5, 10, 8
IMBALANCED = 0.1
DRIFTS = 0.1
NUM_TENTHS = 10
KEY_WORDS = ("id", "key", "user", "customer", "client", "patient", "session", "device", "station", "household", "group")


class LabelClass(msgspec.Struct, frozen=True):
    """A class and its rows."""

    value: str
    num_rows: int
    share: float
    """Of the rows that have a label."""


class LabelBin(msgspec.Struct, frozen=True, kw_only=True):
    """Sampled rows of one value, or one range of values, of a feature, and their labels."""

    name: str
    num_rows: int
    mean: float | None = None
    """Of a number, or the share of the class `LabelDescription.shown_class`; None with several classes."""
    shares: tuple[float, ...] = ()
    """Of several classes: those of the first five of `LabelDescription.classes`."""


class FeatureRelation(msgspec.Struct, frozen=True, kw_only=True):
    """How well one column alone tells the label."""

    column: str
    score: float
    """On rows that it was not fitted to."""
    measure: str
    """`roc_auc` (0.5 is chance) or `r2` (of the label's rank; 0 is chance)."""
    bins: tuple[LabelBin, ...] = ()


class LabelDescription(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the label before training."""

    column: str
    task: Literal["classification", "regression"]
    num_rows: int
    """With a label."""
    num_missing: int
    classes: tuple[LabelClass, ...] = ()
    """The most frequent first, up to twenty."""
    shown_class: str = ""
    """Of two classes, the one whose share is told: `true`, or the later in order."""
    features: tuple[FeatureRelation, ...] = ()
    """The most telling first, up to thirty."""
    tenths: tuple[float, ...] = ()
    """The label's mean (share of `shown_class`, or of the most frequent class) by tenth of the rows, in their order."""
    drift: float | None = None
    """Correlation ratio of the label by those tenths, 0 to 1."""
    hints: tuple[str, ...] = ()
    """What follows for the split and the metrics, in words."""


def describe_label(sample: TableSample, statistics: Statistics, label: str, scores: Sequence[Leak]) -> LabelDescription:
    """Counts are of every row, relations the sample's; `scores` are those of every column."""
    column, sampled = statistics[label], sample[label]
    is_number = _is_number(column)
    classes = () if is_number else tuple(_classes(column))
    target, shown = _target(sampled, classes, is_number=is_number)
    tenths, drift = _drift(target) if target is not None else ((), None)
    features = tuple(
        FeatureRelation(
            column=each.column,
            score=each.score,
            measure=each.measure,
            bins=tuple(_bins(sample[each.column], sampled, target, shown, classes)),
        )
        for each in scores[:MAX_FEATURES]
    )
    found = LabelDescription(
        column=label,
        task="regression" if is_number else "classification",
        num_rows=column.count,
        num_missing=column.num_nulls,
        classes=classes,
        shown_class=shown if len(classes) == 2 else "",
        features=features,
        tenths=tenths,
        drift=drift,
    )
    return msgspec.structs.replace(found, hints=tuple(_hints(found, statistics, shown)))


def _is_number(column: ColumnStatistics) -> bool:
    if column.type in (SqlType.FLOAT64, SqlType.TIMESTAMP, SqlType.DATE):
        return True
    return column.type is SqlType.INT64 and (column.num_distinct or 0) > MAX_CLASSES


def _classes(column: ColumnStatistics) -> Iterator[LabelClass]:
    for top in column.top_values[:MAX_CLASSES]:
        value = str(top.value).lower() if isinstance(top.value, bool) else str(top.value)
        yield LabelClass(value, top.count, top.count / max(1, column.count))


def _target(sampled: SampledColumn, classes: Sequence[LabelClass], *, is_number: bool) -> tuple[Floats | None, str]:
    """The label as a number, [n], and of classes which one it is the share of; None for texts."""
    if is_number:
        return sampled.values, ""
    if sampled.role == "text" or not classes:
        return None, ""
    names = [each.value for each in classes]
    shown = max(names, key=_in_order) if len(names) == 2 else names[0]
    if sampled.role == "category":
        code: float = sampled.categories.index(shown) if shown in sampled.categories else -1
    else:
        code = {"true": 1.0, "false": 0.0}.get(shown, 0.0) if sampled.type is SqlType.BOOL else float(shown)
    return np.where(np.isnan(sampled.values), np.nan, (sampled.values == code).astype(np.float64)), shown


def _in_order(name: str) -> tuple[float, str]:
    try:
        return float(name), name
    except ValueError:
        return 0.0, name


def _drift(target: Floats) -> tuple[tuple[float, ...], float | None]:
    place = np.arange(len(target)) * NUM_TENTHS // max(1, len(target))
    known = ~np.isnan(target)
    counts = np.bincount(place[known], minlength=NUM_TENTHS)
    if len(target) < 20 * NUM_TENTHS or counts.min() == 0:
        return (), None
    ratio = float(correlation_ratios(place, target[:, None])[0][0])
    means = np.bincount(place[known], target[known], NUM_TENTHS) / counts
    return tuple(float(mean) for mean in means), None if np.isnan(ratio) else ratio


def _bins(
    feature: SampledColumn, label: SampledColumn, target: Floats | None, shown: str, classes: Sequence[LabelClass]
) -> Iterator[LabelBin]:
    if target is None or feature.role == "text":
        return
    known = ~np.isnan(target)
    several = len(classes) > 2
    for name, rows in _parts(feature):
        inside = rows & known
        n = int(inside.sum())
        if n and several and label.role == "category":
            counts = np.bincount(label.codes[inside], minlength=len(label.categories))
            shares = [float(counts[label.categories.index(each.value)]) / n for each in classes[:MAX_SHOWN_CLASSES]]
            yield LabelBin(name=name, num_rows=n, shares=tuple(shares))
        elif n:
            yield LabelBin(name=name, num_rows=n, mean=float(target[inside].mean()))


def _parts(feature: SampledColumn) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Rows of the most frequent values, or of ranges with equally many rows each; NULL is a part of its own."""
    missing = np.isnan(feature.values)
    if feature.role == "category":
        shown = feature.categories[:MAX_VALUES]
        for code, name in enumerate(shown):
            yield name, feature.values == code
        if len(feature.categories) > len(shown):
            yield "(others)", feature.values >= len(shown)
    else:
        yield from _ranges(feature, missing)
    if missing.any():
        yield "NULL", missing


def _ranges(feature: SampledColumn, missing: npt.NDArray[np.bool_]) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    present = feature.values[~missing]
    if not len(present):
        return
    distinct = np.unique(present)
    if len(distinct) <= MAX_VALUES:
        said = {0.0: "false", 1.0: "true"} if feature.type is SqlType.BOOL else {}
        for value in distinct:
            yield said.get(float(value), _number(feature, float(value))), feature.values == value
        return
    edges = np.unique(np.quantile(present, np.arange(NUM_BINS + 1) / NUM_BINS, method="inverted_cdf"))
    if len(edges) < 4:
        yield from _around(feature, distinct, present)
        return
    names = _distinct_names(feature, edges)
    for index, (low, high) in enumerate(itertools.pairwise(edges)):
        above = feature.values >= low if index == 0 else feature.values > low
        yield f"{names[index]} … {names[index + 1]}", above & (feature.values <= high)


def _around(feature: SampledColumn, distinct: Floats, present: Floats) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Rows below, at and above a value that most rows have."""
    middle = float(np.median(present))
    at = _number(feature, middle)
    if distinct[0] < middle:
        yield f"below {at}", feature.values < middle
    yield at, feature.values == middle
    if distinct[-1] > middle:
        yield f"above {at}", feature.values > middle


def _distinct_names(feature: SampledColumn, edges: Floats) -> list[str]:
    """In as few digits, from four, as tell them apart."""
    for digits in range(4, 18):
        names = [_number(feature, float(edge), digits) for edge in edges]
        if len(set(names)) == len(names):
            break
    return names


def _number(feature: SampledColumn, value: float, digits: int = 4) -> str:
    if feature.type in (SqlType.TIMESTAMP, SqlType.DATE):
        seconds = value if feature.type is SqlType.TIMESTAMP else value * 86_400
        return str(np.datetime64(int(seconds), "s"))[:10]
    is_whole = value == round(value) or abs(value) >= 10**digits
    return f"{value:.0f}" if is_whole and abs(value) < 1e15 else f"{value:.{digits}g}"


def _hints(found: LabelDescription, statistics: Statistics, shown: str) -> Iterator[str]:
    if not found.num_rows:
        yield f"{found.column} has no value in any row: there is nothing to learn."
    elif found.num_missing:
        yield f"{counted(found.num_missing, 'row')} without {found.column}: not used in training."
    if len(found.classes) > 1 and found.classes[-1].share < IMBALANCED:
        rare = found.classes[-1]
        yield (
            f"{rare.value} is {share_text(rare.share)} of the rows: accuracy says little; look at precision and "
            "recall, and split so that every part holds enough of them."
        )
    if found.drift is not None and found.drift >= DRIFTS:
        first, last = found.tenths[0], found.tenths[-1]
        told = f"{share_text(first)} {shown} in the first tenth, {share_text(last)} in the last"
        told = told if shown else f"mean {number_text(first)} in the first tenth, {number_text(last)} in the last"
        yield (
            f"{found.column} changes along the rows ({told}): they are sorted by something; if by time, split by time "
            "and not at random."
        )
    times = [column.name for column in statistics if column.type in (SqlType.TIMESTAMP, SqlType.DATE)]
    if times:
        yield f"Rows carry a time ({times[0]}): if new rows come later, split by it."
    for column in statistics:
        if column.name != found.column and _is_key(column):
            yield (
                f"{column.name} has {column.num_distinct or 0:,} values that repeat: if new rows come from new ones, "
                "keep all rows of one on one side of the split."
            )


def _is_key(column: ColumnStatistics) -> bool:
    distinct, words = column.num_distinct or 0, column.name.lower().replace("-", "_").replace(" ", "_").split("_")
    repeats = 20 <= distinct <= column.count / 2
    return repeats and column.type in (SqlType.STRING, SqlType.INT64) and any(word in words for word in KEY_WORDS)
