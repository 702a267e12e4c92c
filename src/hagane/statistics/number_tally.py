"""`NumberTally`: exact figures of a column of numbers, dates or moments, batch by batch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.statistics.least_hashes import LeastHashes, Numbers
from hagane.statistics.present_values import present_values
from hagane.statistics.summed_column import LARGEST_SQUARED
from hagane.types import SqlType

_LOW = 0xFFFFFFFF


class NumberTally:
    """Counts, extremes, moments and distinct values of FLOAT64, INT64, TIMESTAMP (µs) or DATE (days).

    Moments of batches are combined by Chan, Golub and LeVeque (Updating Formulae and a Pairwise Algorithm for Computing
    Sample Variances, 1979), in the order in which they come.

    >>> tally = NumberTally(SqlType.FLOAT64)
    >>> for batch in ([1.0, None], [3.0, float("nan")]):
    ...     tally.add(pa.array(batch, pa.float64()))
    >>> found = tally.found()
    >>> found["present"], found["nans"], found["mean"], found["max"]
    (3, 1, 2.0, 3.0)
    """

    def __init__(self, type_: SqlType) -> None:
        self._type = type_
        self._present = self._nans = self._infinite = self._zeros = self._finite = 0
        self._min: int | float | None = None
        self._max: int | float | None = None
        self._sum: int | float = 0
        """Of integers, exactly."""
        self._num_squared, self._mean, self._squares = 0, 0.0, 0.0
        self.hashes = LeastHashes()

    def add(self, array: pa.Array[Any]) -> None:
        """A batch's values [n], of the type's Arrow type; NULL and NaN may be there."""
        values = plain_numbers(self._type, array)
        self._present += len(values)
        if self._type is SqlType.FLOAT64:
            values = self._without_nan(values)
        if len(values):
            # DuckDB hashes a date by its 32 bits.
            hashed = values.astype(np.int64, copy=False) & _LOW if self._type is SqlType.DATE else values
            self.hashes.add_numbers(hashed)
        finite = values if not self._infinite else values[np.isfinite(values)]
        if len(finite):
            self._add_finite(finite)

    def _without_nan(self, values: Numbers) -> Numbers:
        """What is no NaN, and how many of it are infinite: a batch without either is looked at once."""
        with np.errstate(invalid="ignore", over="ignore"):
            if math.isfinite(values.sum()):
                return values
        present = values[~np.isnan(values)]
        self._nans += len(values) - len(present)
        self._infinite += int(np.isinf(present).sum())
        return present

    def _add_finite(self, values: Numbers) -> None:
        least, most = values.min().item(), values.max().item()
        self._min = least if self._min is None else min(self._min, least)
        self._max = most if self._max is None else max(self._max, most)
        self._finite += len(values)
        if self._type is SqlType.INT64:
            self._sum += _exact_sum(values, least, most)
        if self._type in (SqlType.INT64, SqlType.FLOAT64):
            self._zeros += int(np.count_nonzero(values == 0))
            self._add_moments(values.astype(np.float64, copy=False), max(abs(least), abs(most)))

    def _add_moments(self, values: npt.NDArray[np.float64], largest: float) -> None:
        if largest >= LARGEST_SQUARED:  # a mean of half the values twice stays in range
            mean, squares = float((values / len(values)).sum()), 0.0
        else:
            mean = float(values.mean())
            apart = values - mean
            squares = float(np.einsum("i,i", apart, apart))  # BLAS would spin threads of its own
        before, self._num_squared = self._num_squared, self._num_squared + len(values)
        delta, share = mean - self._mean, len(values) / self._num_squared
        if max(abs(mean), abs(self._mean)) < LARGEST_SQUARED:
            self._squares += squares + delta * delta * before * share
        self._mean = self._mean * (1 - share) + mean * share if before else mean

    def found(self) -> dict[str, Any]:
        """By the names that `summed_column` reads."""
        extremes = {"min": self._min, "max": self._max}
        if self._type not in (SqlType.INT64, SqlType.FLOAT64):
            return {"count": self._present, **extremes}
        n = self._finite
        stddev = math.sqrt(self._squares / (n - 1)) if n > 1 else None
        shared = {"zeros": self._zeros, "stddev": stddev, **extremes}
        if self._type is SqlType.INT64:
            return {"count": self._present, "mean": self._sum / n if n else None, **shared}
        counts = {"present": self._present, "nans": self._nans, "infinite": self._infinite}
        return counts | {"mean": self._mean if n else None} | shared


def plain_numbers(type_: SqlType, array: pa.Array[Any]) -> Numbers:
    """The values that are there, as float64 or int64 (microseconds, days).

    >>> plain_numbers(SqlType.DATE, pa.array([1, None], pa.date32()))
    array([1])
    """
    if type_ is SqlType.DATE:
        array = array.view(pa.int32()).cast(pa.int64())
    elif type_ is SqlType.TIMESTAMP:
        array = array.view(pa.int64())
    values: Numbers = present_values(array)
    return values


def _exact_sum(values: Numbers, least: int, most: int) -> int:
    """Of integers, beyond 64 bits too."""
    if max(-least, most) * len(values) < 2**63:
        return int(values.sum())
    whole = values.astype(np.int64, copy=False)
    return int((whole >> 32).sum()) * 2**32 + int((whole & _LOW).sum())
