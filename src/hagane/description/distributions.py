"""`measure_distributions`: how each column's values are spread, ready to be drawn."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.data.engine import quote_name
from hagane.data.table import Table
from hagane.progress import SILENT, Progress
from hagane.statistics.draw_sample import SampledColumn, TableSample
from hagane.statistics.statistics import ColumnStatistics, Statistics
from hagane.types import SqlType

Floats = npt.NDArray[np.float64]
NUM_BINS, MAX_BARS, FEW_VALUES = 30, 10, 20
SKEWED = 2.0
PERIODS = {
    "hour": 1 / 24, "day": 1, "week": 7, "month": 30.44, "quarter": 91.3, "year": 365.25, "decade": 3652.5,
    "century": 36525,
}  # fmt: skip
MAX_PERIODS = 120
_TEMPORAL = (SqlType.TIMESTAMP, SqlType.DATE)


class Bin(msgspec.Struct, frozen=True):
    """Values from `low` up to `high` (the last bin's included)."""

    low: float
    high: float
    num_rows: int


class Bar(msgspec.Struct, frozen=True):
    """One value, or one period by its first day, and its rows."""

    value: str
    num_rows: int


class Distribution(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of one column; which parts are filled, `kind` tells."""

    column: str
    kind: Literal["histogram", "bars", "periods", "lengths", "none"]
    """Of numbers, of few or named values, of moments in time, of texts' (or arrays') lengths."""
    bins: tuple[Bin, ...] = ()
    """Of the sample's finite values, without the outermost hundredths where they lie far out; 30 (or twice the
    root of the rows) of equal width, or of equal ratio where `is_log`."""
    num_below: int = 0
    """Sampled rows below the first bin."""
    num_above: int = 0
    skewness: float | None = None
    """Third standardised moment of the sample; 0 is symmetric."""
    is_log: bool = False
    """Positive numbers, skewed beyond 2, whose logarithms are not: look at them, and feed them, by LN(x)."""
    bars: tuple[Bar, ...] = ()
    """The most frequent values first, numbers in their order, periods in time; of every row."""
    num_other: int = 0
    """Rows of values that have no bar."""
    unit: str = ""
    """Of a period: hour, day, week, month, quarter, year, decade or century."""


def measure_distributions(
    table: Table, sample: TableSample, statistics: Statistics, *, progress: Progress = SILENT
) -> tuple[Distribution, ...]:
    """Of every column. Moments in time are counted over every row, in one scan; the rest is the sample's."""
    with progress.phase("distributions", total=len(statistics.columns), unit="columns") as phase:
        periods = _periods(table, statistics)
        found = tuple(periods.get(column.name) or _of(column, sample[column.name]) for column in statistics)
        phase.advance(len(found))
    return found


def _of(column: ColumnStatistics, sampled: SampledColumn) -> Distribution:
    if column.count == 0 or column.type in _TEMPORAL:
        return Distribution(column=column.name, kind="none")
    if sampled.role == "category" or column.type is SqlType.BOOL:
        return _bars(column)
    values = sampled.values[~np.isnan(sampled.values)]
    if sampled.role == "text":
        return _histogram(column.name, values, "lengths")
    if (
        column.type is SqlType.INT64
        and 0 < len(column.top_values) <= FEW_VALUES
        and (len(column.top_values) == column.num_distinct)
    ):
        return _bars(column)
    return _histogram(column.name, values, "histogram")


def _bars(column: ColumnStatistics) -> Distribution:
    if column.type is SqlType.INT64:
        tops = sorted(column.top_values, key=lambda top: float(top.value))
    else:
        tops = list(column.top_values[:MAX_BARS])
    bars = tuple(Bar(_text(top.value), top.count) for top in tops)
    rest = max(0, column.count - sum(bar.num_rows for bar in bars))
    return Distribution(column=column.name, kind="bars", bars=bars, num_other=rest)


def _text(value: bool | int | float | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _histogram(name: str, values: Floats, kind: Literal["histogram", "lengths"]) -> Distribution:
    if not len(values):
        return Distribution(column=name, kind="none")
    skewness = _skewness(values)
    is_log = _wants_logarithm(values, skewness)
    shown = np.log(values[values > 0]) if is_log else values
    low, high = _range(shown)
    if high <= low:
        return Distribution(column=name, kind=kind, bins=(Bin(low, high, len(values)),))
    is_counted = kind == "lengths" or bool((values == np.round(values)).all())
    whole = is_counted and not is_log
    room = max(5, min(NUM_BINS, int(2 * np.sqrt(len(values)))))
    num_bins = int(min(room, high - low + 1)) if whole else room
    step = np.ceil((high - low + 1) / num_bins) if whole else 0
    num_bins = int(np.ceil((high - low + 1) / step)) if whole else num_bins
    edges = low - 0.5 + step * np.arange(num_bins + 1) if whole else np.linspace(low, high, num_bins + 1)
    counts, _ = np.histogram(shown, edges)
    ends = np.exp(edges) if is_log else edges
    bins = tuple(Bin(float(a), float(b), int(n)) for a, b, n in zip(ends, ends[1:], counts, strict=False))
    return Distribution(
        column=name,
        kind=kind,
        bins=bins,
        num_below=int((shown < edges[0]).sum()) + (len(values) - len(shown)),
        num_above=int((shown > edges[-1]).sum()),
        skewness=skewness,
        is_log=is_log,
    )


def _range(values: Floats) -> tuple[float, float]:
    """The extremes, or the 1 % and 99 % quantiles where an extreme is further out than they are apart."""
    low, first, last, high = (float(each) for each in np.quantile(values, [0, 0.01, 0.99, 1], method="nearest"))
    reach = (last - first) / 2
    if reach <= 0:
        return low, high
    return (low if first - low <= reach else first), (high if high - last <= reach else last)


def _skewness(values: Floats) -> float | None:
    deviation = float(values.std())
    if len(values) < 3 or deviation <= 1e-12 * max(1e-300, float(np.abs(values).max())):
        return None
    return float((((values - values.mean()) / deviation) ** 3).mean())


def _wants_logarithm(values: Floats, skewness: float | None) -> bool:
    if skewness is None or skewness <= SKEWED or values.min() < 0:
        return False
    positive = values[values > 0]
    if len(positive) < 0.95 * len(values):
        return False
    left = _skewness(np.log(positive))
    return left is not None and abs(left) < skewness / 2


def _periods(table: Table, statistics: Statistics) -> dict[str, Distribution]:
    """Every temporal column's rows by period, in one scan."""
    units = {column.name: _unit(column) for column in statistics if column.type in _TEMPORAL and column.count}
    chosen = {name: unit for name, unit in units.items() if unit}
    if not chosen:
        return {}
    listed = ", ".join(
        f"histogram(epoch_us(date_trunc('{unit}', CAST({quote_name(name)} AS TIMESTAMP)))) AS c{index}"
        for index, (name, unit) in enumerate(chosen.items())
    )
    row = table.query(f"SELECT {listed} FROM data").to_pylist()[0]
    return {
        name: Distribution(column=name, kind="periods", unit=unit, bars=tuple(_period_bars(row[f"c{index}"], unit)))
        for index, (name, unit) in enumerate(chosen.items())
    }


def _period_bars(counted: object, unit: str) -> Iterator[Bar]:
    for microseconds, count in sorted(dict(counted).items()):  # type: ignore[call-overload]
        start = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(microseconds=microseconds)
        yield Bar(start.strftime("%Y-%m-%d %H:00") if unit == "hour" else start.date().isoformat(), count)


def _unit(column: ColumnStatistics) -> str:
    """The shortest period of which the column spans at most 120; none where its extremes are beyond the calendar's."""
    try:
        low, high = (datetime.datetime.fromisoformat(str(each)) for each in (column.min, column.max))
    except ValueError:
        return ""
    days = (high - low).total_seconds() / 86_400
    units = [unit for unit in PERIODS if column.type is SqlType.TIMESTAMP or unit != "hour"]
    return next((unit for unit in units if days / PERIODS[unit] <= MAX_PERIODS), "century")
