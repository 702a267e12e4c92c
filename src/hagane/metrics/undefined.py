"""A metric that has no value, and why: never NaN, never a silent zero."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
"""[n] scores, labels or predictions: float32 or float64."""
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Undefined:
    """In place of a number: the metric does not exist on these rows.

    >>> Undefined("no rows").reason
    'no rows'
    """

    reason: str


Value = float | Undefined
"""What every metric answers."""

NO_ROWS = Undefined("there are no rows")


def ratio(numerator: float, denominator: float, reason: str) -> Value:
    """`numerator / denominator`, or `Undefined(reason)` where the denominator is zero.

    >>> ratio(1, 4, "nothing"), ratio(1, 0, "no positive label")
    (0.25, Undefined(reason='no positive label'))
    """
    return float(numerator) / float(denominator) if denominator else Undefined(reason)


def finite(value: float) -> Value:
    """`value`, or Undefined where it left the range of float64.

    >>> finite(2.0), finite(float("inf")).reason
    (2.0, 'it overflows float64')
    """
    return float(value) if math.isfinite(value) else Undefined("it overflows float64")
