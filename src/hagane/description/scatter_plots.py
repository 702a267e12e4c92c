"""`draw_scatter_plots`: the pairs of numbers worth looking at, and those whose equal statistics hide unequal shapes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.statistics.correlations import Correlations
from hagane.statistics.dependencies import Dependency
from hagane.statistics.draw_sample import SampledColumn, TableSample
from hagane.statistics.pair_shape import PairShape, measure_shape

Floats = npt.NDArray[np.float64]
MAX_PLOTS, MAX_POINTS, MAX_COLUMNS, MAX_ROWS = 12, 500, 40, 10_000
MIN_PLAIN = 4
"""Of the plots, strong correlations and relations with the label that nothing is wrong with."""
NUM_CELLS = 32
STRONG = 0.5
_SAME_MOMENT, _SAME_CORRELATION = 0.02, 0.01


class ScatterPlot(msgspec.Struct, frozen=True, kw_only=True):
    """Two columns drawn: as points, or as counts of many rows in a grid."""

    shape: PairShape
    x_low: float
    x_high: float
    y_low: float
    y_high: float
    num_outside: int = 0
    """Rows beyond these ranges: the outermost thousandths, where the plot is a grid."""
    points: tuple[tuple[float, float], ...] = ()
    """Up to 500 rows; empty where there are more."""
    counts: tuple[tuple[int, ...], ...] = ()
    """Rows by cell, from the lowest y upwards, each from the lowest x; 32 × 32."""


class Lookalikes(msgspec.Struct, frozen=True, kw_only=True):
    """Pairs of columns of equal statistics and different shapes."""

    pairs: tuple[tuple[str, str], ...]
    text: str


class ScatterPlots(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, and what is worth showing."""

    plots: tuple[ScatterPlot, ...] = ()
    """Flagged shapes first, then strong correlations, then numbers against the label."""
    lookalikes: tuple[Lookalikes, ...] = ()
    num_pairs: int = 0
    """How many were looked at."""
    num_rows: int = 0
    """Rows that shapes were measured on."""
    notes: tuple[str, ...] = ()


def draw_scatter_plots(
    sample: TableSample, correlations: Correlations, dependencies: Sequence[Dependency], label: str | None
) -> ScatterPlots:
    """Of the pairs of up to 40 numbers, on up to 10,000 evenly chosen rows of the sample."""
    columns, notes = _columns(sample, correlations, dependencies, label)
    rows = _evenly(sample.num_rows, MAX_ROWS)
    values = {column.name: column.values[rows] for column in columns}
    shapes = [shape for shape in _shapes(columns, values, label) if shape is not None]
    tied = {frozenset(each.columns) for each in dependencies if len(each.columns) == 2}
    lookalikes = _lookalikes(shapes, values)
    shown = sorted(
        (each for each in shapes if frozenset((each.x, each.y)) not in tied),
        key=lambda each: _order(each, label, lookalikes),
    )
    worth = [each for each in shown if _is_worth_it(each, label, lookalikes)]
    flagged, plain = ([each for each in worth if bool(each.flags) is flag] for flag in (True, False))
    num_plain = min(len(plain), max(MAX_PLOTS - len(flagged), MIN_PLAIN))
    chosen = [each for each in worth if each in flagged[: MAX_PLOTS - num_plain] or each in plain[:num_plain]]
    return ScatterPlots(
        plots=tuple(_plot(each, values[each.x], values[each.y]) for each in chosen),
        lookalikes=tuple(lookalikes),
        num_pairs=len(shapes),
        num_rows=len(rows),
        notes=notes,
    )


def _evenly(num_rows: int, most: int) -> npt.NDArray[np.int64]:
    if num_rows <= most:
        return np.arange(num_rows)
    return np.linspace(0, num_rows - 1, most).astype(np.int64)


def _columns(
    sample: TableSample, correlations: Correlations, dependencies: Sequence[Dependency], label: str | None
) -> tuple[list[SampledColumn], tuple[str, ...]]:
    """Numbers of more than two values; no copies of others; of many, those in the strongest pairs and the label."""
    copies = {each.redundant for each in dependencies if each.kind == "duplicate"} - {label}
    numbers = [column for column in sample.of_role("number") if column.name not in copies and _has_three(column.values)]
    if len(numbers) <= MAX_COLUMNS:
        return numbers, ()
    ranked = dict.fromkeys(name for pair in correlations.pairs for name in (pair.a, pair.b))
    first = dict.fromkeys([*([label] if label else []), *ranked, *(column.name for column in numbers)])
    known = {column.name for column in numbers}
    kept = set([name for name in first if name in known][:MAX_COLUMNS])
    note = f"shapes were looked at among the {MAX_COLUMNS} of {len(numbers):,} numbers that are most correlated"
    return [column for column in numbers if column.name in kept], (note,)


def _has_three(values: Floats) -> bool:
    present = values[~np.isnan(values)]
    return len(present) > 0 and bool(
        ((present != present.min()) & (present != present.max())).any() or len(present) < 50
    )


def _shapes(
    columns: Sequence[SampledColumn], values: dict[str, Floats], label: str | None
) -> Iterator[PairShape | None]:
    """The label is always y."""
    for first, second in itertools.combinations([column.name for column in columns], 2):
        x, y = (second, first) if first == label else (first, second)
        yield measure_shape((x, y), values[x], values[y])


def _order(shape: PairShape, label: str | None, lookalikes: Sequence[Lookalikes]) -> tuple[float, ...]:
    alike = any((shape.x, shape.y) in each.pairs for each in lookalikes)
    surprise = max(
        abs(shape.pearson - (shape.pearson_without or 0.0)) if shape.influential else 0.0,
        shape.curvature,
        0.3 if "pattern" in shape.flags else 0.0,
    )
    return (not alike, not shape.flags, -surprise if shape.flags else shape.y != label, -abs(shape.pearson))


def _is_worth_it(shape: PairShape, label: str | None, lookalikes: Sequence[Lookalikes]) -> bool:
    alike = any((shape.x, shape.y) in each.pairs for each in lookalikes)
    return bool(shape.flags) or alike or abs(shape.pearson) >= STRONG or shape.y == label


def _lookalikes(shapes: Sequence[PairShape], values: dict[str, Floats]) -> list[Lookalikes]:
    """Pairs whose means, deviations and r are the same to a fiftieth of a deviation, flagged differently."""
    moments = {name: (float(np.nanmean(each)), float(np.nanstd(each))) for name, each in values.items()}
    open_, found = [each for each in shapes if abs(each.pearson) > _SAME_CORRELATION or each.flags], []
    while open_:
        first, *others = open_
        same = [first, *(each for each in others if _are_alike(first, each, moments))]
        open_ = [each for each in others if each not in same]
        if len(same) > 1 and len({each.flags for each in same}) > 1:
            found.append(_told(same))
    return found


def _are_alike(a: PairShape, b: PairShape, moments: dict[str, tuple[float, float]]) -> bool:
    """Neither x with y's, nor a pair with one that it shares both columns with."""
    if abs(a.pearson - b.pearson) > _SAME_CORRELATION:
        return False
    for first, second in ((a.x, b.x), (a.y, b.y)):
        (mean, deviation), (other_mean, other_deviation) = moments[first], moments[second]
        if (
            abs(mean - other_mean) > _SAME_MOMENT * deviation
            or abs(deviation - other_deviation) > _SAME_MOMENT * deviation
        ):
            return False
    return True


def _told(same: Sequence[PairShape]) -> Lookalikes:
    names = [f"{each.x} – {each.y}" for each in same]
    shapes = "; ".join(f"{name}: {each.text or 'a plain cloud'}" for name, each in zip(names, same, strict=True))
    return Lookalikes(
        pairs=tuple((each.x, each.y) for each in same),
        text=(
            f"equal statistics, different shapes: {', '.join(names)} have the same means and deviations, "
            f"and r = {same[0].pearson:.2f}; but {shapes}"
        ),
    )


def _plot(shape: PairShape, x: Floats, y: Floats) -> ScatterPlot:
    both = ~np.isnan(x) & ~np.isnan(y)
    x, y = x[both], y[both]
    if len(x) <= MAX_POINTS:
        ranges = [float(each) for each in (x.min(), x.max(), y.min(), y.max())]
        points = tuple((float(a), float(b)) for a, b in zip(x, y, strict=True))
        return ScatterPlot(
            shape=shape, x_low=ranges[0], x_high=ranges[1], y_low=ranges[2], y_high=ranges[3], points=points
        )
    x_low, x_high = _range(x, [a for a, _ in shape.influential])
    y_low, y_high = _range(y, [b for _, b in shape.influential])
    counts, _, _ = np.histogram2d(y, x, bins=NUM_CELLS, range=[[y_low, y_high], [x_low, x_high]])
    return ScatterPlot(
        shape=shape,
        x_low=x_low,
        x_high=x_high,
        y_low=y_low,
        y_high=y_high,
        num_outside=len(x) - int(counts.sum()),
        counts=tuple(tuple(int(count) for count in row) for row in counts),
    )


def _range(values: Floats, shown: Sequence[float]) -> tuple[float, float]:
    """Without the outermost thousandths, unless rows among them are to be shown; never a point."""
    low, high = (float(each) for each in np.quantile(values, [0.001, 0.999]))
    low, high = min([low, *shown]), max([high, *shown])
    return (low, high) if high > low else (float(values.min()), float(values.max()))
