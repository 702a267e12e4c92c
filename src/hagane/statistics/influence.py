"""`find_influence`: the few rows that make, or mask, the correlation of two columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
ROWS_A_GROUP = 1_000
"""Of a thousand rows one is left out, at least one of all."""


class Influence(NamedTuple):
    """What the correlation is without its most influential rows."""

    rows: npt.NDArray[np.int64]
    """Those rows, the most influential first."""
    pearson_without: float | None
    """None where a column does not vary without them."""
    residual: float
    """Of the most influential row, from the line through the others, in its standard errors (a t statistic with n - 3
    degrees of freedom); 0 where the others make no line."""
    max_leverage: float
    """The largest share that one row has in its own fitted value, 1/n to 1: 1 is a line that must go through it."""


def find_influence(x: Floats, y: Floats) -> Influence:
    """Leave each row out in turn, in closed form; then all of the most influential at once (a thousandth of the rows).

    Sums of squares without row i are S - n/(n - 1) · (deviation of i)², products likewise. Leverage is 1/n + dx²/Sxx
    (Cook and Weisberg, Residuals and Influence in Regression, 1982). x and y are [n], n at least 3, and both vary.

    >>> x = np.array([8.0, 8.0, 8.0, 8.0, 19.0])
    >>> found = find_influence(x, np.array([6.6, 5.8, 7.7, 8.8, 12.5]))
    >>> found.rows, found.pearson_without, round(found.max_leverage, 6)
    (array([4]), None, 1.0)
    """
    n = len(x)
    dx, dy = x - x.mean(), y - y.mean()
    sxx, syy, sxy = float(dx @ dx), float(dy @ dy), float(dx @ dy)
    r = sxy / np.sqrt(sxx * syy)
    times = n / (n - 1)
    without_x, without_y = sxx - times * dx**2, syy - times * dy**2
    varies = (without_x > 1e-10 * sxx) & (without_y > 1e-10 * syy)
    product = np.where(varies, without_x * without_y, 1.0)
    change = np.where(varies, np.abs((sxy - times * dx * dy) / np.sqrt(product) - r), np.inf)
    rows = np.argsort(-change, kind="stable")[: max(1, n // ROWS_A_GROUP)]
    left = np.ones(n, bool)
    left[rows] = False
    residual = _residual(np.delete(x, rows[0]), np.delete(y, rows[0]), float(x[rows[0]]), float(y[rows[0]]))
    return Influence(rows, _pearson(x[left], y[left]), residual, float((1 / n + dx**2 / sxx).max()))


def _residual(x: Floats, y: Floats, at: float, found: float) -> float:
    """How far a row lies off the line through others, in standard errors of a prediction there."""
    dx, dy = x - x.mean(), y - y.mean()
    sxx = float(dx @ dx)
    if len(x) < 3 or sxx <= 1e-24 * float(x @ x):
        return 0.0
    slope = float(dx @ dy) / sxx
    left = dy - slope * dx
    spread = np.sqrt(max(float(left @ left), 1e-24 * float(dy @ dy)) / (len(x) - 2))
    error = spread * np.sqrt(1 + 1 / len(x) + (at - x.mean()) ** 2 / sxx)
    return float((found - y.mean() - slope * (at - x.mean())) / error) if error > 0 else 0.0


def _pearson(x: Floats, y: Floats) -> float | None:
    dx, dy = x - x.mean(), y - y.mean()
    size = float(np.sqrt((dx @ dx) * (dy @ dy)))
    if np.ptp(x) <= 1e-12 * np.abs(x).max() or np.ptp(y) <= 1e-12 * np.abs(y).max():
        return None
    return float(np.clip(dx @ dy / size, -1.0, 1.0))
