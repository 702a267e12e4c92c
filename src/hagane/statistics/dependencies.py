"""`find_dependencies`: columns that follow exactly from others, each shown as an equation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

from hagane.data.engine import quote_name
from hagane.data.table import Table
from hagane.statistics.draw_sample import TableSample, number_sql

Floats = npt.NDArray[np.float64]
TOLERANCE = 1e-6
"""Of a column's deviation: an equation that misses no sampled row by more is taken as exact."""
MAX_VERIFIED = 40
"""Equations, or pairs of columns, that are counted out on the whole table; more are told of the sample."""
_PIVOT, _LEAST_PIVOT = 1e-9, 1e-11
_LEAST_WEIGHT = 1e-4
_MAX_SHOWN_TERMS = 8


class Dependency(msgspec.Struct, frozen=True, kw_only=True):
    """An equation between columns."""

    kind: Literal["duplicate", "linear", "one_to_one"]
    """The same values; a sum; or each value of the one goes with one value of the other."""
    columns: tuple[str, ...]
    redundant: str
    """The column that can go: it follows from the others."""
    equation: str
    num_rows: int
    """Rows in which all the columns have a value."""
    num_held: int
    """Rows of those in which the equation holds."""


class Equation(msgspec.Struct, frozen=True):
    """Σ weight · column = constant, over columns of numbers."""

    weights: dict[str, float]
    constant: float
    dependent: str
    """The column that was explained by those before it."""
    deviation: float
    """Of the dependent, in its own units."""


def find_equations(names: Sequence[str], matrix: Floats) -> tuple[Equation, ...]:
    """Exact linear dependencies among complete rows [n, d] of columns that vary: a = b, a = 1.8 b + 32, a = b + c, …

    Each column is explained by the ones before it that are independent of each other, so its weights are unique. First
    by pairs, so that of two equal columns one only takes part in what follows. A dependency is accepted when its
    residual is below a millionth of the column's deviation in every row.

    >>> b, c = np.arange(6.0), np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0])
    >>> [equation_text(each) for each in find_equations(("a", "b", "c"), np.column_stack([b + 2 * c, b, c]))]
    ['a = b + 2 × c']
    """
    if len(matrix) <= len(names):
        return ()
    means, deviations = matrix.mean(axis=0), matrix.std(axis=0)
    scaled = (matrix - means) / deviations
    correlations = scaled.T @ scaled / len(scaled)
    pairs = dict(_pairs(scaled, correlations))
    kept = [index for index in range(len(names)) if index not in pairs]
    found = [(index, [other], np.array([weight])) for index, (other, weight) in pairs.items()]
    found += _sums(scaled, correlations, kept)
    return tuple(_equation(names, means, deviations, each) for each in sorted(found, key=lambda each: each[0]))


def _pairs(scaled: Floats, correlations: Floats) -> Iterator[tuple[int, tuple[int, float]]]:
    """Column → the first one before it that it equals up to scale and shift, and the sign."""
    close = np.argwhere(np.triu(np.abs(correlations) > 1 - _PIVOT, 1))
    done: set[int] = set()
    for first, second in close[np.lexsort((close[:, 0], close[:, 1]))]:
        if int(second) in done or int(first) in done:
            continue
        sign = 1.0 if correlations[first, second] > 0 else -1.0
        if np.abs(scaled[:, second] - sign * scaled[:, first]).max() < TOLERANCE:
            done.add(int(second))
            yield int(second), (int(first), sign)


def _sums(scaled: Floats, correlations: Floats, kept: Sequence[int]) -> Iterator[tuple[int, list[int], Floats]]:
    """Dependent column, the columns that explain it, their weights; by Cholesky's factors, a column at a time."""
    factor = np.zeros((len(kept), len(kept)))
    basis: list[int] = []
    for index in kept:
        size = len(basis)
        row = (
            solve_triangular(factor[:size, :size], correlations[basis, index], lower=True, check_finite=False)
            if size
            else np.zeros(0)
        )
        pivot = correlations[index, index] - row @ row
        if pivot <= _PIVOT and size:
            weights = solve_triangular(factor[:size, :size].T, row, lower=False, check_finite=False)
            used = [basis[place] for place in np.flatnonzero(np.abs(weights) > _LEAST_WEIGHT)]
            fitted = np.asarray(np.linalg.lstsq(scaled[:, used], scaled[:, index], rcond=None)[0], np.float64)
            if np.abs(scaled[:, index] - scaled[:, used] @ fitted).max() < TOLERANCE:
                yield index, used, fitted
                continue
        if pivot > _LEAST_PIVOT:
            factor[size, :size], factor[size, size] = row, math.sqrt(pivot)
            basis.append(index)


def _equation(
    names: Sequence[str], means: Floats, deviations: Floats, found: tuple[int, list[int], Floats]
) -> Equation:
    """In the columns' own units: dependent - Σ weights · others = constant."""
    dependent, used, fitted = found
    weights = [_plain(float(w * deviations[dependent] / deviations[i])) for i, w in zip(used, fitted, strict=True)]
    constant = float(means[dependent] - sum(w * means[i] for i, w in zip(used, weights, strict=True)))
    size = float(deviations[dependent])
    near = float(round(constant)) if abs(constant - round(constant)) < TOLERANCE * size else constant
    terms = {dependent: 1.0} | {i: -w for i, w in zip(used, weights, strict=True)}
    return Equation({names[i]: terms[i] for i in sorted(terms)}, near, names[dependent], size)


def _plain(value: float) -> float:
    """The number of few digits that is meant: within a hundred-thousandth of it.

    >>> _plain(0.99999999), _plain(1.8000000001), _plain(0.33333333)
    (1.0, 1.8, 0.33333333)
    """
    rounded = float(f"{value:.4g}")
    return rounded if abs(value - rounded) <= 1e-7 * abs(value) else value


def equation_text(equation: Equation) -> str:
    """As one writes it: no minus signs where they can be on the other side, a column alone on the left.

    >>> equation_text(Equation({"c": 1.0, "a": 1.0, "b": 1.0}, 1.0, "c", 1.0))
    'a + b + c = 1'
    >>> equation_text(Equation({"f": 1.0, "c": -1.8}, 32.0, "f", 1.0))
    'f = 1.8 × c + 32'
    """
    left, right, constant = _sides(equation)
    shown_left, shown_right = _sum_text(left), _sum_text(right)
    if constant or not right:
        number = f"{abs(constant):.6g}"
        if constant >= 0:
            shown_right = f"{shown_right} + {number}" if right else number
        else:
            shown_right = f"{shown_right} − {number}" if right else f"−{number}"
    return f"{shown_left} = {shown_right}"


def redundant_column(equation: Equation) -> str:
    """The column alone on the left, otherwise the one that was explained by the others."""
    left, right, _ = _sides(equation)
    return next(iter(left)) if len(left) == 1 and right else equation.dependent


def _sides(equation: Equation) -> tuple[dict[str, float], dict[str, float], float]:
    """Left and right with positive weights only, and the constant on the right."""
    left = {name: weight for name, weight in equation.weights.items() if weight > 0}
    right = {name: -weight for name, weight in equation.weights.items() if weight < 0}
    constant = equation.constant
    if right and len(right) == 1 and len(left) > 1:
        left, right, constant = right, left, -constant
    unit = next(iter(left.values())) if len(left) == 1 else 1.0
    left, right = ({name: weight / unit for name, weight in side.items()} for side in (left, right))
    if not right:
        left = dict(sorted(left.items()))
    return left, right, constant / unit


def _sum_text(terms: Mapping[str, float]) -> str:
    shown = [name if weight == 1 else f"{weight:.6g} × {name}" for name, weight in terms.items()]
    if len(shown) > _MAX_SHOWN_TERMS + 1:
        shown = [*shown[: _MAX_SHOWN_TERMS - 1], f"… ({len(shown) - _MAX_SHOWN_TERMS:,} more)", shown[-1]]
    return " + ".join(shown)


def find_dependencies(
    table: Table, equations: Sequence[Equation], pairs: Sequence[tuple[str, str]], sample: TableSample
) -> tuple[Dependency, ...]:
    """The equations counted out on the whole table, and which of the `pairs` of columns are one to one there.

    One scan for the equations, and one for each pair (of few values).
    """
    found = list(_counted(table, equations[:MAX_VERIFIED]))
    found += [_dependency(each, sample.num_rows, sample.num_rows) for each in equations[MAX_VERIFIED:]]
    for a, b in pairs[:MAX_VERIFIED]:
        held = _one_to_one(table, a, b)
        if held:
            found.append(held)
    return tuple(found)


def _counted(table: Table, equations: Sequence[Equation]) -> Iterator[Dependency]:
    if not equations:
        return
    bounds = [100 * TOLERANCE * each.deviation for each in equations]
    counts = ", ".join(
        f"count(m{index}) AS n{index}, count(CASE WHEN m{index} <= {bound!r} THEN 1 END) AS h{index}"
        for index, bound in enumerate(bounds)
    )
    misses = ", ".join(f"abs({_miss_sql(table, each)}) AS m{index}" for index, each in enumerate(equations))
    row = table.query(f"SELECT {counts} FROM (SELECT {misses} FROM data)").to_pylist()[0]
    for index, each in enumerate(equations):
        yield _dependency(each, row[f"n{index}"], row[f"h{index}"])


def _miss_sql(table: Table, equation: Equation) -> str:
    terms = [f"({weight!r} * {number_sql(table.schema[name])})" for name, weight in equation.weights.items()]
    return f"{' + '.join(terms)} - ({equation.constant!r})"


def _dependency(equation: Equation, num_rows: int, num_held: int) -> Dependency:
    is_same = len(equation.weights) == 2 and equation.constant == 0 and sorted(equation.weights.values()) == [-1, 1]
    return Dependency(
        kind="duplicate" if is_same else "linear",
        columns=tuple(equation.weights),
        redundant=redundant_column(equation),
        equation=equation_text(equation),
        num_rows=num_rows,
        num_held=num_held,
    )


def _one_to_one(table: Table, a: str, b: str) -> Dependency | None:
    """Whether each value of `a` has one value of `b` and the other way round, in the rows that have both."""
    first, second = quote_name(a), quote_name(b)
    row = table.query(
        "SELECT sum(n)::BIGINT AS num_rows, count(*) AS pairs, count(DISTINCT x) AS xs, count(DISTINCT y) AS ys FROM "
        f"(SELECT {first} AS x, {second} AS y, count(*) AS n FROM data "
        f"WHERE {first} IS NOT NULL AND {second} IS NOT NULL GROUP BY ALL)"
    ).to_pylist()[0]
    if not row["pairs"] or not row["pairs"] == row["xs"] == row["ys"]:
        return None
    return Dependency(
        kind="one_to_one",
        columns=(a, b),
        redundant=b,
        equation=f"{a} ↔ {b}",
        num_rows=row["num_rows"],
        num_held=row["num_rows"],
    )
