"""`measure_shape`: what a scatter plot of two columns shows and their correlation hides."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.special import fdtrc, stdtrit

from hagane.statistics.correlation_ratios import correlation_ratios
from hagane.statistics.grid_association import grid_association
from hagane.statistics.influence import Influence, find_influence
from hagane.statistics.rank import rank

Floats = npt.NDArray[np.float64]
ShapeFlag = Literal["high_leverage", "outlier", "curved", "pattern"]
MIN_ROWS = 8
CHANGE = 0.1
"""Of r, or of a share of variance: what is worth telling."""
PATTERN = 0.2
_SIGNIFICANT, _CERTAIN = 1e-4, 1e-6
_NUM_BINS, _ROWS_A_BIN = 16, 20


class PairShape(msgspec.Struct, frozen=True, kw_only=True):
    """How one number goes with another, beyond the correlation."""

    x: str
    y: str
    num_rows: int
    pearson: float
    spearman: float
    slope: float
    """Of the least-squares line y = slope · x + intercept."""
    intercept: float
    pearson_without: float | None
    """Without the rows that sway it most (one, or a thousandth of them); None: without them a column is constant."""
    max_leverage: float
    """The largest share that one row has in its own fitted value; 1 is a line that must go through it."""
    curvature: float
    """Share of y's variance that a curve explains and the line does not, 0 to 1."""
    flags: tuple[ShapeFlag, ...] = ()
    """`high_leverage`: few rows make the correlation. `outlier`: few rows mask it. `curved`: a curve fits better than
    the line. `pattern`: they depend on each other in a way that no correlation tells."""
    influential: tuple[tuple[float, float], ...] = ()
    """The rows that sway the correlation, where they are flagged: their x and y; the first five."""
    text: str = ""
    """What was flagged, in words."""


def measure_shape(names: tuple[str, str], x: Floats, y: Floats) -> PairShape | None:
    """Of the values of two columns in the same rows, [n], NaN where there is none.

    None where fewer than 8 rows have both, or a column is constant in them.

    >>> x = np.array([10.0, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5])  # Anscombe, Graphs in Statistical Analysis, 1973: III
    >>> y = np.array([7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73])
    >>> shape = measure_shape(("x", "y"), x, y)
    >>> round(shape.pearson, 3), round(shape.pearson_without, 3), shape.flags, shape.influential
    (0.816, 1.0, ('outlier',), ((13.0, 12.74),))
    """
    both = ~np.isnan(x) & ~np.isnan(y)
    x, y = x[both], y[both]
    if len(x) < MIN_ROWS or min(np.ptp(x) / (np.abs(x).max() or 1), np.ptp(y) / (np.abs(y).max() or 1)) < 1e-12:
        return None
    pearson = float(np.corrcoef(x, y)[0, 1])
    spearman = float(np.corrcoef(rank(x), rank(y))[0, 1])
    influence = find_influence(x, y)
    sway = _sway(pearson, influence, len(x))
    left = np.ones(len(x), bool)
    left[influence.rows] = False
    curvature = max(_curvature(x[left], y[left]), _curvature(y[left], x[left]))
    flags: list[ShapeFlag] = [sway] if sway else []
    if curvature >= CHANGE:
        flags.append("curved")
    elif not sway and _has_pattern(x, y, spearman):
        flags.append("pattern")
    slope = pearson * float(y.std() / x.std())
    points = tuple((float(x[row]), float(y[row])) for row in influence.rows[:5]) if sway else ()
    shape = PairShape(
        x=names[0],
        y=names[1],
        num_rows=len(x),
        pearson=pearson,
        spearman=spearman,
        slope=slope,
        intercept=float(y.mean() - slope * x.mean()),
        pearson_without=influence.pearson_without,
        max_leverage=influence.max_leverage,
        curvature=curvature,
        flags=tuple(flags),
        influential=points,
    )
    return msgspec.structs.replace(shape, text=shape_text(shape, len(influence.rows)))


def _sway(pearson: float, influence: Influence, n: int) -> ShapeFlag | None:
    """Whether few rows make the correlation, or mask it, and more so than in a normal cloud.

    There the largest change by one row is about (1 - r²) 2 ln(n) / n: the influence function of r is of the order of
    the squared deviations (Devlin, Gnanadesikan and Kettenring, Robust estimation and outlier detection with
    correlation coefficients, 1975), and the largest of n of those of 2 ln(n).
    """
    without = influence.pearson_without
    if without is None:
        return "high_leverage"
    change = abs(without - pearson)
    if abs(without) > abs(pearson):
        is_off = abs(influence.residual) > stdtrit(n - 3, 1 - _SIGNIFICANT / n)
        return "outlier" if change >= CHANGE and is_off else None
    usual = (1 - pearson**2) * 2 * np.log(n) / n
    return "high_leverage" if change >= 2 * max(CHANGE, usual) else None


def _curvature(x: Floats, y: Floats) -> float:
    """Share of y's variance that a parabola, or bins of x, explain beyond the line; 0 where it may be chance."""
    n = len(x)
    if n < MIN_ROWS - 1 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    scaled, target = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    straight = float((scaled @ target / n) ** 2)
    square = scaled**2 - (scaled**2).mean() - (scaled**3).mean() * scaled
    size = float(square @ square)
    bent = 0.0
    if size > 1e-9 * n:
        bent = float((square @ target) ** 2 / size / n)
        left = max(1e-15, 1 - straight - bent)
        bent = bent if fdtrc(1, n - 3, bent / left * (n - 3)) < _SIGNIFICANT else 0.0
    if n >= _NUM_BINS * _ROWS_A_BIN:
        edges = np.unique(np.quantile(x, np.arange(1, _NUM_BINS) / _NUM_BINS))
        ratio = correlation_ratios(np.searchsorted(edges, x, side="left"), target[:, None])[0][0]
        bent = max(bent, 0.0 if np.isnan(ratio) else float(ratio**2 - straight))
    return min(1.0, bent)


def _has_pattern(x: Floats, y: Floats, spearman: float) -> bool:
    found = grid_association(x, y, spearman)
    return found is not None and found.found - found.expected >= PATTERN and found.p_value < _CERTAIN


def shape_text(shape: PairShape, num_influential: int) -> str:
    """What is flagged, in words."""
    few = "one row" if num_influential == 1 else f"{num_influential} rows"
    texts = []
    if "high_leverage" in shape.flags:
        if shape.pearson_without is None:
            texts.append(f"the correlation hangs on {few}: without, a column does not vary")
        else:
            texts.append(f"the correlation hangs on {few}: without, r is {shape.pearson_without:.2f}")
    if "outlier" in shape.flags:
        texts.append(f"{few} off the line: without, r is {shape.pearson_without:.2f}")
    if "curved" in shape.flags:
        texts.append(f"curved: a curve explains {100 * shape.curvature:.0f} % more")
    if "pattern" in shape.flags:
        texts.append("a pattern that no correlation tells")
    return "; ".join(texts)
