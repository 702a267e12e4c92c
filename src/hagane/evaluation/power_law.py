"""`fit_power_law`: how an error falls with the number of training rows, and how far that can be trusted.

An error of n rows is taken to be floor + factor · n^-exponent (Cortes et al. 1993, "Learning curves: asymptotic values
and rate of convergence"; Hestness et al. 2017, "Deep learning scaling is predictable, empirically"). Not every curve is
one (Viering and Loog 2021, "The shape of learning curves"), and few points settle three numbers badly: what a curve
comes to at ten times the rows is mostly a matter of its floor. So the best fit is not all that is told. Every law that
fits the trainings not significantly worse than the best one counts, and the interval is the range of what these laws
say (profile likelihood: Bates and Watts 1988, "Nonlinear regression analysis and its applications", §6.1).

For a given exponent a law is linear in its floor and its factor, so that the laws that count are an ellipse in the
quadrant where neither is below 0, and the range of a prediction over them is exact: only exponents are on a grid.

Shapes: m trainings, e exponents.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.errors import DataError, Fault
from hagane.evaluation.bootstrap import LEVEL, round_off

Doubles = npt.NDArray[np.float64]
FEWEST_SIZES, FEWEST_TRAININGS = 3, 4
EXPONENTS = (0.01, 2.0)
"""Those of measured curves lie between 0.07 and 0.35 for networks, and at 0.5 to 1 for models of few parameters."""
GRID, NUM_ZOOMS = 200, 3
SPREADS = (0.0, 0.25, 0.5)
"""Powers of the rows by which trainings of fewer rows may differ more from one another: the likeliest is taken."""
SMALLEST = 1e-300
LEAST_SPREAD = 1e-4
"""Share of the lowest error by which trainings are taken to differ at least."""


class Expected(msgspec.Struct, frozen=True):
    """What the best law says, and bounds between which the truth lies in 95 of 100 such curves."""

    value: float
    low: float
    high: float


class PowerLaw(msgspec.Struct, frozen=True, kw_only=True):
    """The law that fits best, and all that is needed to know which others fit as well."""

    floor: float
    factor: float
    exponent: float
    unit: float
    """Rows: the error is floor + factor · (n / unit)^-exponent."""
    rows: tuple[float, ...]
    errors: tuple[float, ...]
    spread: float
    """Of `SPREADS`."""

    def error(self, rows: float) -> float:
        """After training on so many rows, by the best law."""
        return float(self.floor + self.factor * (rows / self.unit) ** -self.exponent)

    def expected(self, rows: float) -> Expected:
        """The error after training on so many rows."""
        return _profile(self, (rows,), (1.0,))

    def gain(self, rows: float, more: float) -> Expected:
        """By how much the error falls from `rows` to `more` rows."""
        return _profile(self, (rows, more), (1.0, -1.0))


def fit_power_law(rows: Sequence[float], errors: Sequence[float]) -> PowerLaw:
    """The law of trainings on `rows` [m] that had these `errors` [m]; several may be of one size.

    Raises DataError for fewer than three different sizes or four trainings, and for errors below 0 or no numbers.

    >>> sizes = [100, 200, 400, 800, 1600, 3200]
    >>> law = fit_power_law(sizes, [0.1 + 2 * size ** -0.5 for size in sizes])
    >>> abs(law.expected(32_000).value - (0.1 + 2 * 32_000 ** -0.5)) < 0.001
    True
    """
    n, y = np.asarray(rows, np.float64), np.asarray(errors, np.float64)
    _check(n, y)
    unit = float(n.max())
    found = [(spread, *_best(n / unit, y, spread)) for spread in SPREADS]
    spread, _, exponent, floor, factor = min(found, key=lambda each: each[1])
    return PowerLaw(floor=floor, factor=factor, exponent=exponent, unit=unit, spread=spread,
                    rows=tuple(n.tolist()), errors=tuple(y.tolist()))  # fmt: skip


class _Laws(msgspec.Struct, frozen=True):
    """Of each exponent [e] the squared error over floor and factor: least at `center`, from there a quadratic form."""

    exponents: Doubles
    center: Doubles
    """[e, 2] floor and factor that fit best, below 0 or not."""
    form: Doubles
    """[e, 2, 2] how fast the squared error grows from there."""
    squares: Doubles
    """[e] the squared error there."""

    def edge(self, axis: int, limit: float) -> tuple[Doubles, Doubles]:
        """[e] The least squared error where floor (0) or factor (1) is 0; [2, e, 2] the ends of what is below `limit`.

        NaN where nothing is. The other of both is not below 0.
        """
        other = 1 - axis
        slope = self.form[:, other, other]
        best = self.center[:, other] + self.form[:, 0, 1] * self.center[:, axis] / slope
        rest = self.form[:, axis, axis] - self.form[:, 0, 1] ** 2 / slope
        least = self.squares + rest * self.center[:, axis] ** 2
        with np.errstate(invalid="ignore"):
            reach = np.sqrt((limit - least) / slope)
        ends = np.zeros((2, len(best), 2))
        ends[:, :, other] = np.maximum(0.0, np.stack([best - reach, best + reach]))
        ends[:, np.isnan(reach) | (best + reach < 0)] = np.nan
        return least + slope * np.minimum(0.0, best) ** 2, ends

    def least(self) -> Doubles:
        """[e] the least squared error of the laws whose floor and factor are not below 0."""
        edges = np.minimum(self.edge(0, np.inf)[0], self.edge(1, np.inf)[0])
        return np.where(np.all(self.center >= 0, axis=1), self.squares, edges)


def _laws(n: Doubles, y: Doubles, spread: float, exponents: Doubles) -> _Laws:
    weights = n ** (2.0 * spread)
    x = np.stack([np.ones((len(exponents), len(n))), n[None, :] ** -exponents[:, None]], axis=1)  # [e, 2, m]
    form = np.einsum("eim,ejm,m->eij", x, x, weights)
    center = np.linalg.solve(form, np.einsum("eim,m->ei", x, weights * y)[:, :, None])[:, :, 0]
    rest = y[None, :] - np.einsum("ei,eim->em", center, x)
    least = len(n) * (LEAST_SPREAD * float(y.mean())) ** 2 + SMALLEST
    return _Laws(exponents, center, form, rest**2 @ weights + least)


def _best(n: Doubles, y: Doubles, spread: float) -> tuple[float, float, float, float]:
    """-2 log likelihood, exponent, floor and factor of the law that fits best, on finer and finer grids."""
    ends = EXPONENTS
    for _ in range(NUM_ZOOMS):
        laws = _laws(n, y, spread, np.geomspace(*ends, GRID))
        squares = laws.least()
        e = int(np.argmin(squares))
        ends = _around(laws.exponents, e, e)
    floor, factor = _best_of(laws, e)
    deviance = len(n) * math.log(squares[e] / len(n)) - 2.0 * spread * float(np.sum(np.log(n)))
    return deviance, float(laws.exponents[e]), floor, factor


def _best_of(laws: _Laws, e: int) -> tuple[float, float]:
    """Floor and factor for one exponent."""
    if np.all(laws.center[e] >= 0):
        return float(laws.center[e, 0]), float(laws.center[e, 1])
    axis = int(np.argmin([laws.edge(axis, np.inf)[0][e] for axis in (0, 1)]))
    other = 1 - axis
    best = laws.center[e, other] + laws.form[e, 0, 1] * laws.center[e, axis] / laws.form[e, other, other]
    return (0.0, max(0.0, float(best))) if axis == 0 else (max(0.0, float(best)), 0.0)


def _around(values: Doubles, first: int, last: int) -> tuple[float, float]:
    return float(values[max(0, first - 1)]), float(values[min(len(values) - 1, last + 1)])


def _profile(law: PowerLaw, rows: Sequence[float], signs: Sequence[float]) -> Expected:
    """Of Σ sign · error(rows), the range of what the laws say that fit not significantly worse than the best one."""
    from scipy.stats import t

    n, y = np.asarray(law.rows) / law.unit, np.asarray(law.errors)
    freedom = len(n) - 3
    best = sum(sign * law.error(each) for each, sign in zip(rows, signs, strict=True))
    low, high, ends = best, best, EXPONENTS
    for _ in range(NUM_ZOOMS):
        laws = _laws(n, y, law.spread, np.unique([*np.geomspace(*ends, GRID), law.exponent]))
        squares = laws.least()
        limit = float(squares.min()) * (1.0 + float(t.ppf((1.0 + LEVEL) / 2.0, freedom)) ** 2 / freedom)
        powers = (np.asarray(rows) / law.unit)[:, None] ** -laws.exponents[None, :]
        sums = np.asarray(signs) @ powers
        said = _said(laws, limit, np.stack([np.full(len(sums), sum(signs)), sums], axis=1))
        low, high = min(low, float(np.nanmin(said))), max(high, float(np.nanmax(said)))
        counts = np.flatnonzero(squares <= limit)
        ends = _around(laws.exponents, int(counts[0]), int(counts[-1]))
    return Expected(round_off(best), round_off(low), round_off(high))


def _said(laws: _Laws, limit: float, weights: Doubles) -> Doubles:
    """[6, e] what the outermost laws within the limit say, weights [e, 2] · (floor, factor); NaN where none is."""
    toward = np.linalg.solve(laws.form, weights[:, :, None])[:, :, 0]
    length = np.einsum("ei,ei->e", weights, toward)
    with np.errstate(invalid="ignore", divide="ignore"):
        reach = np.sqrt((limit - laws.squares) / length)[:, None] * toward
    inside = np.stack([laws.center - reach, laws.center + reach])
    inside[np.any(inside < 0, axis=2)] = np.nan
    ends = np.concatenate([inside, laws.edge(0, limit)[1], laws.edge(1, limit)[1]])  # [6, e, 2]
    return np.asarray(np.einsum("kei,ei->ke", ends, weights))


def _check(n: Doubles, y: Doubles) -> None:
    sizes = len(np.unique(n))
    if sizes < FEWEST_SIZES or len(n) < FEWEST_TRAININGS:
        expected = f"at least {FEWEST_TRAININGS} trainings of at least {FEWEST_SIZES} sizes"
        received = f"{len(n)} of {sizes}"
        raise DataError(Fault(what="a learning curve needs more trainings", expected=expected, received=received))
    if not (np.all(np.isfinite(y)) and np.all(y >= 0) and np.all(n > 0)):
        raise DataError(Fault(what="a learning curve is of errors", expected="numbers of 0 or more"))
