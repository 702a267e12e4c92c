"""Means and standard deviations of many numbers in one scan."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.data.table import BLOCK

if TYPE_CHECKING:
    import pyarrow as pa

Query = Callable[[str], "pa.Table"]
"""Runs DuckDB SQL in which `data` is the table of training rows, with the column `hagane.data.table.BLOCK`."""

SAMPLE_ROWS = 1_024
DECIMALS = 10
_LEAST_SQUARES = 1e-280
"""Squares that add up to less may have lost digits, or all of them, to underflow; so have those of equal values."""


class Moments(NamedTuple):
    """Of the finite, non-NULL values; None where there is none (`stddev`: where there is one)."""

    mean: float | None
    stddev: float | None


def measure_moments(query: Query, arguments: Sequence[str]) -> list[Moments]:
    """Mean and sample standard deviation of each SQL argument (a number), in one scan and a look at the first rows.

    Sums of x - c and of its square, where c is the median of the first rows, cost half of what a running mean costs
    (shifted data: Chan, Golub, LeVeque, "Algorithms for computing the sample variance", 1983). Where c turns out to lie
    far from the mean, or a value was not finite, that column is measured again with more care.

    A parallel sum's last bits depend on which thread was first. So each block of rows is summed for itself, the blocks'
    sums are added exactly (`math.fsum`), and both figures are rounded to 1e-10 standard deviations (a power of ten) for
    what is left where a block crosses a row group's end or the rows lie in memory: the same rows give the same model.
    """
    centers = _centers(query, arguments)
    found = _shifted(query, arguments, centers)
    for retry in (_shifted_finite, _slow):
        again = [index for index, moments in enumerate(found) if moments is None]
        retried = retry(query, [arguments[index] for index in again], [centers[index] for index in again])
        for index, moments in zip(again, retried, strict=True):
            found[index] = moments
    return [rounded_moments(moments or Moments(None, None)) for moments in found]


def _centers(query: Query, arguments: Sequence[str]) -> list[float]:
    """The median of each argument in the first rows, 0 where it has none there."""
    if not arguments:
        return []
    listed = ", ".join(f"CAST({x} AS DOUBLE) AS a{i}" for i, x in enumerate(arguments))
    sample = query(f"SELECT {listed} FROM data LIMIT {SAMPLE_ROWS}")
    return [_median(np.asarray(column.to_numpy(), np.float64)) for column in sample.columns]


def _median(values: npt.NDArray[np.float64]) -> float:
    """The upper median of the finite values, one of them; 0 where there is none."""
    finite = values[np.isfinite(values)]
    return float(np.partition(finite, len(finite) // 2)[len(finite) // 2]) if len(finite) else 0.0


def _shifted(query: Query, arguments: Sequence[str], centers: Sequence[float]) -> list[Moments | None]:
    """From sums of shifted values; None for an argument whose sums cannot be trusted."""
    if not arguments:
        return []
    pairs = zip(arguments, centers, strict=True)
    inner = ", ".join(f"CAST({x} AS DOUBLE) - {double(c)} AS a{i}" for i, (x, c) in enumerate(pairs))
    outer = ", ".join(f"count(a{i}), sum(a{i}), sum(a{i} * a{i})" for i in range(len(arguments)))
    blocks = query(f"SELECT {outer} FROM (SELECT {inner}, {BLOCK} FROM data) GROUP BY {BLOCK}")
    row = [_exact_sum(column) for column in blocks.columns]
    sums = zip(row[0::3], row[1::3], row[2::3], centers, strict=True)
    return [_from_sums(int(n), s1, s2, center) for n, s1, s2, center in sums]


def _exact_sum(column: pa.ChunkedArray[Any]) -> float:
    """The sum of a column without NULLs, whatever the order; NaN where a value is not finite."""
    values = column.drop_null().to_numpy()
    return math.fsum(values) if np.isfinite(values).all() else math.nan


def _shifted_finite(query: Query, arguments: Sequence[str], centers: Sequence[float]) -> list[Moments | None]:
    return _shifted(query, [_finite(argument) for argument in arguments], centers)


def _from_sums(count: int, first: float, second: float, center: float) -> Moments | None:
    if count == 0:
        return Moments(None, None)
    shift = first / count
    squares = second - first * shift
    if not math.isfinite(squares) or squares < 1e-4 * second or (count > 1 and second < _LEAST_SQUARES):
        return None
    return Moments(center + shift, math.sqrt(squares / (count - 1)) if count > 1 else None)


def _slow(query: Query, arguments: Sequence[str], centers: Sequence[float]) -> list[Moments | None]:
    """Welford's running mean over values brought into [-1, 1], so that nothing overflows."""
    if not arguments:
        return []
    inner = ", ".join(f"{_finite(x)} AS a{i}" for i, x in enumerate(arguments))
    extremes = ", ".join(f"min(a{i}), max(a{i})" for i in range(len(arguments)))
    row = _only_row(query(f"SELECT {extremes} FROM (SELECT {inner} FROM data)"))
    ranges = list(zip(row[0::2], row[1::2], strict=True))
    units = [_unit(max(abs(low or 0), abs(high or 0))) for low, high in ranges]
    outer = ", ".join(f"avg(a{i} / {double(u)}), stddev_samp(a{i} / {double(u)})" for i, u in enumerate(units))
    row = _only_row(query(f"SELECT {outer} FROM (SELECT {inner} FROM data)"))
    return [
        Moments(low, stddev and 0.0) if low == high else _in_units(mean, stddev, unit)
        for (low, high), mean, stddev, unit in zip(ranges, row[0::2], row[1::2], units, strict=True)
    ]


def _unit(peak: float) -> float:
    """A power of two of the size of `peak`."""
    return 2.0 ** min(1023, math.frexp(peak)[1]) if peak else 1.0


def _in_units(mean: float | None, stddev: float | None, unit: float) -> Moments:
    """In units of 1. A deviation may lie beyond the largest FLOAT64: then it is that."""
    scaled = None if stddev is None else min(stddev * unit, sys.float_info.max)
    return Moments(None if mean is None else mean * unit, scaled)


def rounded_moments(moments: Moments) -> Moments:
    """To 1e-10 standard deviations, a power of ten: whatever order the sums were made in gives the same figures.

    >>> rounded_moments(Moments(1.00000000000001, 2.0))
    Moments(mean=1.0, stddev=2.0)
    """
    mean, stddev = moments
    if mean is None or not stddev:
        return moments
    decimals = DECIMALS - math.floor(math.log10(stddev))
    return Moments(round(mean, decimals), round(stddev, decimals))


def _finite(argument: str) -> str:
    return f"CASE WHEN isfinite(CAST({argument} AS DOUBLE)) THEN CAST({argument} AS DOUBLE) END"


def double(value: float) -> str:
    """A DOUBLE literal of DuckDB, exact.

    >>> double(-0.1)
    "CAST('-0.1' AS DOUBLE)"
    """
    return f"CAST('{value!r}' AS DOUBLE)"


def _only_row(table: pa.Table) -> list[float | None]:
    return [column[0].as_py() for column in table.columns]
